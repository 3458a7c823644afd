import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { closeSocket, listenToProtocol, writeTogether } from '../../src/database/resilient-client.js';
import { markInTransaction } from '../../src/database/transactions.js';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('An update of pg has not changed', () => {
  let client: Client;
  const reported: string[] = [];

  beforeAll(async () => {
    client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    listenToProtocol(client, {
      ready: () => reported.push('ready'),
      setting: (name, value) => reported.push(`${name}=${value}`),
      failed: (sqlState) => reported.push(`failed ${sqlState}`),
    });
    await client.connect();
  });

  /** What the client reports while it runs this statement. */
  async function reportedBy(statement: string): Promise<string[]> {
    await client.query('SELECT 1');
    reported.length = 0;
    await client.query(statement).catch(() => undefined);
    await client.query('SELECT 1');
    return reported;
  }

  it('the event `parameterStatus` of Client.connection, with a name and a value', async () => {
    expect(await reportedBy(`SET application_name = 'new name'`)).toEqual([
      'application_name=new name',
      'ready',
      'ready',
    ]);
  });

  it('the event `readyForQuery` of Client.connection, after each statement', async () => {
    expect(await reportedBy('SELECT 1')).toEqual(['ready', 'ready']);
  });

  it('the event `errorMessage` of Client.connection, with an SQLSTATE', async () => {
    expect(await reportedBy('SELECT 1 / 0')).toEqual(['failed 22012', 'ready', 'ready']);
  });

  it('the socket `Client.connection.stream`, which holds back what is sent together, and then sends it', async () => {
    const { stream } = client.connection;
    writeTogether(client);
    writeTogether(client);
    const sent = client.query('SELECT 1 AS one');
    expect(stream.writableLength).toBeGreaterThan(0);
    expect((await sent).rows).toEqual([{ one: 1 }]);
    expect(stream.writableCorked).toBe(0);
  });

  it('the socket `Client.connection.stream`, whose end rejects what is pending', async () => {
    const pending = client.query('SELECT pg_sleep(60)');
    closeSocket(client, new Error('closed by the test'));
    await expect(pending).rejects.toThrow('closed by the test');
  });
});

describe('An update of TypeORM has not changed', () => {
  it('the place of its pool, which is one of pg', async () => {
    const dataSource = await new DataSource(dataSourceOptions(database.url, { databasePoolSize: 1 })).initialize();
    try {
      const pool = poolOf(dataSource);
      expect(pool).toBeInstanceOf(Pool);
      expect((await pool.query({ text: 'SELECT 1, 2', rowMode: 'array' })).rows).toEqual([[1, 2]]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('what says that a query runner is in a transaction: its manager takes part, and one inside is a savepoint', async () => {
    const dataSource = await new DataSource(dataSourceOptions(database.url, { databasePoolSize: 1 })).initialize();
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query('START TRANSACTION');
      markInTransaction(runner);
      await runner.manager.query('CREATE TABLE kept (n int)');
      const inner = runner.manager.transaction(async (manager) => {
        await manager.query('CREATE TABLE undone (n int)');
        throw new Error('only the inner one');
      });
      await expect(inner).rejects.toThrow('only the inner one');
      const [tables] = await runner.query(`SELECT to_regclass('kept') AS kept, to_regclass('undone') AS undone`);
      expect(tables).toEqual({ kept: 'kept', undone: null });
      await runner.query('ROLLBACK');
      expect(await runner.query(`SELECT to_regclass('kept') AS kept`)).toEqual([{ kept: null }]);
    } finally {
      await runner.release();
      await dataSource.destroy();
    }
  });

  it('so much that a wrong place goes unnoticed', () => {
    const elsewhere = { driver: { primary: new Pool() } } as never;
    expect(() => poolOf(elsewhere)).toThrow('TypeORM keeps its pool in another place than `master`');
  });
});

describe('Members that a library does not document', () => {
  const MEMBERS: readonly [member: string, pattern: RegExp, file: string][] = [
    ["pg's emitter and socket", /connection\.(?:on|once|stream)\b/, 'database/resilient-client.ts'],
    ["pg's emitter of readiness", /readyForQuery/, 'database/resilient-client.ts'],
    ["TypeORM's state of a transaction", /transactionDepth/, 'database/transactions.ts'],
    ["TypeORM's pool", /\.master\b/, 'json-api/sql/sql.ts'],
    ["graphile-worker's private tables", /graphile_worker\._private/, 'outbox/outbox.repository.ts'],
    ["graphile-worker's state", /\._shuttingDown|\._active|\._workers/, 'outbox/graphile-worker.ts'],
  ];
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, source: readFileSync(join('src', file), 'utf8') }));

  it.each(MEMBERS)('are used in one file: %s', (_, pattern, file) => {
    expect(sources.filter(({ source }) => pattern.test(source)).map((one) => one.file)).toEqual([file]);
  });
});
