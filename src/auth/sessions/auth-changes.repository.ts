import type { PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { raw, sql, type Transaction } from '../../json-api/sql/sql.js';
import type { Sweep } from '../../sweeps/sweeps.js';
import type { PersonalTable } from '../../personal-data/personal-data.js';

/** Says for ten minutes that an account changed, and nothing of it. */
export const PERSONAL_CHANGES: PersonalTable = {
  table: 'auth_changes',
  key: 'id',
  accounts: { account_id: 'not_exported' },
};

/** How long the feed keeps changes. An instance that has not polled it for that long does not trust its cache. */
const KEPT = raw(`interval '10 minutes'`);

/** Changes that every instance has read. */
export const OLD_CHANGES: Sweep = {
  table: 'auth_changes',
  key: 'id',
  expired: sql`created_at < now() - ${KEPT}`,
  by: 'created_at',
};

/**
 * What was committed between an earlier snapshot ($1) and this one: rows of transactions that had not begun then, and of
 * those that were under way. Each row is read once, however late its transaction commits, and however long another one
 * stays open. The statement and `pg_current_snapshot()` see the same.
 */
const CHANGES = `
  SELECT pg_current_snapshot()::text AS snapshot, change.account_id
  FROM (SELECT) AS always LEFT JOIN (
    SELECT account_id FROM (
      SELECT account_id FROM auth_changes WHERE transaction_id >= pg_snapshot_xmax($1::pg_snapshot)::text::bigint
      UNION ALL
      SELECT account_id FROM auth_changes
      WHERE transaction_id = ANY (ARRAY(SELECT xid::text::bigint FROM pg_snapshot_xip($1::pg_snapshot) AS xid))
    ) AS every_change LIMIT $2
  ) AS change ON true`;

interface Row {
  readonly snapshot: string;
  readonly account_id: string | null;
}

/** What changed up to a snapshot of the database. */
export interface Changes {
  readonly accountIds: readonly string[];
  /** As `pg_current_snapshot()` writes it. */
  readonly snapshot: string;
}

/** Adds a change of each of these accounts. */
export function insertChanges(tx: Transaction, accountIds: readonly string[]): void {
  tx.send(sql`
    INSERT INTO auth_changes (id, account_id)
    SELECT * FROM unnest(${accountIds.map(() => uuidv7())}::uuid[], ${accountIds}::uuid[])`);
}

/** The database's snapshot now. @throws what the driver throws */
export async function currentSnapshot(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ snapshot: string }>('SELECT pg_current_snapshot()::text AS snapshot');
  return rows[0]?.snapshot ?? '';
}

/** The changes after a snapshot, at most so many. @throws what the driver throws */
export async function changesSince(client: PoolClient, snapshot: string, limit: number): Promise<Changes> {
  const { rows } = await client.query<Row>(CHANGES, [snapshot, limit]);
  return { accountIds: rows.flatMap((row) => row.account_id ?? []), snapshot: rows[0]?.snapshot ?? snapshot };
}
