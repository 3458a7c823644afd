import { Controller, Get, Header, HttpCode, Param, Post, StreamableFile } from '@nestjs/common';
import {
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '../json-api/openapi/decorators.js';
import { type Actor, Requires, SignedIn } from '../auth/authorization/actor.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../auth/authentication/fresh-sign-in.js';
import { ApiErrors } from '../json-api/http/routes.js';
import { PersonalDataExport } from '../personal-data/personal-data.export.js';
import { AccountsService } from './accounts.service.js';

/** What is stored about people: to read all of it, and to remove all of it. */
@ApiTags('Accounts')
@Controller()
export class PersonalDataController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly data: PersonalDataExport,
  ) {}

  @Get('account/export')
  @RequiresFreshSignIn()
  @SignedIn()
  @Header('Content-Type', 'application/json')
  @Header('Content-Disposition', 'attachment; filename="account.json"')
  @ApiOperation({
    operationId: 'account_export',
    summary: 'export',
    description:
      'Everything that is stored about the own account, as one file: a list of rows for each table, without secrets',
  })
  @ApiOkResponse({
    description: 'Successful response',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/AccountExport' } } },
  })
  @ApiErrors(400, 401, 429, 503)
  export(@CurrentActor() { id }: Actor): StreamableFile {
    return new StreamableFile(this.data.stream(id));
  }

  @Post('accounts/:id/erase')
  @Requires('iam:accounts', 'delete')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'accounts_erase',
    summary: 'erase',
    description: 'Delete the account, and leave nothing of it but its id in the audit trail',
  })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503)
  erase(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    return this.accounts.erase(actor, id);
  }
}
