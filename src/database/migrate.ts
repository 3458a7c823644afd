import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource, type Migration, MigrationExecutor } from 'typeorm';
import { LOCK_NOT_AVAILABLE } from '../json-api/sql/sql.js';
import type { Limits } from './connection-limits.js';
import { withConnections } from './connections.js';
import { PendingMigrations } from './pending-migrations.js';
import { findMissingMigrationPrivileges, privilegeErrors } from './checks/privileges.js';
import { migrations } from './schema.js';
import { UnfitDatabaseError } from './checks/requirements.js';
import { sqlStateOf } from './errors/sql-state.js';

/** `lock_timeout` of a migration, in milliseconds: then the queries queued behind it proceed. */
const LOCK_TIMEOUT_MS = 1_000;
/** Attempts of such a migration before the run fails. */
const LOCK_ATTEMPTS = 30;

/** Migrates the database of a data source and returns the names of the migrations that ran. */
export type Migrate = (dataSource: DataSource) => Promise<string[]>;

/** Options for tests. */
export interface MigrateOptions {
  /** Milliseconds to wait for another process that migrates; 15 minutes by default. */
  readonly lockTimeoutMs?: number;
}

/**
 * Runs the pending migrations and returns their names. Safe to run in several processes at once: one migrates, the
 * others wait and then find none pending. Opens two connections of its own, without a statement timeout and with a lock
 * timeout of a second; a migration that creates an index concurrently sets its own.
 * @throws UnfitDatabaseError when the role may not migrate; when a migration fails; when another process keeps the lock
 * for too long.
 */
export async function migrate(dataSource: DataSource, options: MigrateOptions = {}): Promise<string[]> {
  const migrating = new DataSource(migrationOptions(dataSource));
  await migrating.initialize();
  try {
    const session = migrating.createQueryRunner();
    try {
      await acquireMigrationLock(
        (statement, parameters) => session.query(statement, parameters),
        MIGRATION_LOCKS.schema,
        options.lockTimeoutMs,
      );
      if ((await new PendingMigrations(migrating).list()).length === 0) return [];
      const missing = await findMissingMigrationPrivileges(migrating);
      if (missing.length > 0) throw new UnfitDatabaseError(privilegeErrors(missing));
      return await runPending(migrating);
    } finally {
      // The lock ends with its session, and `destroy` below ends the session.
      await session.release();
    }
  } finally {
    await migrating.destroy();
  }
}

function migrationOptions({ options }: DataSource): DataSource['options'] {
  if (options.type !== 'postgres') throw new Error('Migrations are written for PostgreSQL.');
  const direct = withConnections(options, 'maintenance', { size: 2, name: 'iam migrate' });
  const { sessionSettings } = direct.extra as Limits;
  return {
    ...direct,
    extra: { ...direct.extra, sessionSettings: { ...sessionSettings, lock_timeout: `${LOCK_TIMEOUT_MS}ms` } },
  };
}

/**
 * The service's migrations, then those of its extension, each in the order of their timestamps. So an extension's find
 * the same tables in a new database, where all of them run at once, as in one that has been there for long.
 */
class OrderedMigrations extends MigrationExecutor {
  override transaction = 'each' as const;

  protected override getMigrations(): Migration[] {
    const own = new Set<unknown>(migrations);
    const isOwn = ({ instance }: Migration): boolean => own.has(instance?.constructor);
    const sorted = super.getMigrations();
    return [...sorted.filter(isOwn), ...sorted.filter((migration) => !isOwn(migration))];
  }
}

/** Each migration has its own transaction, so a run that failed on a table lock continues where it stopped. */
async function runPending(dataSource: DataSource): Promise<string[]> {
  const done: string[] = [];
  for (let attempt = 1; ; attempt++) {
    try {
      const ran = await new OrderedMigrations(dataSource).executePendingMigrations();
      return [...done, ...ran.map((migration) => migration.name)];
    } catch (error) {
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE || attempt === LOCK_ATTEMPTS) throw error;
      new Logger('Migrations').warn(`A table is in use; trying again (${attempt} of ${LOCK_ATTEMPTS})`);
      await sleep(LOCK_TIMEOUT_MS / 2);
    }
  }
}

/** Keys of the advisory locks for migrations: any numbers that are not used elsewhere on the database. */
export const MIGRATION_LOCKS = { schema: 4_219_073_501, outbox: 4_219_073_502 } as const;

/** Time between two attempts, in milliseconds. */
const POLL_MS = 50;
/** Maximum time to wait for another process that migrates, in milliseconds. */
const MAX_WAIT_MS = 15 * 60_000;

/** Runs a statement in the session that takes the lock, and returns its rows. */
type Query = (statement: string, parameters: unknown[]) => Promise<readonly { readonly locked: boolean }[]>;

/**
 * Waits until the session has acquired the advisory lock, which is released with the session. Polls with
 * pg_try_advisory_lock: a session that waits in pg_advisory_lock has a snapshot, and CREATE INDEX CONCURRENTLY would
 * wait for that snapshot in turn.
 * @throws Error when another process keeps the lock for too long; by default 15 minutes, in milliseconds
 */
export async function acquireMigrationLock(query: Query, key: number, timeoutMs = MAX_WAIT_MS): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const [row] = await query('SELECT pg_try_advisory_lock($1) AS locked', [key]);
    if (row?.locked) return;
    if (Date.now() >= giveUpAt) throw new Error('Another process has been migrating this database for too long.');
    await sleep(POLL_MS);
  }
}
