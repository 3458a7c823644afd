import { Injectable } from '@nestjs/common';
import type { FederatedAccount } from '../../accounts/federated/federated-accounts.repository.js';
import { FederatedAccountsRepository } from '../../accounts/federated/federated-accounts.repository.js';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { Roles } from '../../auth/authorization/roles.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { hashToken } from '../../auth/tokens/secrets.js';
import { Audit } from '../../events/audit.js';
import { apiError } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { TokenData, UpstreamIdentity } from '../../one-time-tokens/token-purposes.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import type { LinkedBy } from './account-identity.entity.js';
import { IdentitiesRepository } from './identities.repository.js';
import { IdentityMailer } from './identity.mailer.js';
import { isWithin } from './identity-policy.js';

type Linked = Pick<UpstreamIdentity, 'issuer' | 'subject' | 'email'>;

/** Links identities to accounts, each with its event and its mail to the owner. */
@Injectable()
export class IdentityLinks {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly accounts: FederatedAccountsRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly mailer: IdentityMailer,
    private readonly rateLimiter: RateLimiter,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
    private readonly roles: Roles,
  ) {}

  /** Links an identity to an account whose row is locked. False when an account has it already. */
  async link(
    accountId: string,
    { id: providerId, slug }: Pick<ProviderSettings, 'id' | 'slug'>,
    identity: Linked,
    linkedBy: LinkedBy,
    tx: Transaction,
  ): Promise<boolean> {
    const id = await this.identities.link(accountId, providerId, identity, linkedBy, tx);
    if (id === null) return false;
    await this.audit.record(tx, {
      action: 'iam:account_identities.linked',
      actorId: accountId,
      target: { type: 'iam:account_identities', id },
      details: { account_id: accountId, provider: slug, linked_by: linkedBy },
    });
    await this.mailer.queueLinked(tx, accountId, providerId);
    return true;
  }

  /**
   * Asks the owner of an account, at its own e-mail, whether an identity is theirs. Above the limit of mails nothing is
   * sent. The token is bound to provider, issuer, subject and browser.
   */
  async mail(provider: ProviderSettings, identity: Linked, account: FederatedAccount, browser: string): Promise<void> {
    if (!(await this.rateLimiter.isAllowed('identity_mail', { emailKey: account.emailKey }))) return;
    const { issuer, subject, email } = identity;
    const data = { providerId: provider.id, slug: provider.slug, issuer, subject, email };
    await this.transactions.run(async (tx) => {
      if ((await this.directory.lock({ id: account.id }, tx)) === null) return;
      const token = await this.tokens.issue({ purpose: 'identity_link', data, accountId: account.id, browser }, tx);
      if (token !== null) await this.mailer.queueProof(token, tx);
    });
  }

  /**
   * The identity that a mailed token links. Does not use the token.
   * @throws ApiError 404 `invalid_token`; 422 `expired_token`
   */
  async proofOf(token: string): Promise<TokenData['identity_link']> {
    const found = await this.tokens.find('identity_link', hashToken(token));
    if (!found) throw apiError('invalid_token', 'This link was used already, or is not valid');
    if (found.expired) throw apiError('expired_token', 'The link has expired; sign in with the provider again');
    return found.data;
  }

  /**
   * Links the identity of a mailed token, in the browser that started the sign-in. Uses the token.
   * @returns what was linked; null in another browser; the token stays valid
   * @throws ApiError 404 `invalid_token`; 409 when an account has the identity, or the account has changed meanwhile
   */
  async confirm(token: string, browser: string | undefined): Promise<TokenData['identity_link'] | null> {
    await this.proofOf(token);
    return this.transactions.run(async (tx) => {
      const spent =
        browser === undefined ? null : await this.tokens.spend('identity_link', hashToken(token), tx, browser);
      if (!spent?.accountId) return null;
      const { accountId, data } = spent;
      await this.directory.lock({ id: accountId }, tx);
      const account = await this.accounts.find({ id: accountId }, tx);
      const isAdmin = this.roles.get(account?.roleName ?? '')?.everything === true;
      const provider = await this.identities.providerOf(data.providerId, tx);
      const fits = account?.enabled && account.isPerson && !isAdmin && provider && isWithin(provider, account);
      if (!fits || !(await this.link(accountId, { id: data.providerId, slug: data.slug }, data, 'mail', tx))) {
        throw apiError('conflict', 'The identity cannot be linked to this account any more');
      }
      return data;
    });
  }
}
