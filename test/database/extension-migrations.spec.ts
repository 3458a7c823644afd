import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger, type Type } from '@nestjs/common';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { migrateAll } from '../../src/app.migrate.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrations } from '../../src/database/schema.js';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database.js';

/** A migration of one statement. */
abstract class Statement implements MigrationInterface {
  protected readonly statement: string = 'SELECT 1';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(this.statement);
  }

  async down(): Promise<void> {}
}

/** Older than every migration of the service, and on a table of it. */
class Badges1600000000000 extends Statement {
  override statement = 'CREATE TABLE badges (account_id uuid REFERENCES accounts (id))';
}

/** Newer than every one. */
class Stars1900000000000 extends Statement {
  override statement = 'CREATE TABLE stars (organization_id uuid REFERENCES organizations (id))';
}

class Namesake extends Statement {
  name = migrations[0]?.name;
}

class Undated extends Statement {}

const OWN = migrations.map(({ name }) => name);

describe('Migrations of an extension', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  async function migrateWith(...added: Type<MigrationInterface>[]): Promise<string[]> {
    const options = dataSourceOptions(database.url, { databasePoolSize: 2 }, { migrations: added });
    const dataSource = await new DataSource(options).initialize();
    try {
      return await migrateAll(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  it("run after the service's in a new database, whatever their timestamps", async () => {
    await withClient(database.url, (client) => client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
    expect(await migrateWith(Stars1900000000000, Badges1600000000000)).toEqual([
      ...OWN,
      'Badges1600000000000',
      'Stars1900000000000',
    ]);
    expect(await migrateWith(Stars1900000000000, Badges1600000000000)).toEqual([]);
  });

  it('run when they come later, also one with an older timestamp than those that have run', async () => {
    expect(await migrateWith(Stars1900000000000)).toEqual(['Stars1900000000000']);
    expect(await migrateWith(Badges1600000000000, Stars1900000000000)).toEqual(['Badges1600000000000']);
  });

  it.each<[string, Type<MigrationInterface>, string]>([
    ['is called like one of the service', Namesake, `two are called ${OWN[0]}`],
    ['has no timestamp', Undated, 'the name of Undated must end in a timestamp of 13 digits'],
  ])('stop the start when one %s', (_, migration, reason) => {
    const options = (): unknown =>
      dataSourceOptions(database.url, { databasePoolSize: 1 }, { migrations: [migration] });
    expect(options).toThrow(reason);
  });
});
