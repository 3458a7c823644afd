import { Injectable } from '@nestjs/common';
import { decidesAlone, SHARED } from '../accounts/account.policy.js';
import { AccountDirectoryRepository, type AccountName } from '../accounts/account-directory.repository.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import type { Actor } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import { apiError } from '../json-api/document/errors.js';
import { Transactions } from '../json-api/sql/sql.js';
import { FactorChanges } from './factor-changes.service.js';

/** Removes all second factors of accounts whose owners lost them. */
@Injectable()
export class FactorResets {
  constructor(
    private readonly transactions: Transactions,
    private readonly accounts: AccountsRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly roles: Roles,
    private readonly changes: FactorChanges,
  ) {}

  /**
   * For an account that the actor may update alone and that ranks below the actor. All its sessions end.
   * @throws ApiError 404 or 403 by scope, rank and organizations
   */
  async reset(actor: Actor, id: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      const account = await this.accounts.lock(actor, 'update', id, tx);
      const role = this.roles.get(account.roleName);
      if (account.id === actor.id) throw apiError('forbidden', OWN);
      if (role !== null && role.rank >= actor.role.rank) throw apiError('forbidden', PEER);
      const facts = await this.accounts.factsOf(actor, id, tx);
      if (!decidesAlone(actor, 'update', facts)) throw apiError('forbidden', SHARED);
      await this.changes.reset(id, actor.id, tx);
    });
  }

  /** The same by an operator, for any account. False where there is none. */
  resetByOperator(name: AccountName): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const id = await this.directory.lock(name, tx);
      if (id !== null) await this.changes.reset(id, null, tx);
      return id !== null;
    });
  }
}

const OWN = 'Remove your own factors with DELETE /account_factors/{id}';
const PEER =
  'You may remove the factors of accounts below your own role only; an operator can with `iam factors reset`';
