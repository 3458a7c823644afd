import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { translateDatabaseError } from '../../src/database/errors/constraint-errors.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database.js';
import { createTestRole, grantAll, type TestRole } from '../support/roles.js';

let database: TestDatabase;
let role: TestRole;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  role = await createTestRole();
  await grantAll(database.url, role);
  dataSource = await new DataSource(dataSourceOptions(role.at(database.url), { databasePoolSize: 2 })).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
  await role.drop();
});

it.each([
  [
    'REVOKE INSERT ON sweeps',
    'INSERT INTO sweeps DEFAULT VALUES',
    /permission denied for table sweeps: GRANT INSERT ON sweeps is missing/,
  ],
  ['REVOKE SELECT ON accounts', 'SELECT * FROM accounts', /GRANT SELECT ON accounts is missing/],
  [
    'REVOKE USAGE ON SCHEMA graphile_worker',
    'SELECT * FROM graphile_worker.jobs',
    /GRANT USAGE ON SCHEMA graphile_worker is missing/,
  ],
])('After %s, "%s" is answered 503, and the log says what is missing', async (revoke, statement, cause) => {
  await withClient(database.url, (owner) => owner.query(`${revoke} FROM "${role.name}"`));
  const error: unknown = await dataSource.query(statement).catch((reason: unknown) => reason);
  const response = translateDatabaseError(error);
  expect(response?.status).toBe(503);
  expect(String(response?.cause)).toMatch(cause);
  expect(JSON.stringify(response?.errors)).not.toMatch(/GRANT|permission/);
});

it('A row that row-level security rejects is 503, and the log names the missing policy', async () => {
  await withClient(database.url, (owner) =>
    owner.query(
      `GRANT USAGE ON SCHEMA graphile_worker TO "${role.name}"; DROP POLICY "${role.name}" ON graphile_worker._private_jobs`,
    ),
  );
  const adding = dataSource.query(`SELECT graphile_worker.add_job('anything')`);
  const response = translateDatabaseError(await adding.catch((reason: unknown) => reason));
  expect(response?.status).toBe(503);
  expect(String(response?.cause)).toMatch(/CREATE POLICY … ON _private_jobs .* is missing/);
});

it('A change of the audit trail is an internal error, by any role', async () => {
  const changing = withClient(database.url, (owner) => owner.query('TRUNCATE audit_events'));
  expect(translateDatabaseError(await changing.catch((reason: unknown) => reason))).toBeNull();
});
