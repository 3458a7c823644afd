import { Body, Controller, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOperation, ApiResponse, ApiTags } from '../json-api/openapi/decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimit } from '../auth/rate-limit/rate-limiter.js';
import { OpenWithoutFactor } from '../auth/authentication/fresh-sign-in.js';
import { AcceptsApiKeys, RejectsApiKeys } from '../auth/authentication/api-key-access.js';
import {
  type Authentication,
  credentialsOf,
  CrossSite,
  CurrentAuthentication,
} from '../auth/authentication/authentication.js';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import { Public, SignedIn as NeedsSignIn } from '../auth/authorization/actor.js';
import { ReturnUrls } from '../auth/return-urls.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import { apiError } from '../json-api/document/errors.js';
import { readFlatBody } from '../json-api/write/body.js';
import { ApiErrors } from '../json-api/http/routes.js';
import { authDocument, BrowserSessions, signedInDocument } from './sign-in.service.js';
import { ReauthenticationService } from './reauthentication.service.js';
import { RefreshService } from './refresh.service.js';
import { AUTH_CONTENT, LoginBody, LogoutBody, ReauthenticateBody, RefreshBody } from './sign-in.dto.js';
import { type EndedBySignOut, SignOutService } from './sign-out.service.js';

const END_SESSION_CONTENT = {
  content: {
    [MEDIA_TYPE]: {
      schema: {
        type: 'object',
        properties: {
          jsonapi: { type: 'object', properties: { version: { type: 'string', enum: ['1.1'] } } },
          meta: {
            type: 'object',
            properties: { end_session_url: { type: 'string', format: 'uri' } },
            required: ['end_session_url'],
          },
        },
        required: ['jsonapi', 'meta'],
      },
    },
  },
};

/** Sign in, stay signed in, sign out. */
@ApiTags('Authentication')
@Controller('auth')
export class SignInController {
  constructor(
    private readonly refreshes: RefreshService,
    private readonly reauthentication: ReauthenticationService,
    private readonly signOut: SignOutService,
    private readonly browsers: BrowserSessions,
    private readonly crossSite: CrossSite,
    private readonly factors: SecondFactors,
    private readonly returnUrls: ReturnUrls,
  ) {}

  @Post('login')
  @Public()
  @RateLimit('sign-in')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({ operationId: 'login', summary: 'login', description: 'Start a session with e-mail and password' })
  @ApiBody({ type: LoginBody })
  @ApiResponse({ status: 200, description: 'Signed in', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 413, 415, 422, 429, 503)
  async login(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { email, password, cookie = false } = readFlatBody(LoginBody, body);
    return this.browsers.respond(reply, await this.browsers.signIn(request, reply, { email, password }), cookie);
  }

  @Post('reauthenticate')
  @OpenWithoutFactor()
  @RejectsApiKeys()
  @NeedsSignIn()
  @RateLimit('reauthenticate')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'reauthenticate',
    summary: 'reauthenticate',
    description: 'Prove who you are again, for operations that need a recent sign-in. The session stays',
  })
  @ApiBody({ type: ReauthenticateBody })
  @ApiResponse({ status: 200, description: 'The same session with a new pair of tokens', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 413, 415, 422, 429, 503)
  async reauthenticate(
    @CurrentAuthentication() { actor }: Authentication,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { password = null, ...others } = readFlatBody(ReauthenticateBody, body);
    const sent = { password, factor: this.factors.sentIn(others) };
    const signedIn = await this.reauthentication.prove(actor, sent, clientAddress(request));
    return this.browsers.respond(reply, signedIn, credentialsOf(request)?.via === 'cookie');
  }

  @Post('refresh')
  @Public()
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'refresh',
    summary: 'refresh',
    description: 'Exchange a refresh token for a new pair of tokens',
  })
  @ApiBody({ type: RefreshBody, required: false })
  @ApiResponse({ status: 200, description: 'Refreshed', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 413, 415, 422, 503)
  async refresh(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const sent = readFlatBody(RefreshBody, body ?? {}).refresh_token;
    if (sent !== undefined) return this.browsers.respond(reply, await this.refreshes.refresh(sent), false);
    return this.refreshCookies(request, reply);
  }

  @Get('refresh')
  @Public()
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'refresh_by_get',
    summary: 'refresh',
    description: 'The same with cookies, for existing browser clients; only from pages of the same site',
  })
  @ApiResponse({ status: 200, description: 'Refreshed', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 503)
  refreshByGet(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    this.crossSite.checkSameSite(request);
    return this.refreshCookies(request, reply);
  }

  @Post('logout')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'logout',
    summary: 'logout',
    description: 'End the session, all of the account, or all but this one; at its identity provider too',
  })
  @ApiBody({ type: LogoutBody, required: false })
  @ApiResponse({
    status: 200,
    description: 'Signed out, and where to sign out at the provider',
    ...END_SESSION_CONTENT,
  })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 413, 415, 422, 503)
  async logout(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { refresh_token: refreshToken, ...sent } = readFlatBody(LogoutBody, body ?? {});
    const which = endedBy(sent);
    const upstream = sent.provider ? { returnTo: this.returnTo(sent.return_to) } : undefined;
    const url = await this.signOut.run(request, reply, { which, refreshToken, upstream });
    if (url === null) return undefined;
    void reply.status(200).header('content-type', MEDIA_TYPE);
    return { jsonapi: { version: '1.1' }, meta: { end_session_url: url.href } };
  }

  @Get('logout')
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'logout_by_get',
    summary: 'logout',
    description: 'The same with cookies, for existing browser clients; only from pages of the same site',
  })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 503)
  async logoutByGet(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    this.crossSite.checkSameSite(request);
    await this.signOut.run(request, reply, { which: 'this' });
  }

  @Get('me')
  @OpenWithoutFactor()
  @NeedsSignIn()
  @AcceptsApiKeys()
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({ operationId: 'me', summary: 'me', description: 'Who is signed in' })
  @ApiResponse({ status: 200, description: 'The signed-in account', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 503)
  me(@CurrentAuthentication() { actor, exp }: Authentication) {
    return authDocument(
      actor,
      exp,
      this.browsers.self,
      actor.apiKeyId === null ? undefined : { api_key_id: actor.apiKeyId },
    );
  }

  private returnTo(sent: string | undefined): string | null {
    if (sent === undefined) return null;
    const url = this.returnUrls.resolve(sent);
    if (url) return url.href;
    throw apiError('validation_failed', 'must be at APP_URL, or one of RETURN_URLS', { pointer: '/return_to' });
  }

  private async refreshCookies(request: FastifyRequest, reply: FastifyReply) {
    return signedInDocument(await this.browsers.refresh(request, reply), this.browsers.self, true);
  }
}

/** @throws ApiError 400 for members that contradict each other */
function endedBy({ everywhere = false, others = false, provider = false }: LogoutBody): EndedBySignOut {
  const other = everywhere ? 'everywhere' : provider ? 'provider' : null;
  if (others && other !== null) {
    throw apiError('malformed_body', `Send either "${other}" or "others"`, { pointer: '/others' });
  }
  return everywhere ? 'everywhere' : others ? 'others' : 'this';
}
