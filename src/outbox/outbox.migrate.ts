import { setTimeout as sleep } from 'node:timers/promises';
import { runMigrations } from 'graphile-worker';
import { Pool, type PoolClient } from 'pg';
import { UNHURRIED } from '../database/connection-limits.js';
import { outboxLogger } from './outbox.logger.js';

/** The schema that graphile-worker owns and migrates; the SQL function `graphile_worker.add_job` stands in it. */
export const OUTBOX_SCHEMA = 'graphile_worker';

/** Names the lock that one migrating process holds. */
const LOCK_KEY = 4_219_073_502;
/** Time between two looks at the lock, in milliseconds. */
const POLL_MS = 50;

/**
 * Brings the outbox's schema up to date; a part of `migrate`. Several processes may call it at once: the library
 * alone would let all but one fail on creating the schema. All connections are closed when it resolves, so that the
 * database can be used as a template at once.
 */
export async function migrateOutbox(databaseUrl: string): Promise<void> {
  const pool = new Pool({
    connectionString: databaseUrl,
    ...UNHURRIED,
    max: 2,
    application_name: 'iam migrate',
  });
  try {
    const session = await pool.connect();
    try {
      await lock(session);
      await runMigrations({ pgPool: pool, schema: OUTBOX_SCHEMA, logger: outboxLogger() });
    } finally {
      // The lock ends with its session.
      session.release(true);
    }
  } finally {
    await pool.end();
  }
}

/** Polls: a session that waits inside a statement holds a snapshot, for which concurrent index builds would wait. */
async function lock(session: PoolClient): Promise<void> {
  for (;;) {
    const { rows } = await session.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK_KEY]);
    if (rows[0]?.locked) return;
    await sleep(POLL_MS);
  }
}
