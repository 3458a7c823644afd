import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../json-api/sql/executor.js';
import { ActorCache } from './actor-loader.js';
import { insertChanges } from './auth-changes.repository.js';

/** Stands in a change for every account: no account has this id. */
export const ALL_ACCOUNTS = '00000000-0000-0000-0000-000000000000';

/**
 * Tells every instance when what it remembers of an account is out of date. A change is a row, written in the
 * transaction of what changed; the `AuthChangeFeed` of each instance reads it. PostgreSQL's NOTIFY would serialize
 * commits, and a connection that listens can fail without a word.
 */
@Injectable()
export class AuthChanges {
  constructor(private readonly cache: ActorCache) {}

  /** Notes in this transaction that these accounts changed. This instance knows at the commit, the others soon after. */
  async publish(tx: Transaction, accountIds: readonly string[]): Promise<void> {
    const ids = [...new Set(accountIds)];
    if (ids.length === 0) return;
    await insertChanges(tx, ids);
    tx.afterCommit(() => this.cache.forget(ids));
  }

  /** Notes in this transaction that anybody may have changed: for what concerns more accounts than one can name. */
  async publishAll(tx: Transaction): Promise<void> {
    await insertChanges(tx, [ALL_ACCOUNTS]);
    tx.afterCommit(() => this.cache.forgetAll());
  }
}
