import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../json-api/sql/sql.js';
import { ActorCache } from './actor-loader.js';
import { insertChanges } from './auth-changes.repository.js';

/** Account id of a change that concerns all accounts; no account has it. */
export const ALL_ACCOUNTS = '00000000-0000-0000-0000-000000000000';

/**
 * Publishes to every instance that an account has changed. A change is a row, written in the
 * transaction of what changed; the `AuthChangeFeed` of each instance reads it. PostgreSQL's NOTIFY would serialize
 * commits, and a listening connection can fail without an error.
 */
@Injectable()
export class AuthChanges {
  constructor(private readonly cache: ActorCache) {}

  /** Publishes in this transaction that these accounts changed. This instance applies it at the commit, the others soon after. */
  async publish(tx: Transaction, accountIds: readonly string[]): Promise<void> {
    const ids = [...new Set(accountIds)];
    if (ids.length === 0) return;
    insertChanges(tx, ids);
    tx.afterCommit(() => this.cache.forget(ids));
  }

  /** Publishes in this transaction that any account may have changed, for changes of too many accounts to list. */
  async publishAll(tx: Transaction): Promise<void> {
    insertChanges(tx, [ALL_ACCOUNTS]);
    tx.afterCommit(() => this.cache.forgetAll());
  }
}
