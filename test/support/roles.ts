import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { findMissingPrivileges } from '../../src/database/checks/privileges.js';
import { onServer, withClient } from './database.js';

/** A role of the server of the tests, for as long as a test needs it. */
export interface TestRole {
  readonly name: string;
  /** The same database as this role. */
  at(databaseUrl: string): string;
  /** Takes it away. To be called when the databases are gone in which it may do something. */
  drop(): Promise<void>;
}

/** Makes a role that can sign in, and nothing else. */
export async function createTestRole(): Promise<TestRole> {
  const name = `iam_test_${randomBytes(5).toString('hex')}`;
  await onServer((server) => server.query(`CREATE ROLE "${name}" LOGIN PASSWORD 'secret_of_${name}'`));
  return {
    name,
    at: (databaseUrl) => Object.assign(new URL(databaseUrl), { username: name, password: `secret_of_${name}` }).href,
    drop: () => onServer(async (server) => void (await server.query(`DROP ROLE "${name}"`))),
  };
}

/** Lets a role do what the service does, by the SQL that the start of the service would print. */
export async function grantAll(databaseUrl: string, role: TestRole): Promise<void> {
  const dataSource = new DataSource(dataSourceOptions(role.at(databaseUrl), { databasePoolSize: 1 }));
  await dataSource.initialize();
  try {
    const missing = await findMissingPrivileges(dataSource);
    await withClient(databaseUrl, (owner) => owner.query(missing.map(({ sql }) => sql).join(' ')));
  } finally {
    await dataSource.destroy();
  }
}
