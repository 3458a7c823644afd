import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Authentication, credentialsOf, REFRESH_COOKIE } from '../auth/authentication/authentication.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import type { Actor } from '../auth/authorization/actor.js';
import { emailKey } from '../auth/email-key.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { Cookies, KnownDevice } from '../auth/tokens/cookies.js';
import { RefreshTokens } from '../auth/tokens/secrets.js';
import { DeviceTrust, TRUSTED_DEVICE_COOKIE } from '../auth/sessions/device-trust.js';
import type { SessionOwner } from '../auth/sessions/session.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { Audit } from '../events/audit.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import { maskCredentials } from '../json-api/http/http.js';
import { Transactions } from '../json-api/sql/sql.js';
import { CredentialsRepository } from '../passwords/credentials.repository.js';
import { PasswordHasher } from '../passwords/hashing/password.hasher.js';
import {
  SessionStarts,
  type SignInClient,
  signInFailed,
  type SignInProof,
  type StartedSession,
} from './session-starts.service.js';
import {
  CHALLENGE,
  invalidCredentials,
  onSession,
  SessionTokens,
  type SignedIn,
  signedInDocument,
} from './signed-in.js';

/** What a person signs in with. */
interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Which sessions of an account a sign-out ends. */
export type EndedBySignOut = 'this' | 'others' | 'everywhere';

/** Starts, continues and ends sessions. */
@Injectable()
export class SignInService {
  constructor(
    private readonly transactions: Transactions,
    private readonly credentials: CredentialsRepository,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionStore,
    private readonly tokens: SessionTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly rateLimiter: RateLimiter,
    private readonly devices: KnownDevice,
    private readonly audit: Audit,
    private readonly starts: SessionStarts,
    private readonly restrictions: SessionRestrictions,
    private readonly trust: DeviceTrust,
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

  /**
   * Exchanges a refresh token for a new pair.
   * @throws ApiError 401 `invalid_refresh_token`; reusing one ends its session; that of the restriction that stops it
   */
  async refresh(token: string | undefined): Promise<SignedIn> {
    if (token === undefined) throw noRefreshToken();
    const parsed = this.refreshTokens.parse(token);
    if (!parsed) throw badRefreshToken();
    const rotated = await this.sessions.rotate(this.transactions, parsed);
    if (rotated) return this.tokens.issue(rotated);
    const verdict = await this.transactions.run(async (tx) => {
      const checked = await this.sessions.checkReuse(tx, parsed);
      if (checked.outcome === 'reused') {
        // The client is not known to be the account's owner, so there is no actor; `details` names the account.
        const record = { ...onSession(checked), actorId: null, details: { account_id: checked.accountId } };
        await this.audit.record(tx, { ...record, action: 'iam:account_auths.refresh_reused' });
      }
      return checked;
    });
    if (verdict.outcome === 'stopped') await this.restrictions.checkEmail(verdict.emailKey);
    if (verdict.outcome !== 'repeated') throw badRefreshToken();
    return this.tokens.issue(verdict);
  }

  /** Ends sessions of an account. Returns false, and ends nothing, when the session that asks for it had already ended. */
  end(session: SessionOwner, which: EndedBySignOut): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const ending = { reason: 'signed_out', actorId: session.accountId } as const;
      const ended =
        which === 'this'
          ? await this.sessions.end(tx, session, ending)
          : await this.sessions.endEverywhere(tx, session, ending, which === 'others' ? session.sessionId : null);
      if (ended) {
        if (which === 'everywhere') await this.trust.endAll(tx, session.accountId);
        const details = which === 'others' ? { others: true } : { everywhere: which === 'everywhere' };
        await this.audit.record(tx, { ...onSession(session), details, action: 'iam:account_auths.signed_out' });
      }
      return ended;
    });
  }

  /** The session of a refresh token, without using it; null when the token is invalid or the session has ended. */
  async sessionOf(token: string): Promise<SessionOwner | null> {
    const parsed = this.refreshTokens.parse(token);
    return parsed && this.transactions.run((tx) => this.sessions.find(tx, parsed));
  }
}

/** Sessions of requests: what the operations of the API and the pages share, cookies included. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly signIns: SignInService,
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

const noRefreshToken = () =>
  apiError('invalid_refresh_token', 'A refresh token is required, in the body or as a cookie', undefined, CHALLENGE);
const badRefreshToken = () =>
  apiError('invalid_refresh_token', 'The refresh token is no longer valid; sign in again', undefined, CHALLENGE);
