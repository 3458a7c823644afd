import { Injectable } from '@nestjs/common';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { OAuthError } from '../../auth/oauth/oauth-errors.js';
import type { OAuthForm } from '../../auth/oauth/oauth-form.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { SessionStore } from '../../auth/sessions/session.store.js';
import { requestContext } from '../../context/request-context.js';
import { Audit } from '../../events/audit.js';
import { type Sql, type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { FederatedIdentity } from '../../one-time-tokens/token-purposes.js';
import { ProviderSettingsRepository } from '../discovery/provider-settings.repository.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import { IdentitiesRepository } from '../identities/identities.repository.js';
import { LogoutTokens } from './logout-token.service.js';
import { type ProviderSignOut, ProviderSessionsRepository } from './provider-sessions.repository.js';

/** Ends sessions here when they have ended at the identity provider that they came from. */
@Injectable()
export class BackchannelLogout {
  constructor(
    private readonly settings: ProviderSettingsRepository,
    private readonly tokens: LogoutTokens,
    private readonly origins: ProviderSessionsRepository,
    private readonly identities: IdentitiesRepository,
    private readonly sessions: SessionStore,
    private readonly used: OneTimeTokensRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly transactions: Transactions,
    private readonly rateLimiter: RateLimiter,
    private readonly audit: Audit,
  ) {}

  /**
   * Ends the sessions that a logout token names. It is no error when there are none: they may have ended before.
   * @param address of the client
   * @throws OAuthError; ApiError 429, 503
   */
  async run(slug: string, form: OAuthForm, address: string): Promise<void> {
    await this.rateLimiter.address('backchannel_logout', address);
    const provider = await this.settings.bySlug(slug);
    if (!provider) throw new OAuthError('invalid_request', 'There is no such identity provider');
    const ended = await this.tokens.verify(provider, form.require('logout_token'));
    // Many people may sign out at once, all of them from the address of the provider.
    const counted = requestContext()?.rateLimit;
    if (counted) await this.rateLimiter.refundRequest(counted);
    await this.rateLimiter.count('provider_sign_outs', { providerId: provider.id });
    await this.transactions.run((tx) => this.end(tx, provider, ended));
  }

  private async end(tx: Transaction, { id, slug }: ProviderSettings, ended: ProviderSignOut): Promise<void> {
    if (!(await this.used.recordUse('logout_token', `${id} ${ended.jti}`, tx))) {
      throw new OAuthError('invalid_request', 'The logout token was used before');
    }
    const which = this.origins.areSignedOut(id, ended);
    for (const accountId of await this.accountsOf(tx, id, ended, which)) {
      // Locked first: a session that is about to start is there then, and ends with the others.
      await this.directory.lock({ id: accountId }, tx);
      await this.voidBegun(tx, accountId, (begun) => isSignedOut(id, ended, begun));
      const ending = { reason: 'provider_signed_out', actorId: null } as const;
      const sessions = await this.sessions.endThose(tx, accountId, which, ending);
      if (sessions === 0) continue;
      await this.audit.record(tx, {
        action: 'iam:account_auths.signed_out_by_provider',
        actorId: null,
        target: { type: 'iam:accounts', id: accountId },
        details: { provider: slug, sessions },
      });
    }
  }

  /** The accounts of these sessions, and that of the identity, in the order of ids. */
  private async accountsOf(
    tx: Transaction,
    providerId: string,
    { issuer, subject }: ProviderSignOut,
    which: (sessionId: Sql) => Sql,
  ): Promise<string[]> {
    const owners = await this.sessions.ownersOf(tx, which);
    const known = subject === null ? undefined : await this.identities.find(providerId, { issuer, subject }, tx);
    return [...new Set([...owners, ...(known ? [known.accountId] : [])])].sort();
  }

  /** Revokes the tokens of sign-ins that have not ended: their next step would start a session. */
  private async voidBegun(tx: Transaction, accountId: string, isOne: (begun: Begun) => boolean): Promise<void> {
    await this.used.voidThose(
      'sso_code',
      accountId,
      ({ providerId, identity }) => isOne({ ...identity, providerId }),
      tx,
    );
    await this.used.voidThose('mfa', accountId, ({ identity }) => identity !== undefined && isOne(identity), tx);
  }
}

type Begun = Pick<FederatedIdentity, 'providerId' | 'issuer' | 'subject' | 'sid'>;

/** All of the subject, also those of another session there: a user who is signing in can do it again. */
const isSignedOut = (providerId: string, ended: ProviderSignOut, begun: Begun): boolean =>
  begun.providerId === providerId &&
  begun.issuer === ended.issuer &&
  (begun.subject === ended.subject || (begun.sid !== null && begun.sid === ended.sid));
