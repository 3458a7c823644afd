import { setTimeout as sleep } from 'node:timers/promises';

/** Keys of the advisory locks for migrations: any numbers that are not used elsewhere on the database. */
export const MIGRATION_LOCKS = { schema: 4_219_073_501, outbox: 4_219_073_502 } as const;

/** Time between two attempts, in milliseconds. */
const POLL_MS = 50;
/** Maximum time to wait for another process that migrates, in milliseconds. */
const LOCK_TIMEOUT_MS = 15 * 60_000;

/** Runs a statement in the session that takes the lock, and returns its rows. */
type Query = (statement: string, parameters: unknown[]) => Promise<readonly { readonly locked: boolean }[]>;

/**
 * Waits until the session has acquired the advisory lock, which is released with the session. Polls with
 * pg_try_advisory_lock: a session that waits in pg_advisory_lock has a snapshot, and CREATE INDEX CONCURRENTLY would
 * wait for that snapshot in turn.
 * @throws Error when another process keeps the lock for too long; by default 15 minutes, in milliseconds
 */
export async function acquireMigrationLock(query: Query, key: number, timeoutMs = LOCK_TIMEOUT_MS): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const [row] = await query('SELECT pg_try_advisory_lock($1) AS locked', [key]);
    if (row?.locked) return;
    if (Date.now() >= giveUpAt) throw new Error('Another process has been migrating this database for too long.');
    await sleep(POLL_MS);
  }
}
