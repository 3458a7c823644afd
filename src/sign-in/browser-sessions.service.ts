import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Authentication, credentialsOf, REFRESH_COOKIE } from '../auth/authentication/authentication.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import type { Actor } from '../auth/authorization/actor.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import { TRUSTED_DEVICE_COOKIE } from '../auth/sessions/device-trust.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { Cookies, KnownDevice } from '../auth/tokens/cookies.js';
import { maskCredentials } from '../json-api/http/http.js';
import { type SignedIn, signedInDocument } from './signed-in.js';
import { SessionStarts, type SignInClient, type SignInProof, type StartedSession } from './session-starts.service.js';
import { SignInService } from './sign-in.service.js';
import { SignOutService } from './sign-out.service.js';

/** Sessions of requests: what the operations of the API and the pages share, cookies included. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly signIns: SignInService,
    private readonly starts: SessionStarts,
    private readonly signOut: SignOutService,
    private readonly accessTokens: AccessTokens,
    private readonly actors: ActorLoader,
    private readonly cookies: Cookies,
    private readonly devices: KnownDevice,
  ) {}

  /**
   * Signs in by password, and recognizes the device from now on. Sets no tokens; see {@link setCookies}.
   * @throws ApiError 401 `invalid_credentials`, `account_disabled`; 429; 503; those of the requirements
   */
  async signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    { email, password }: { readonly email: string; readonly password: string },
  ): Promise<SignedIn> {
    return this.#remember(request, reply, await this.signIns.signIn({ email, password }, clientOf(request)));
  }

  /**
   * Starts a session for an account that proved who it is in another way, and recognizes the device from now on. Sets no
   * tokens; see {@link setCookies}.
   * @throws ApiError as {@link SessionStarts.start}
   */
  async start(request: FastifyRequest, reply: FastifyReply, proof: SignInProof): Promise<SignedIn> {
    return this.#remember(request, reply, await this.starts.start(proof, clientOf(request)));
  }

  /** Puts the tokens of a session into cookies. */
  setCookies(reply: FastifyReply, { accessToken, exp, refreshToken, refreshExpiresAt }: SignedIn): void {
    this.cookies.set(reply, { accessToken, accessExpiresAt: exp, refreshToken, refreshExpiresAt });
  }

  /**
   * Exchanges the refresh cookie for new cookies; clears them when it is no longer valid.
   * @throws ApiError 401 `invalid_refresh_token`
   */
  async refresh(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn> {
    try {
      const signedIn = await this.signIns.refresh(request.cookies[REFRESH_COOKIE]);
      this.setCookies(reply, signedIn);
      return signedIn;
    } catch (error) {
      this.signOut.clearStaleCookies(error, reply);
      throw error;
    }
  }

  /** The account that is signed in by the access cookie, on routes that are public; null when there is none. */
  async actorOf(request: FastifyRequest): Promise<Actor | null> {
    const isCookie = credentialsOf(request)?.via === 'cookie';
    return isCookie ? ((await this.authenticate(request))?.actor ?? null) : null;
  }

  /** The session of an access token, however it was sent, on routes that are public; null when there is none. */
  async authenticate(request: FastifyRequest): Promise<Authentication | null> {
    const credentials = credentialsOf(request);
    const verified = credentials && (await this.accessTokens.verify(credentials.token));
    const actor = verified && 'sid' in verified ? await this.actors.load(verified.sid, verified.sub) : null;
    return actor && verified && { actor, exp: verified.exp };
  }

  /** The document of a session, whose tokens are in it or in cookies. */
  respond(reply: FastifyReply, signedIn: SignedIn, inCookies: boolean) {
    if (inCookies) this.setCookies(reply, signedIn);
    return signedInDocument(signedIn, this.self, inCookies);
  }

  /** Where the document of a session is. */
  get self(): string {
    return `${this.cookies.authPath}/me`;
  }

  #remember(request: FastifyRequest, reply: FastifyReply, started: StartedSession): SignedIn {
    const { account, passwordVersion: version, deviceCookie } = started;
    this.devices.remember(request, reply, account.emailKey, { id: account.id, version });
    if (deviceCookie) {
      const { value, seconds } = deviceCookie;
      // Also for the page `/sign-in`, which is not below `/auth`.
      this.cookies.put(reply, TRUSTED_DEVICE_COOKIE, value, this.cookies.path, seconds);
    }
    return started;
  }
}

/** Where a session starts from. The user agent is stored, shown and mailed: no place for a credential. */
const clientOf = (request: FastifyRequest): SignInClient => ({
  userAgent: maskCredentials(request.headers['user-agent'] ?? '') || null,
  ip: clientAddress(request),
  cookies: request.cookies,
});
