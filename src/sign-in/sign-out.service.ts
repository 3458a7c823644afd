import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { challenge, credentialsOf, REFRESH_COOKIE, reliesOnCookies } from '../auth/authentication/authentication.js';
import { Cookies } from '../auth/tokens/cookies.js';
import { DeviceTrust } from '../auth/sessions/device-trust.js';
import type { SessionOwner } from '../auth/sessions/session.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { RefreshTokens } from '../auth/tokens/secrets.js';
import { Audit } from '../events/audit.js';
import { apiError } from '../json-api/document/errors.js';
import { Transactions } from '../json-api/sql/sql.js';
import { onSession } from './session-starts.service.js';
import { type UpstreamSession, UpstreamSignOut } from './upstream-sign-out.js';

/** Which sessions of an account a sign-out ends. */
export type EndedBySignOut = 'this' | 'others' | 'everywhere';

interface SignOutOptions {
  readonly which: EndedBySignOut;
  readonly refreshToken?: string | undefined;
  /** To sign out also where the session came from, and where that leads; see `UpstreamSession`. */
  readonly upstream?: { readonly returnTo: string | null } | undefined;
}

/**
 * Ends the session of a request: by its access token, or by its refresh token when the access token is no longer
 * valid, so that users can always sign out. An ended session ends nothing, and not the
 * others of its account either. Cookies are cleared, unless the session goes on.
 */
@Injectable()
export class SignOutService {
  constructor(
    private readonly transactions: Transactions,
    private readonly sessions: SessionStore,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly trust: DeviceTrust,
    private readonly audit: Audit,
    private readonly cookies: Cookies,
    private readonly upstream: UpstreamSignOut,
  ) {}

  /**
   * @returns where the browser goes to sign out where the session came from too; null unless that is asked for and possible
   * @throws ApiError 401 when the request has no session, unless it is a browser with stale cookies
   */
  async run(
    request: FastifyRequest,
    reply: FastifyReply,
    { which, refreshToken, upstream }: SignOutOptions,
  ): Promise<URL | null> {
    const origins: UpstreamSession[] = [];
    const end = async (session: SessionOwner | null): Promise<boolean> => {
      if (session === null) return false;
      // Asked for before it is gone with the session, and used only if it was the session that ended.
      const found = upstream ? await this.upstream.of(session) : null;
      const isEnded = await this.end(session, which);
      if (isEnded && found) origins.push(found);
      return isEnded;
    };
    const ended =
      (await end(await this.byAccessToken(request))) || (await end(await this.byRefreshToken(request, refreshToken)));
    if (!ended && !reliesOnCookies(request)) {
      const headers = challenge(credentialsOf(request) === null ? undefined : 'invalid_token');
      throw apiError('unauthenticated', 'There is no session to end', { header: 'Authorization' }, { headers });
    }
    if (which !== 'others' || !ended) this.cookies.clear(reply);
    return origins[0]?.endUrl(upstream?.returnTo ?? null) ?? null;
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

  private async byAccessToken(request: FastifyRequest): Promise<SessionOwner | null> {
    const credentials = credentialsOf(request);
    const verified = credentials && (await this.accessTokens.verify(credentials.token));
    // The token of an API key has no session to end.
    return verified && 'sid' in verified ? { accountId: verified.sub, sessionId: verified.sid } : null;
  }

  private async byRefreshToken(request: FastifyRequest, sent: string | undefined): Promise<SessionOwner | null> {
    const cookie = credentialsOf(request)?.via === 'bearer' ? undefined : request.cookies[REFRESH_COOKIE];
    const token = sent ?? cookie;
    const parsed = token === undefined ? null : this.refreshTokens.parse(token);
    return parsed && this.transactions.run((tx) => this.sessions.find(tx, parsed));
  }
}
