import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FederatedAccountsRepository } from '../../accounts/federated/federated-accounts.repository.js';
import { EmailReverts } from '../../accounts/email/email-reverts.js';
import { CHALLENGE } from '../../auth/authentication/authentication.js';
import { Reauthentication } from '../../auth/authentication/fresh-sign-in.js';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import { apiError } from '../../json-api/document/errors.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { SignInRequirements } from '../../sign-in/session-starts.service.js';
import type { SessionStartStep } from '../../sign-in/sign-in-requirement.js';
import { KINDS } from '../providers/provider-kinds.js';
import { IdentitiesRepository } from './identities.repository.js';

/** Stores which identity a session came from, and lists the providers that can reauthenticate an account. */
@Injectable()
export class IdentitySessions implements OnModuleInit {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly accounts: FederatedAccountsRepository,
    private readonly transactions: Transactions,
    private readonly requirements: SignInRequirements,
    private readonly reauthentication: Reauthentication,
    private readonly factors: SecondFactors,
    private readonly reverts: EmailReverts,
  ) {}

  onModuleInit(): void {
    this.requirements.registerIdentityStep((tx, session, candidate) => this.record(tx, session, candidate));
    this.reauthentication.register(async ({ id }) => (await this.ableToConfirm(id)).map(({ slug }) => slug));
    this.reverts.register(({ accountId, since }, tx) => this.identities.removeSince(accountId, since, tx));
  }

  /** The providers that can reauthenticate the account; none where a second factor is asked for as well. */
  async ableToConfirm(accountId: string): Promise<{ readonly slug: string; readonly name: string }[]> {
    const providers = await this.identities.providersOf(accountId, this.transactions);
    const able = providers.filter(({ kind }) => KINDS[kind].reauthenticates);
    if (able.length === 0 || (await this.factors.isDemanded(accountId, this.transactions))) return [];
    return able;
  }

  private async record(...[tx, session, { account, proof }]: Parameters<SessionStartStep>): Promise<void> {
    const { identity, provider } = proof;
    if (identity === undefined || provider === undefined) return;
    if (!(await this.identities.recordSignIn(session, identity.providerId, identity, tx))) {
      throw apiError('invalid_credentials', 'The identity is no longer one of the account', undefined, CHALLENGE);
    }
    // The start of a session has locked the account's row, and so has every other one.
    if (account.ssoChannel === provider) return;
    tx.afterCommit(() => this.accounts.recordChannel(session.accountId, provider, this.transactions));
  }
}
