import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { openDataSource } from '../../src/database/open-data-source.js';
import { MAINTENANCE_CONNECTION } from '../../src/database/connection-limits.js';
import { ResilientClient, type ResilientClientConfig } from '../../src/database/resilient-client.js';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase, onServer, type TestDatabase } from '../support/database.js';

/** Takes a connection out of the pool, has PostgreSQL end it while it has no error listener, and uses the pool again. */
async function loseOne(pool: Pool): Promise<unknown> {
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // Not `once` of node:events, which would listen to errors, too.
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  await onServer((server) => server.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]));
  await ended;
  await expect(client.query('SELECT 1')).rejects.toThrow();
  client.release(true);
  return (await pool.query('SELECT 1 AS one')).rows;
}

async function onDatabase(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await createTestDatabase();
  try {
    await work(database);
  } finally {
    await database.drop();
  }
}

it('A checked-out connection without an error listener does not end the process when it breaks', () =>
  onDatabase(async ({ url }) => {
    const pool = new Pool({ connectionString: url, max: 1, Client: ResilientClient });
    pool.on('error', () => undefined);
    expect(await loseOne(pool)).toEqual([{ one: 1 }]);
    await pool.end();
  }));

it('The connections of the service are such', () =>
  onDatabase(async ({ url }) => {
    const dataSource = await openDataSource(dataSourceOptions(url, { databasePoolSize: 2 }));
    expect(await loseOne(poolOf(dataSource))).toEqual([{ one: 1 }]);
    await dataSource.destroy();
  }));

it('A connection to a read-only server is closed after the first rejected statement', () =>
  onDatabase(async ({ url }) => {
    const pool = new Pool({ connectionString: url, max: 1, Client: ResilientClient });
    const client = await pool.connect();
    await client.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY');
    await expect(client.query('CREATE TABLE written ()')).rejects.toMatchObject({ code: '25006' });
    // Without an error, as code that has caught it would.
    client.release();
    await pool.query('CREATE TABLE written ()');
    await pool.end();
  }));

describe('When a network swallows every packet', () => {
  const limits: ResilientClientConfig = { responseTimeoutMillis: 600, handshakeTimeoutMillis: 1_000 };

  /** A pool of one connection, by way of a proxy, on which a statement was answered. */
  const throughProxy = (work: (pool: Pool, proxy: TcpProxy) => Promise<void>): Promise<void> =>
    onDatabase(async ({ url }) => {
      const proxy = await TcpProxy.open(url);
      const pool = new Pool({ connectionString: proxy.url, max: 1, Client: ResilientClient, ...limits });
      pool.on('error', () => undefined);
      try {
        await pool.query('SELECT 1');
        await work(pool, proxy);
      } finally {
        await pool.end();
        await proxy.close();
      }
    });

  it('a statement fails in time, and its connection is not used again', () =>
    throughProxy(async (pool, proxy) => {
      const client = await pool.connect();
      proxy.swallow();
      await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      client.release();
      proxy.mend();
      expect((await pool.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
    }));

  it('a connection that does not come about fails in time', () =>
    throughProxy(async (_pool, proxy) => {
      proxy.swallow();
      await expect(new ResilientClient({ connectionString: proxy.url, ...limits }).connect()).rejects.toThrow(
        'timeout',
      );
    }));

  it('statements in turn have each their own time, and idle connections all of it', () =>
    throughProxy(async (pool) => {
      const client = await pool.connect();
      for (let n = 0; n < 3; n++) await client.query('SELECT pg_sleep(0.25)');
      await Promise.all([1, 2, 3].map(() => client.query('SELECT pg_sleep(0.25)')));
      await sleep(800);
      expect((await client.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
      client.release();
    }));
});

it('A password that a pool hides is known all the same', () => {
  const config = Object.defineProperty({ user: 'iam', host: '127.0.0.1' }, 'password', { value: 'secret' });
  expect(new ResilientClient(config).password).toBe('secret');
});

it('A migration, an export or an import may take as long as it takes', () =>
  onDatabase(async ({ url }) => {
    expect(MAINTENANCE_CONNECTION).not.toHaveProperty('responseTimeoutMillis');
    const pool = new Pool({ connectionString: url, ...MAINTENANCE_CONNECTION });
    const { rows } = await pool.query(
      `SELECT current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle`,
    );
    expect(rows).toEqual([{ statement: '0', idle: '0' }]);
    await pool.end();
  }));
