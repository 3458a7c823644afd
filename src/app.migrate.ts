import type { DataSource } from 'typeorm';
import { accessOf } from './database/connections.js';
import { migrate } from './database/migrate.js';
import { migrateOutbox } from './outbox/outbox.migrate.js';

/**
 * Migrates the tables of the service, and the schema of graphile-worker, which has its own migrations. Safe to run in
 * several processes at once.
 * @returns the names of the service's migrations that ran
 * @throws when a migration fails; those before it stay
 */
export async function migrateAll(dataSource: DataSource): Promise<string[]> {
  const ran = await migrate(dataSource);
  await migrateOutbox(accessOf(dataSource).directUrl);
  return ran;
}
