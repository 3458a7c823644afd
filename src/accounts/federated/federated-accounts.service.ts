import { Injectable } from '@nestjs/common';
import { Audit } from '../../events/audit.js';
import type { Transaction } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import { AccountRules } from '../account.rules.js';
import { AccountsRepository } from '../accounts.repository.js';
import { FederatedAccountsRepository, type NewFederatedAccount } from './federated-accounts.repository.js';

/** Accounts that join by signing in with an identity provider. */
@Injectable()
export class FederatedAccounts {
  constructor(
    private readonly rows: FederatedAccountsRepository,
    private readonly accounts: AccountsRepository,
    private readonly rules: AccountRules,
    private readonly tokens: OneTimeTokensRepository,
    private readonly audit: Audit,
  ) {}

  /** Accepts the invitation of an account, which is spent by that. False when it has joined or is disabled. */
  async acceptInvitation(id: string, tx: Transaction): Promise<boolean> {
    const joined = await this.rows.markJoined(id, tx);
    if (joined === null) return false;
    await this.tokens.voidAll(id, tx);
    await this.audit.record(tx, { action: 'iam:accounts.joined', actorId: id, target: targetOf(id) });
    return true;
  }

  /** Creates an account in an organization. Null when its e-mail is taken, or the rules of accounts reject it. */
  async create(
    account: NewFederatedAccount,
    organizationId: string | null,
    slug: string,
    tx: Transaction,
  ): Promise<string | null> {
    if (this.rules.errors({ ...account }, 'join').length > 0) return null;
    const id = await this.rows.create(account, tx);
    if (id === null) return null;
    await this.accounts.changeMemberships(id, { add: organizationId === null ? [] : [organizationId], remove: [] }, tx);
    const details = { provider: slug };
    await this.audit.record(tx, { action: 'iam:accounts.created', actorId: id, target: targetOf(id), details });
    await this.audit.record(tx, { action: 'iam:accounts.joined', actorId: id, target: targetOf(id), details });
    return id;
  }
}

const targetOf = (id: string) => ({ type: 'iam:accounts', id });
