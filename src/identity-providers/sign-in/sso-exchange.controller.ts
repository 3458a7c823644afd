import { Body, Controller, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '../../json-api/openapi/decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Authentication, CHALLENGE, credentialsOf } from '../../auth/authentication/authentication.js';
import { type Actor, Public } from '../../auth/authorization/actor.js';
import { RateLimit } from '../../auth/rate-limit/rate-limiter.js';
import { MEDIA_TYPE } from '../../json-api/document/document.js';
import { apiError } from '../../json-api/document/errors.js';
import { ApiErrors } from '../../json-api/http/routes.js';
import { readFlatBody } from '../../json-api/write/body.js';
import type { TokenData } from '../../one-time-tokens/token-purposes.js';
import type { SignedIn } from '../../sign-in/session-starts.service.js';
import { AUTH_CONTENT } from '../../sign-in/sign-in.dto.js';
import { authDocument, BrowserSessions } from '../../sign-in/sign-in.service.js';
import { ReauthenticationService } from '../../sign-in/reauthentication.service.js';
import { methodsOf, ProviderSignIns } from './provider-sign-in.service.js';
import { SsoError } from './sso-error.js';
import { ExchangeBody } from './sso.dto.js';

/** Exchanges the code in `return_to` for a session. */
@ApiTags('Authentication')
@Controller('auth/sso')
export class SsoExchangeController {
  constructor(
    private readonly signIns: ProviderSignIns,
    private readonly browsers: BrowserSessions,
    private readonly reauthentication: ReauthenticationService,
  ) {}

  @Post('exchange')
  @Public()
  @RateLimit('sso_exchange')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'sso_exchange',
    summary: 'sso_exchange',
    description:
      'Exchange the code of a sign-in with an identity provider for a session. Codes that prove again who the account is, ' +
      'or link an identity, are exchanged with an access token of that account',
  })
  @ApiBody({ type: ExchangeBody })
  @ApiResponse({ status: 200, description: 'Signed in', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 413, 415, 422, 429, 503)
  async exchange(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { code, code_verifier: verifier, cookie = false } = readFlatBody(ExchangeBody, body);
    const { accountId, data } = await this.signIns.redeem(code, verifier);
    if (data.intent.kind === 'sign_in') {
      const proof = this.signIns.proofOf(accountId, { id: data.providerId, slug: data.slug }, data.identity);
      return this.browsers.respond(reply, await this.browsers.start(request, reply, proof), cookie);
    }
    const { actor, exp } = await this.ownerOf(accountId, request);
    if (data.intent.kind === 'link') {
      await this.link(actor, data);
      return authDocument(actor, exp, this.browsers.self);
    }
    const signedIn = await this.reauthenticate(actor, data);
    return this.browsers.respond(reply, signedIn, credentialsOf(request)?.via === 'cookie');
  }

  private async reauthenticate(actor: Actor, { identity, slug }: TokenData['sso_code']): Promise<SignedIn> {
    if (await this.signIns.provesAlone(actor.id, identity)) {
      return this.reauthentication.by(actor, { amr: methodsOf(identity) });
    }
    await this.signIns.failed(new SsoError('reauthentication_failed', actor.id), slug);
    throw notOwn();
  }

  private async link(actor: Actor, { providerId: id, slug, identity }: TokenData['sso_code']): Promise<void> {
    try {
      await this.signIns.link(actor, { id, slug }, identity);
    } catch (error) {
      if (!(error instanceof SsoError)) throw error;
      await this.signIns.failed(error, slug);
      throw apiError('conflict', 'The identity is of another account');
    }
  }

  /** The account of the request's access token or cookie, if it is this one. @throws ApiError 401 */
  private async ownerOf(accountId: string, request: FastifyRequest): Promise<Authentication> {
    const authentication = await this.browsers.authenticate(request);
    if (authentication?.actor.id !== accountId) throw notOwn();
    return authentication;
  }
}

const notOwn = () =>
  apiError('unauthenticated', 'Send the code with an access token of the account that it is for', undefined, CHALLENGE);
