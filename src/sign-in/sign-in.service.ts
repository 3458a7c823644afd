import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Authentication, credentialsOf, REFRESH_COOKIE } from '../auth/authentication/authentication.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import type { Actor } from '../auth/authorization/actor.js';
import { emailKey } from '../auth/email-key.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { Cookies, KnownDevice } from '../auth/tokens/cookies.js';
import { TRUSTED_DEVICE_COOKIE } from '../auth/sessions/device-trust.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { Audit } from '../events/audit.js';
import { ApiError } from '../json-api/document/errors.js';
import { maskCredentials } from '../json-api/http/http.js';
import { Transactions } from '../json-api/sql/sql.js';
import { CredentialsRepository } from '../passwords/credentials.repository.js';
import { PasswordHasher } from '../passwords/hashing/password.hasher.js';
import { RefreshService } from './refresh.service.js';
import {
  invalidCredentials,
  SessionStarts,
  type SignedIn,
  signInFailed,
  type StartedSession,
} from './session-starts.service.js';
import type { SignInClient, SignInProof } from './sign-in-requirement.js';

/** What a person signs in with. */
interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Signs in by password. */
@Injectable()
export class SignInService {
  constructor(
    private readonly transactions: Transactions,
    private readonly credentials: CredentialsRepository,
    private readonly hasher: PasswordHasher,
    private readonly rateLimiter: RateLimiter,
    private readonly devices: KnownDevice,
    private readonly audit: Audit,
    private readonly starts: SessionStarts,
    private readonly restrictions: SessionRestrictions,
  ) {}

  /**
   * Signs in. A wrong password, an unknown e-mail and an account without a password give the same error after the same time.
   * @throws ApiError 401 `invalid_credentials`; 401 `account_disabled`, only after the right password; 429; 503; those
   * of the requirements
   */
  async signIn({ email, password }: Credentials, client: SignInClient): Promise<StartedSession> {
    const key = emailKey(email);
    // Counted before anything is looked up. Only with an authentic mark of an earlier sign-in the
    // account is looked up first: its password decides which budget the attempt counts against.
    const mark = this.devices.recognize(client, key);
    const marked = mark === null ? null : await this.credentials.findByEmail(key);
    const knownDevice = mark !== null && marked?.account != null && this.devices.isCurrent(mark, marked.account);
    const attempt = { address: client.ip, emailKey: key, knownDevice };
    await this.rateLimiter.email('sign-in', attempt);
    const { account, isRestricted } = marked ?? (await this.credentials.findByEmail(key));
    if (isRestricted) await this.restrictions.checkEmail(key);
    const line = knownDevice ? 'recognized' : 'others';
    const { ok, rehash } = await this.hasher.verify(password, account?.hashedPassword ?? null, line);
    if (!account || !ok) {
      // An unknown e-mail is recorded like a known one, without the account, so that it takes the same time.
      await this.transactions.run((tx) =>
        this.audit.record(tx, signInFailed(account?.id ?? null, 'invalid_credentials')),
      );
      throw invalidCredentials();
    }
    const rehashed = rehash && account.enabled ? await this.hasher.upgrade(password) : null;
    const proof = { accountId: account.id, amr: ['pwd'], password: { version: account.version, rehashed } } as const;
    await this.rateLimiter.succeeded('sign-in', attempt);
    return this.starts.start(proof, client);
  }
}

/** Sessions of requests: what the operations of the API and the pages share, cookies included. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly signIns: SignInService,
    private readonly refreshes: RefreshService,
    private readonly starts: SessionStarts,
    private readonly accessTokens: AccessTokens,
    private readonly actors: ActorLoader,
    private readonly cookies: Cookies,
    private readonly devices: KnownDevice,
  ) {}

  /**
   * Signs in by password, and recognizes the device from now on. Sets no tokens; see {@link setCookies}.
   * @throws ApiError 401 `invalid_credentials`, `account_disabled`; 429; 503; those of the requirements
   */
  async signIn(request: FastifyRequest, reply: FastifyReply, credentials: Credentials): Promise<SignedIn> {
    return this.#remember(request, reply, await this.signIns.signIn(credentials, clientOf(request)));
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
      const signedIn = await this.refreshes.refresh(request.cookies[REFRESH_COOKIE]);
      this.setCookies(reply, signedIn);
      return signedIn;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.cookies.clear(reply);
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

/** The actor as a document. `exp` is the access token's expiry, in seconds since the epoch. */
export function authDocument(actor: Actor, exp: number | null, self: string, meta?: Record<string, string>) {
  const { id, email, name, pictureUrl, role, roleScope } = actor;
  return {
    jsonapi: { version: '1.1' },
    data: {
      type: 'iam:account_auths',
      id,
      attributes: {
        email,
        name,
        picture_url: pictureUrl,
        role_name: role.name,
        role_scope: roleScope,
        role_rights: role.rights,
        exp,
      },
      links: { self },
    },
    ...(meta && { meta }),
  };
}

/** The document of a new session, with its tokens unless they are sent in cookies. */
export function signedInDocument(
  { actor, exp, accessToken, refreshToken }: SignedIn,
  self: string,
  inCookies: boolean,
) {
  return authDocument(actor, exp, self, inCookies ? undefined : { token: accessToken, refresh_token: refreshToken });
}
