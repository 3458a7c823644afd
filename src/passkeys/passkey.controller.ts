import { Body, Controller, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '../json-api/openapi/decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import { Public } from '../auth/authorization/actor.js';
import { RateLimit } from '../auth/rate-limit/rate-limiter.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import { brokenRule } from '../json-api/document/rules.js';
import { ApiErrors } from '../json-api/http/routes.js';
import { readFlatBody } from '../json-api/write/body.js';
import { AUTH_CONTENT } from '../sign-in/sign-in.dto.js';
import { BrowserSessions } from '../sign-in/sign-in.service.js';
import { SecondStep } from '../sign-in/second-step.service.js';
import { optionsDocument } from './options-document.js';
import { PasskeyProofs, type ProofPurpose } from './passkey-proofs.service.js';
import { PasskeySignInService } from './passkey-sign-in.service.js';
import { PasskeyOptionsBody, PasskeySignInBody } from './passkeys.dto.js';
import { assertionIn } from './webauthn/responses.js';

/** Sign in by passkey; options for a second factor and to reauthenticate. */
@ApiTags('Authentication')
@Controller('auth/passkey')
export class PasskeyController {
  /** By the use of a passkey: the account that it must belong to; null for any. */
  private readonly owners: Readonly<
    Record<ProofPurpose, (request: FastifyRequest, mfaToken: string | undefined) => Promise<string | null>>
  > = {
    sign_in: () => Promise.resolve(null),
    mfa: async (_request, mfaToken) => {
      if (mfaToken !== undefined) return (await this.secondStep.account(mfaToken)).accountId;
      throw new ApiError([brokenRule('required', { name: 'mfa_token', source: { pointer: '/mfa_token' } })]);
    },
    reauthenticate: async (request) => {
      const actor = (await this.browsers.authenticate(request))?.actor;
      if (actor) return actor.id;
      throw apiError('unauthenticated', 'Sign in first', { header: 'Authorization' }, CHALLENGE);
    },
  };

  constructor(
    private readonly proofs: PasskeyProofs,
    private readonly signIns: PasskeySignInService,
    private readonly secondStep: SecondStep,
    private readonly browsers: BrowserSessions,
  ) {}

  @Post('options')
  @Public()
  @RateLimit('passkey_options')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'passkey_options',
    summary: 'passkey_options',
    description:
      'A challenge for a passkey, with the options for `navigator.credentials.get()`. For `sign_in` they are the same for ' +
      'all; for `reauthenticate` they are those of the signed-in account',
  })
  @ApiBody({ type: PasskeyOptionsBody })
  @ApiResponse({
    status: 200,
    description: 'Successful response',
    content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/PasskeyOptions' } } },
  })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, 429, 503)
  async options(@Body() body: unknown, @Req() request: FastifyRequest) {
    const { purpose, mfa_token: token } = readFlatBody(PasskeyOptionsBody, body);
    const ownerId = await this.owners[purpose](request, token);
    return optionsDocument(await this.proofs.options(purpose, ownerId));
  }

  @Post()
  @Public()
  @RateLimit('passkey')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'passkey_sign_in',
    summary: 'passkey_sign_in',
    description: 'Start a session with a passkey',
  })
  @ApiBody({ type: PasskeySignInBody })
  @ApiResponse({ status: 200, description: 'Signed in', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, 429, 503)
  async signIn(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { transaction, response, cookie = false } = readFlatBody(PasskeySignInBody, body);
    const sent = { transaction, response: assertionIn(response, '/response') };
    const signedIn = await this.signIns.signIn(request, reply, sent);
    return this.browsers.respond(reply, signedIn, cookie);
  }
}
