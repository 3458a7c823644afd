import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Roles } from '../../auth/authorization/roles.js';
import { apiError } from '../../json-api/document/errors.js';
import { isUuid, type Transaction } from '../../json-api/sql/sql.js';
import type { Account } from '../account.entity.js';
import { isEnabledAdmin, outranks } from '../account.policy.js';
import { AccountsRepository } from '../accounts.repository.js';
import { AdminsRepository } from './admins.repository.js';

/**
 * Keeps the last enabled admin: an account whose role has every right, whatever the role's name. A write that
 * may remove one locks another one until the commit, so that this other one is not removed meanwhile, not even by
 * concurrent writes. Locks are taken in the order of ids.
 */
@Injectable()
export class LastAdmin {
  constructor(
    private readonly roles: Roles,
    private readonly accounts: AccountsRepository,
    private readonly admins: AdminsRepository,
  ) {}

  /**
   * Locks the account and another admin, if it is one. To be called before any account's row is locked. Locks
   * nothing when the account is out of the actor's scope or ranks above the actor.
   */
  async lock(actor: Actor, action: 'update' | 'delete', id: string, tx: Transaction): Promise<void> {
    if (!isUuid(id)) return;
    const roleName = await this.accounts.roleNameInScope(actor, action, id, tx);
    if (roleName === null || !this.isAdmin(roleName) || outranks(this.roles.get(roleName), actor)) return;
    await this.admins.lockWithAnother(this.roles.fullAccessNames(), id, tx);
  }

  /**
   * Looks again, now that the account's row is held. An account that became an admin since `lock` looked makes this
   * lock late and out of order; the database then ends one of the two as a deadlock, and it is tried again.
   * @throws ApiError 409 when the account is the last enabled admin
   */
  async check(account: Account, tx: Transaction): Promise<void> {
    if (!isEnabledAdmin(account, this.roles)) return;
    const isThereAnother = await this.admins.lockWithAnother(this.roles.fullAccessNames(), account.id, tx);
    if (!isThereAnother) {
      throw apiError('conflict', 'This is the last enabled admin; make another one first');
    }
  }

  private isAdmin(roleName: string): boolean {
    return this.roles.fullAccessNames().includes(roleName);
  }
}
