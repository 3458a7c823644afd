import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Limits } from './connection-limits.js';
import { withConnections } from './connections.js';
import { acquireMigrationLock, MIGRATION_LOCKS } from './migration-lock.js';
import { PendingMigrations } from './pending-migrations.js';
import { findMissingMigrationPrivileges, privilegeErrors } from './checks/privileges.js';
import { UnfitDatabaseError } from './checks/requirements.js';
import { sqlStateOf } from './errors/sql-state.js';

/** A migration that cannot get a table lock within this time lets the waiting queries pass, in milliseconds. */
const LOCK_TIMEOUT_MS = 1_000;
/** So often such a migration is tried again before the run fails. */
const LOCK_ATTEMPTS = 30;
const LOCK_NOT_AVAILABLE = '55P03';

/** Brings the database of a data source up to date and gives the names of the migrations that ran. */
export type Migrate = (dataSource: DataSource) => Promise<string[]>;

/** Settings that callers other than tests leave alone. */
export interface MigrateOptions {
  /** Milliseconds to wait for another process that migrates; 15 minutes by default. */
  readonly patienceMs?: number;
}

/**
 * Runs the migrations that are pending and gives their names. Any number of processes may call it at once: one
 * migrates, the others wait and find nothing left to do. It opens two connections of its own, without a statement
 * timeout and with a lock timeout of a second; a migration that creates an index concurrently sets its own.
 * @throws UnfitDatabaseError when the role may not migrate; when a migration fails; when another process holds the lock
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
        options.patienceMs,
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

/** Each migration has a transaction of its own, so a run that failed on a table lock goes on where it stopped. */
async function runPending(dataSource: DataSource): Promise<string[]> {
  const done: string[] = [];
  for (let attempt = 1; ; attempt++) {
    try {
      const ran = await dataSource.runMigrations();
      return [...done, ...ran.map((migration) => migration.name)];
    } catch (error) {
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE || attempt === LOCK_ATTEMPTS) throw error;
      new Logger('Migrations').warn(`A table is in use; trying again (${attempt} of ${LOCK_ATTEMPTS})`);
      await sleep(LOCK_TIMEOUT_MS / 2);
    }
  }
}
