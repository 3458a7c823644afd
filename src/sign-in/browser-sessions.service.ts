import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { credentialsOf, REFRESH_COOKIE } from '../auth/authentication/authentication.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import type { Actor } from '../auth/authorization/actor.js';
import { emailKey } from '../auth/email-key.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { Cookies, KnownDevice } from '../auth/tokens/cookies.js';
import type { SignedIn } from './session-tokens.js';
import { SignInService } from './sign-in.service.js';
import { SignOutService } from './sign-out.service.js';

/** Sessions of requests: what the operations of the API and the pages share, cookies included. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly signIns: SignInService,
    private readonly signOut: SignOutService,
    private readonly accessTokens: AccessTokens,
    private readonly actors: ActorLoader,
    private readonly cookies: Cookies,
    private readonly devices: KnownDevice,
  ) {}

  /**
   * Signs in, and recognizes the device from now on. Sets no tokens; see {@link setCookies}.
   * @throws ApiError 401 `invalid_credentials`, `account_disabled`; 429; 503
   */
  async signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    { email, password }: { readonly email: string; readonly password: string },
  ): Promise<SignedIn> {
    const key = emailKey(email);
    const userAgent = request.headers['user-agent'] ?? null;
    const signedIn = await this.signIns.signIn(
      { email, password, deviceMark: this.devices.recognize(request, key) },
      { userAgent, ip: clientAddress(request) },
    );
    const { actor, passwordVersion: version } = signedIn;
    this.devices.remember(request, reply, key, { id: actor.id, version });
    return signedIn;
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
    const credentials = credentialsOf(request);
    const verified = credentials?.via === 'cookie' && (await this.accessTokens.verify(credentials.token));
    return verified ? this.actors.load(verified.sid, verified.sub) : null;
  }
}
