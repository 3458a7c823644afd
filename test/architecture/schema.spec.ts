import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** The tables that the migrations made, beside those that the entities describe. */
describe('Migrations and entities', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, { databasePoolSize: 2 })).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** What TypeORM would do to the database, so that it becomes what the entities say. */
  async function differences(): Promise<string[]> {
    // A comment is the wording of the API's documentation. Changing a word there is no change of the schema.
    for (const { columns } of dataSource.entityMetadatas) for (const column of columns) column.comment = undefined;
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    // Indexes that make reading fast are the migrations' own: entities cannot say what most of them are made of.
    return upQueries.map(({ query }) => query).filter((query) => !query.startsWith('DROP INDEX'));
  }

  it('make the same schema', async () => {
    expect(await differences()).toEqual([]);
  });

  it('are really compared', async () => {
    await dataSource.query('ALTER TABLE accounts ALTER COLUMN role_name TYPE varchar(99)');
    await dataSource.query('DROP INDEX account_sessions_expires_at_idx');
    await dataSource.query('ALTER TABLE account_sessions DROP CONSTRAINT account_sessions_account_id_fkey');
    const found = (await differences()).join('\n');
    expect(found).toContain('ALTER TABLE "accounts"');
    expect(found).toContain('CREATE INDEX "account_sessions_expires_at_idx"');
    expect(found).toContain('ADD CONSTRAINT "account_sessions_account_id_fkey"');
  });
});
