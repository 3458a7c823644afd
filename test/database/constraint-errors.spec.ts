import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseError } from 'pg';
import { DataSource, QueryFailedError } from 'typeorm';
import { CONSTRAINTS, translateDatabaseError } from '../../src/database/errors/constraint-errors.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { ConnectionLostError } from '../../src/database/errors/sql-state.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** An error as PostgreSQL sends it, wrapped as TypeORM does. */
function failed(fields: Partial<DatabaseError>): QueryFailedError {
  return new QueryFailedError('SELECT 1', [], Object.assign(new DatabaseError('private text', 1, 'error'), fields));
}

describe('an error of the database', () => {
  it('is named by the constraint that was violated', () => {
    const error = failed({ code: '23505', constraint: 'accounts_email_key_key', detail: 'Key (a@b.c) exists' });
    expect(translateDatabaseError(error)).toMatchObject({
      status: 409,
      errors: [{ code: 'conflict', detail: 'email is already taken', source: { pointer: '/data/attributes/email' } }],
      cause: error,
    });
  });

  it.each([
    ['08006', 503],
    ['08001', 503],
    ['57P01', 503],
    ['57P02', 503],
    ['57P03', 503],
    ['53300', 503],
    ['53100', 503],
    ['25006', 503],
    ['40001', 503],
    ['40P01', 503],
    ['55P03', 503],
    ['57014', 503],
    ['ECONNREFUSED', 503],
    ['ECONNRESET', 503],
    ['22021', 422],
    ['22P05', 422],
  ])('with the state %s is answered %i', (code, status) => {
    expect(translateDatabaseError(failed({ code }))?.status).toBe(status);
  });

  it('says when to come back, while the database cannot be reached', () => {
    expect(translateDatabaseError(failed({ code: '57P03' }))?.headers).toEqual({ 'Retry-After': '2' });
    expect(translateDatabaseError(failed({ code: '22021' }))?.headers).toEqual({});
  });

  it.each([
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('that only says "%s" is a lost connection', (message) => {
    expect(translateDatabaseError(new Error(message))?.status).toBe(503);
    expect(translateDatabaseError(new QueryFailedError('SELECT 1', [], new Error(message)))?.status).toBe(503);
  });

  it('inside a transaction that lost its connection is a lost connection', () => {
    expect(translateDatabaseError(new ConnectionLostError(new Error('socket')))?.status).toBe(503);
  });

  it.each([
    ['an unknown constraint', failed({ code: '23505', constraint: 'other_key' })],
    ['a constraint called like a method', failed({ code: '23505', constraint: 'constructor' })],
    ['a wrong statement', failed({ code: '42601' })],
    ['an error of ours', new TypeError('x is not a function')],
    ['no error at all', null],
    ['text', 'oops'],
  ])('that is %s is a defect, and is not translated', (_what, error) => {
    expect(translateDatabaseError(error)).toBeNull();
  });

  it('never shows the public what PostgreSQL said', () => {
    const response = translateDatabaseError(failed({ code: '53300', detail: 'private detail' }));
    expect(JSON.stringify(response?.errors)).not.toContain('private');
  });
});

describe('a real connection', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  const connect = (url: string): Promise<DataSource> =>
    new DataSource({ ...dataSourceOptions(url, { databasePoolSize: 2 }), logging: false }).initialize();

  it('knows every constraint that has an answer of its own', async () => {
    const dataSource = await connect(database.url);
    const rows: { name: string }[] = await dataSource.query('SELECT conname AS name FROM pg_constraint');
    await dataSource.destroy();
    expect(rows.map((row) => row.name)).toEqual(expect.arrayContaining(Object.keys(CONSTRAINTS)));
  });

  it('that is rejected is 503', async () => {
    const url = new URL(database.url);
    url.port = '1';
    const error: unknown = await connect(url.href).catch((reason: unknown) => reason);
    expect(translateDatabaseError(error)?.status).toBe(503);
  });

  it('that is ended by the server is answered 503, and the pool makes another', async () => {
    const dataSource = await connect(database.url);
    try {
      const query = dataSource.query('SELECT pg_terminate_backend(pg_backend_pid())');
      const error: unknown = await query.catch((reason: unknown) => reason);
      expect(translateDatabaseError(error)?.status).toBe(503);
      // The pool learns of the loss when the socket closes, a moment after the error arrived.
      await sleep(100);
      expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('that cannot be had from a full pool in time is answered 503', async () => {
    const options = { ...dataSourceOptions(database.url, { databasePoolSize: 1 }), connectTimeoutMS: 100 };
    const dataSource = await new DataSource(options).initialize();
    try {
      const busy = dataSource.query('SELECT pg_sleep(0.5)');
      const error: unknown = await dataSource.query('SELECT 1').catch((reason: unknown) => reason);
      expect(translateDatabaseError(error)?.status).toBe(503);
      await busy;
    } finally {
      await dataSource.destroy();
    }
  });

  it('that sends text with a NUL is answered 422', async () => {
    const dataSource = await connect(database.url);
    try {
      const error: unknown = await dataSource.query('SELECT $1::text', ['a\0b']).catch((reason: unknown) => reason);
      expect(translateDatabaseError(error)?.status).toBe(422);
    } finally {
      await dataSource.destroy();
    }
  });
});
