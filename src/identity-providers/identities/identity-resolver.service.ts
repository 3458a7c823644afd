import { Injectable } from '@nestjs/common';
import { nameFrom } from '../../accounts/account.policy.js';
import { FederatedAccountsRepository } from '../../accounts/federated/federated-accounts.repository.js';
import { FederatedAccounts } from '../../accounts/federated/federated-accounts.service.js';
import { Roles } from '../../auth/authorization/roles.js';
import { emailKey } from '../../auth/email-key.js';
import { Transactions } from '../../json-api/sql/sql.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import type { ProviderClaims } from '../sign-in/provider-claims.service.js';
import { SsoError } from '../sign-in/sso-error.js';
import type { LinkedBy } from './account-identity.entity.js';
import { IdentitiesRepository, type KnownIdentity } from './identities.repository.js';
import { roleOfJoining, stillSignsIn, verdictOf } from './identity-policy.js';
import { IdentityLinks } from './identity-links.service.js';

/** Finds, makes or links the account of an identity that has signed in at its provider. */
@Injectable()
export class IdentityResolver {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly accounts: FederatedAccountsRepository,
    private readonly joins: FederatedAccounts,
    private readonly links: IdentityLinks,
    private readonly roles: Roles,
    private readonly transactions: Transactions,
  ) {}

  /**
   * The id of the account that the identity signs in to.
   * @param browser value of the cookie of the browser, to which a mailed proof is bound
   * @throws SsoError when there is none; its message to the owner is queued then, where a proof is needed
   */
  async resolve(provider: ProviderSettings, claims: ProviderClaims, browser: string): Promise<string> {
    const known = await this.identities.find(provider.id, claims, this.transactions);
    if (known) return this.accountOf(provider, known);
    const joined = await this.byEmail(provider, claims, browser);
    if (joined !== null) return joined;
    // A concurrent sign-in with the same identity was faster.
    const raced = await this.identities.find(provider.id, claims, this.transactions);
    if (!raced) throw new SsoError('not_invited');
    return this.accountOf(provider, raced);
  }

  /** The account of an identity that is linked. @throws SsoError `account_disabled`, `link_required` */
  async accountOf(provider: ProviderSettings, { accountId, linkedBy }: KnownIdentity): Promise<string> {
    const account = await this.accounts.find({ id: accountId }, this.transactions);
    if (!account?.enabled) throw new SsoError('account_disabled', accountId);
    const role = this.roles.get(account.roleName);
    if (!stillSignsIn(provider, account, role, linkedBy)) throw new SsoError('link_required', accountId);
    return accountId;
  }

  /** Null where a concurrent sign-in has linked the identity, or taken the e-mail. */
  private async byEmail(provider: ProviderSettings, claims: ProviderClaims, browser: string): Promise<string | null> {
    const { email, emailVerified } = claims;
    if (email === null || !emailVerified) throw new SsoError('email_not_verified');
    const key = emailKey(email);
    const domain = key.slice(key.lastIndexOf('@') + 1);
    if (!(await this.identities.isProven(domain, provider.id, this.transactions)))
      throw new SsoError('email_not_verified');
    const account = await this.accounts.find({ emailKey: key }, this.transactions);
    const verdict = verdictOf(provider, account, account ? this.roles.get(account.roleName) : null);
    if (account && verdict === 'joins') return this.join(provider, claims, account.id);
    if (account && verdict === 'needs_proof') {
      // A concurrent sign-in with the same identity has just made the account.
      if (await this.identities.find(provider.id, claims, this.transactions)) return null;
      await this.links.mail(provider, claims, account, browser);
      throw new SsoError('confirmation_sent', account.id);
    }
    if (verdict === 'disabled') throw new SsoError('account_disabled', account?.id ?? null);
    if (verdict === 'needs_session') throw new SsoError('link_required', account?.id ?? null);
    if (account || provider.join !== 'domain') throw new SsoError('not_invited');
    return this.create(provider, { ...claims, email });
  }

  private async join(provider: ProviderSettings, claims: ProviderClaims, id: string): Promise<string | null> {
    return this.transactions.run(async (tx) => {
      if (!(await this.joins.acceptInvitation(id, tx))) return null;
      return this.linked(provider, claims, id, 'invitation', tx);
    });
  }

  private async create(
    provider: ProviderSettings,
    claims: ProviderClaims & { readonly email: string },
  ): Promise<string | null> {
    const role = roleOfJoining(provider, this.roles);
    if (role === null) throw new SsoError('not_invited');
    const { email } = claims;
    const account = { email, name: claims.name?.trim() || nameFrom(email), roleName: role.name };
    return this.transactions.run(async (tx) => {
      const id = await this.joins.create(account, provider.organizationId, provider.slug, tx);
      return id === null ? null : this.linked(provider, claims, id, 'domain', tx);
    });
  }

  /** @throws SsoError, so that nothing of the transaction counts, when another account has the identity by now */
  private async linked(
    provider: ProviderSettings,
    claims: ProviderClaims,
    id: string,
    linkedBy: LinkedBy,
    tx: Parameters<IdentityLinks['link']>[4],
  ): Promise<string> {
    if (!(await this.links.link(id, provider, claims, linkedBy, tx))) throw new SsoError('identity_taken', id);
    return id;
  }
}
