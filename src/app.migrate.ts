import type { DataSource } from 'typeorm';
import { accessOf } from './database/connections.js';
import { migrate } from './database/migrate.js';
import { migrateOutbox } from './outbox/outbox.migrate.js';

/**
 * Brings everything that the service keeps in PostgreSQL up to date: its tables, and the schema of the outbox's
 * library, which has migrations of its own. Any number of processes may call it at once.
 * @returns the names of the service's migrations that ran
 * @throws when a migration fails; those before it stay
 */
export async function migrateAll(dataSource: DataSource): Promise<string[]> {
  const ran = await migrate(dataSource);
  await migrateOutbox(accessOf(dataSource).directUrl);
  return ran;
}
