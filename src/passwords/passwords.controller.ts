import { Body, Controller, Get, Header, Headers, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
} from '../json-api/openapi/decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimit } from '../auth/rate-limit/rate-limiter.js';
import { type Actor, Public, SignedIn } from '../auth/authorization/actor.js';
import { RejectsApiKeys } from '../auth/authentication/api-key-access.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import { apiError, type RuleParameters } from '../json-api/document/errors.js';
import { varyBy } from '../json-api/http/http.js';
import { readFlatBody } from '../json-api/write/body.js';
import { ApiErrors, PlainParameters } from '../json-api/http/routes.js';
import { ChangeBody, RequestResetBody, ResetBody } from './passwords.dto.js';
import { PasswordsService } from './passwords.service.js';
import { PasswordPolicy } from './policy/password.policy.js';
import { Messages } from '../language/messages.js';

const REQUIREMENTS = `Password requirements:

- Minimum 8 characters
- At least one uppercase letter
- At least one lowercase letter
- At least one digit
- At least one special character`;

/** A rule of the policy: its name, its numbers, and a text for people. */
type PolicyRule = RuleParameters & { readonly rule: string; readonly text: string };

/**
 * Manage account passwords, including requesting password resets, resetting passwords using tokens, and changing
 * passwords for authenticated users.
 */
@ApiTags('Account Passwords')
@Controller('account/passwords')
export class PasswordsController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly policy: PasswordPolicy,
    private readonly messages: Messages,
  ) {}

  @Post('request_reset')
  @Public()
  @RateLimit('request_reset')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'request_password_reset',
    summary: 'request_password_reset',
    description:
      'Request a password reset for an account.\n\nThis endpoint will send an email with a reset token to the provided email address if an account with that email exists.',
  })
  @ApiBody({ type: RequestResetBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 413, 415, 422, 429, 503)
  requestReset(@Body() body: unknown, @Req() request: FastifyRequest): Promise<void> {
    return this.passwords.requestReset(readFlatBody(RequestResetBody, body).email, clientAddress(request));
  }

  @Post('reset')
  @Public()
  @RateLimit('reset')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'reset_password',
    summary: 'reset_password',
    description: `Reset a password using a reset token.\n\nThis endpoint will change the password for the account associated with the provided reset token if the token is valid and not expired.\n\n${REQUIREMENTS}`,
  })
  @ApiBody({ type: ResetBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 404, 413, 415, 422, 429, 503)
  reset(@Body() body: unknown): Promise<void> {
    const policyErrors = ({ password }: ResetBody) => this.policy.errors(password, null, '/password');
    return this.passwords.reset(readFlatBody(ResetBody, body, policyErrors));
  }

  @Get('token_valid')
  @Public()
  @RateLimit('token_valid')
  @PlainParameters('token')
  @Header('Content-Type', 'application/json')
  @ApiOperation({
    operationId: 'token_valid',
    summary: 'token_valid',
    description:
      'Check if a password reset token is valid.\n\nThis endpoint will verify if the provided token exists and has not expired. It returns a boolean indicating whether the token is valid.',
  })
  @ApiQuery({ name: 'token', required: true, schema: { type: 'string' } })
  @ApiOkResponse({
    description: 'Successful response',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/TokenValid' } } },
  })
  @ApiErrors(400, 429, 503)
  async tokenValid(@Query('token') token: unknown): Promise<{ data: { valid: boolean } }> {
    if (typeof token !== 'string') throw apiError('invalid_parameter', 'token is required', { parameter: 'token' });
    return { data: { valid: await this.passwords.isValid(token) } };
  }

  @Get('policy')
  @Public()
  @PlainParameters()
  @Header('Content-Type', 'application/json')
  @ApiOperation({
    operationId: 'password_policy',
    summary: 'password_policy',
    description:
      'The rules of passwords with their numbers, so that a form can show them. Texts are in the language of `Accept-Language`; `rule` is what `meta.rule` of an error names.',
  })
  @ApiOkResponse({
    description: 'Successful response',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/PasswordPolicy' } } },
  })
  @ApiErrors(400)
  passwordPolicy(
    @Headers('accept-language') acceptLanguage = '',
    @Res({ passthrough: true }) reply: FastifyReply,
  ): { data: { rules: PolicyRule[] } } {
    const locale = this.messages.languageOf(acceptLanguage);
    varyBy(reply.header('content-language', locale), 'Accept-Language');
    const rules = this.policy.rules.map(({ name, rule, parameters = {} }) => ({
      rule: name,
      ...parameters,
      text: this.messages.hint(name, rule, parameters, locale).text,
    }));
    return { data: { rules } };
  }

  @Post('change')
  @RejectsApiKeys()
  @SignedIn()
  @RateLimit('change')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'change_password',
    summary: 'change_password',
    description: `Change the password for the authenticated account.\n\nThis endpoint allows an authenticated user to change their password by providing the current password and a new password.\n\n${REQUIREMENTS}`,
  })
  @ApiBody({ type: ChangeBody })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 413, 415, 422, 429, 503)
  change(@CurrentActor() actor: Actor, @Body() body: unknown, @Req() request: FastifyRequest): Promise<void> {
    const policyErrors = ({ new_password: next }: ChangeBody) => this.policy.errors(next, actor, '/new_password');
    return this.passwords.change(actor, readFlatBody(ChangeBody, body, policyErrors), clientAddress(request));
  }
}
