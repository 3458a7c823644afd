import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOperation, ApiParam, ApiTags } from '../../json-api/openapi/decorators.js';
import { type Actor, Public, Requires, SignedIn } from '../../auth/authorization/actor.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { RateLimit } from '../../auth/rate-limit/rate-limiter.js';
import { ApiErrors } from '../../json-api/http/routes.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { EmailBody, EmailTokenBody } from './email.dto.js';
import { EmailChangesService } from './email-changes.service.js';
import { EmailRequestsService } from './email-requests.service.js';

/** Change the e-mail of an account. The new one proves itself first, and the former one can take it back. */
@ApiTags('E-mail')
@Controller()
export class EmailController {
  constructor(
    private readonly requests: EmailRequestsService,
    private readonly changes: EmailChangesService,
  ) {}

  @Post('account/email')
  @RequiresFreshSignIn()
  @SignedIn()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'request_email_change',
    summary: 'request_email_change',
    description:
      'Mail a token to a new e-mail of the own account. The response is the same when another account has it: then ' +
      'only that account is mailed',
  })
  @ApiBody({ type: EmailBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 413, 415, 422, 429, 503)
  request(@CurrentActor() actor: Actor, @Body() body: unknown): Promise<void> {
    return this.requests.request(actor, this.requests.emailIn(body));
  }

  @Post('account/email/confirm')
  @Public()
  @RateLimit('email_confirm')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'confirm_email_change',
    summary: 'confirm_email_change',
    description: 'Change the e-mail with the token that was mailed to the new one',
  })
  @ApiBody({ type: EmailTokenBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 403, 404, 409, 413, 415, 422, 429, 503)
  confirm(@Body() body: unknown): Promise<void> {
    return this.changes.confirm(readFlatBody(EmailTokenBody, body).token);
  }

  @Post('account/email/revert')
  @Public()
  @RateLimit('email_revert')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revert_email_change',
    summary: 'revert_email_change',
    description:
      'Put the former e-mail back with the token that was mailed to it, up to seven days after the change. All ' +
      'sessions end, the password is removed and a reset is mailed',
  })
  @ApiBody({ type: EmailTokenBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 403, 404, 409, 413, 415, 422, 429, 503)
  revert(@Body() body: unknown): Promise<void> {
    return this.changes.revert(readFlatBody(EmailTokenBody, body).token);
  }

  @Post('accounts/:id/email')
  @RequiresFreshSignIn()
  @Requires('iam:accounts', 'update')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'accounts_request_email_change',
    summary: 'request_email_change',
    description:
      'Mail a token to a new e-mail of an account that ranks below your own, and all of whose organizations are yours',
  })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiBody({ type: EmailBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, 429, 503)
  requestFor(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.requests.requestFor(actor, id, () => this.requests.emailIn(body));
  }
}
