import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { openPool, withConnections, type ConnectionKind, type Pooler } from '../../src/database/connections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const SETTINGS = { size: 2, name: 'iam test' };
const LIMITS = `
  SELECT current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle,
         current_setting('application_name') AS name, current_setting('search_path') LIKE '%direct%' AS direct`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Options whose direct URL differs from the other one. */
function options(databasePooler: Pooler) {
  const directUrl = new URL(database.url);
  directUrl.searchParams.set('options', '-c search_path=public,direct -c statement_timeout=7s');
  return dataSourceOptions(database.url, { databasePoolSize: 2, databasePooler, databaseDirectUrl: directUrl.href });
}

describe('connections of a kind', () => {
  const UNLIMITED = { statement: '0', idle: '0' };
  const LIMITED = { statement: '5s', idle: '5s' };

  it.each<[ConnectionKind, Pooler, object]>([
    ['request', 'session', { ...LIMITED, direct: false }],
    // Nothing is set there: it would affect the next client of the pooler's connection.
    ['request', 'transaction', { ...UNLIMITED, direct: false }],
    ['session', 'session', { ...LIMITED, direct: true }],
    ['session', 'transaction', { ...LIMITED, direct: true }],
    ['maintenance', 'session', { ...UNLIMITED, direct: true }],
    ['maintenance', 'transaction', { ...UNLIMITED, direct: true }],
  ])(
    'for a %s, where the pooler gives a %s, lead where they should with the limits that they need',
    async (kind, pooler, expected) => {
      const pool = openPool({ options: options(pooler) }, kind, SETTINGS);
      try {
        expect((await pool.query(LIMITS)).rows).toEqual([{ ...expected, name: 'iam test' }]);
      } finally {
        await pool.end();
      }
    },
  );

  it('have settings of their own besides the limits, where they are asked for', async () => {
    const settings = { ...SETTINGS, sessionSettings: { synchronous_commit: 'off' } };
    const pool = openPool({ options: options('transaction') }, 'session', settings);
    try {
      expect((await pool.query(LIMITS)).rows).toEqual([{ ...LIMITED, direct: true, name: 'iam test' }]);
      expect((await pool.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'off' }]);
    } finally {
      await pool.end();
    }
  });

  it('are the same for a data source', async () => {
    const dataSource = new DataSource(withConnections(options('transaction'), 'session', SETTINGS));
    await dataSource.initialize();
    try {
      expect(await dataSource.query(LIMITS)).toEqual([{ ...LIMITED, direct: true, name: 'iam test' }]);
    } finally {
      await dataSource.destroy();
    }
  });

  it.each<[Pooler, unknown[]]>([
    ['session', [{ name: 'one' }]],
    ['transaction', []],
  ])('prepare statements where the pooler gives a %s as they should', async (pooler, prepared) => {
    const pool = openPool({ options: options(pooler) }, 'request', { ...SETTINGS, size: 1 });
    try {
      expect((await pool.query({ name: 'one', text: 'SELECT $1::int AS one', values: [1] })).rows).toEqual([
        { one: 1 },
      ]);
      expect((await pool.query('SELECT name FROM pg_prepared_statements')).rows).toEqual(prepared);
    } finally {
      await pool.end();
    }
  });

  it('are known only to data sources of the service', () => {
    const stranger = new DataSource({ type: 'postgres', url: database.url });
    expect(() => openPool(stranger, 'request', SETTINGS)).toThrow('dataSourceOptions');
  });
});
