import { runMigrations } from 'graphile-worker';
import { Pool } from 'pg';
import { MAINTENANCE_CONNECTION } from '../database/connection-limits.js';
import { acquireMigrationLock, MIGRATION_LOCKS } from '../database/migrate.js';
import { outboxLogger } from './graphile-worker.js';

/** The schema that graphile-worker owns and migrates; the SQL function `graphile_worker.add_job` stands in it. */
export const OUTBOX_SCHEMA = 'graphile_worker';

/**
 * Brings the outbox's schema up to date; a part of `migrate`. Several processes may call it at once: the library
 * alone would let all but one fail on creating the schema. All connections are closed when it resolves, so that the
 * database can be used as a template at once.
 */
export async function migrateOutbox(databaseUrl: string): Promise<void> {
  const pool = new Pool({
    connectionString: databaseUrl,
    ...MAINTENANCE_CONNECTION,
    max: 2,
    application_name: 'iam migrate',
  });
  try {
    const session = await pool.connect();
    try {
      await acquireMigrationLock(
        async (statement, parameters) => (await session.query<{ locked: boolean }>(statement, parameters)).rows,
        MIGRATION_LOCKS.outbox,
      );
      await runMigrations({ pgPool: pool, schema: OUTBOX_SCHEMA, logger: outboxLogger() });
    } finally {
      // The lock ends with its session.
      session.release(true);
    }
  } finally {
    await pool.end();
  }
}
