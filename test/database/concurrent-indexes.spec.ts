import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { migrateAll } from '../../src/app.migrate.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { openDataSource } from '../../src/database/open-data-source.js';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database.js';

/** A team's migration, after those of the service. */
class Note9900000000000 implements MigrationInterface {
  name = 'Note9900000000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE note AS SELECT current_setting('lock_timeout') AS lock_timeout`);
  }
  async down(): Promise<void> {}
}

let database: TestDatabase;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await createTestDatabase();
  await withClient(database.url, (client) =>
    client.query(`
      DROP SCHEMA public, graphile_worker CASCADE; CREATE SCHEMA public;
      CREATE SCHEMA "Extensions of all"; CREATE EXTENSION pg_trgm SCHEMA "Extensions of all"`),
  );
  const options = dataSourceOptions(database.url, { databasePoolSize: 2 }, { migrations: [Note9900000000000] });
  await (await openDataSource({ ...options, migrationsRun: true }, migrateAll)).destroy();
});
afterAll(() => database.drop());

it('Indexes of searches are built, and used, also where pg_trgm lies in a schema that is not on the search path', () =>
  withClient(database.url, async (client) => {
    await client.query('SET enable_seqscan = off; SET enable_indexscan = off; SET enable_indexonlyscan = off');
    const { rows } = await client.query(`EXPLAIN SELECT id FROM accounts WHERE name_folded LIKE '%maria%'`);
    expect(JSON.stringify(rows)).toContain('accounts_name_folded_idx');
  }));

it('A migration that follows still lets queries pass that wait for its table lock', () =>
  withClient(database.url, async (client) => {
    expect((await client.query('SELECT lock_timeout FROM note')).rows).toEqual([{ lock_timeout: '1s' }]);
  }));
