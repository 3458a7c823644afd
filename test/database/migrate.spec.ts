import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { openDataSource } from '../../src/database/open-data-source.js';
import { assertDatabaseFits } from '../../src/database/checks/requirements.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { createTestDatabase, databaseUrl, onServer, type TestDatabase } from '../support/database.js';

class CreateThings1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE things (id int)');
    // Long enough for the others to arrive.
    await runner.query('SELECT pg_sleep(0.3)');
  }

  async down(): Promise<void> {}
}

class IndexThings1700000000002 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('SET lock_timeout = 0');
    await runner.query('CREATE INDEX CONCURRENTLY things_id_idx ON things (id)');
    await runner.query('SET lock_timeout = 1000');
  }

  async down(): Promise<void> {}
}

class ExtendThings1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD name text');
  }

  async down(): Promise<void> {}
}

class Break1700000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half_made (id int)');
    await runner.query('SELECT nonsense');
  }

  async down(): Promise<void> {}
}

const ALL = [CreateThings1700000000001, IndexThings1700000000002, ExtendThings1700000000003];
const NAMES = ALL.map((migration) => migration.name);

describe('migrating', () => {
  let database: TestDatabase;
  let opened: DataSource[];

  beforeEach(async () => {
    Logger.overrideLogger(false);
    database = await createTestDatabase();
    // The template has the service's own migrations in it; these tests begin with none.
    await query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    opened = [];
  });

  afterEach(async () => {
    for (const dataSource of opened) await dataSource.destroy();
    await database.drop();
  });

  async function open(migrations: (new () => MigrationInterface)[] = ALL): Promise<DataSource> {
    const options = { ...dataSourceOptions(database.url, { databasePoolSize: 2 }), entities: [], migrations };
    const dataSource = await new DataSource(options).initialize();
    opened.push(dataSource);
    return dataSource;
  }

  async function query(statement: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  }

  it('runs what is pending, in order, and then has nothing left to do', async () => {
    const dataSource = await open();
    expect(await migrate(dataSource)).toEqual(NAMES);
    expect(await migrate(dataSource)).toEqual([]);
  });

  it('happens once when three instances start at once, also with a concurrent index', async () => {
    const instances = await Promise.all([open(), open(), open()]);
    const ran = await Promise.all(instances.map((instance) => migrate(instance)));
    expect(ran.filter((names) => names.length > 0)).toEqual([NAMES]);
    expect(await query('SELECT name FROM migrations ORDER BY id')).toEqual(NAMES.map((name) => ({ name })));
    expect(await query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'things_id_idx'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
  });

  it('waits for a table that is in use without holding up others for longer than a second', async () => {
    await migrate(await open(ALL.slice(0, 2)));
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT * FROM things');
    const migrating = migrate(await open());
    await sleep(200);
    const startedAt = Date.now();
    // Stands behind the migration, which stands behind the open transaction.
    await query('SELECT * FROM things');
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    await holder.query('COMMIT');
    await holder.end();
    expect(await migrating).toEqual(NAMES.slice(2));
  });

  it('keeps what succeeded and undoes what failed', async () => {
    await expect(migrate(await open([...ALL, Break1700000000004]))).rejects.toThrow(/nonsense/);
    expect(await query('SELECT name FROM migrations ORDER BY id')).toEqual(NAMES.map((name) => ({ name })));
    expect(await query(`SELECT to_regclass('half_made') AS table`)).toEqual([{ table: null }]);
    expect(await migrate(await open())).toEqual([]);
  });

  it('gives up when another process keeps the lock for too long, and says so', async () => {
    const slow = migrate(await open());
    await sleep(100);
    await expect(migrate(await open(), { lockTimeoutMs: 50 })).rejects.toThrow(/Another process/);
    expect(await slow).toEqual(NAMES);
  });

  it('leaves no connection and no lock behind', async () => {
    await migrate(await open());
    const left = () =>
      query(
        `SELECT 1 FROM pg_stat_activity WHERE application_name = 'iam migrate' AND datname = current_database()
         UNION ALL SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (
           SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
    // PostgreSQL hears of the end of a connection a moment after it.
    await eventually(async () => (await left()).length === 0, 5_000);
    expect(await left()).toEqual([]);
  });

  it('is part of opening the data source when the options say so', async () => {
    const options = { ...dataSourceOptions(database.url, { databasePoolSize: 2 }), entities: [], migrations: ALL };
    const without = await openDataSource(options);
    opened.push(without);
    expect(await query(`SELECT to_regclass('things') AS table`)).toEqual([{ table: null }]);
    opened.push(await openDataSource({ ...options, migrationsRun: true }));
    expect(await query(`SELECT to_regclass('things')::text AS table`)).toEqual([{ table: 'things' }]);
  });
});

describe('a database that does not fit', () => {
  it('is rejected with what is wrong and what to do', async () => {
    const name = `${process.env['IAM_TEST_TEMPLATE']}_unfit`;
    await onServer((server) =>
      server.query(`CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'`),
    );
    try {
      const options = { ...dataSourceOptions(databaseUrl(name), { databasePoolSize: 2 }), entities: [] };
      const dataSource = await new DataSource(options).initialize();
      const checking = assertDatabaseFits(dataSource);
      await expect(checking).rejects.toThrow(/encoding is SQL_ASCII.*LC_CTYPE is C.*C\.UTF-8/s);
      await dataSource.destroy();
    } finally {
      await onServer((server) => server.query(`DROP DATABASE "${name}" WITH (FORCE)`));
    }
  });
});
