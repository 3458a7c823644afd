import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { translateDatabaseError } from '../../src/database/errors/constraint-errors.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { PostgresTransactions } from '../../src/database/transactions.js';
import { sql, type Transaction } from '../../src/json-api/sql/sql.js';
import { createTestDatabase, onServer, type TestDatabase } from '../support/database.js';

describe('a transaction', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let transactions: PostgresTransactions;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, { databasePoolSize: 4 })).initialize();
    transactions = new PostgresTransactions(dataSource);
    await dataSource.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
  });

  beforeEach(async () => {
    await dataSource.query('TRUNCATE counters');
    await dataSource.query('INSERT INTO counters VALUES (1, 0), (2, 0)');
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const counters = (): Promise<{ id: number; n: number }[]> => dataSource.query('SELECT * FROM counters ORDER BY id');

  it('commits when its work resolves, and gives what the work gave', async () => {
    const rows = await transactions.run((tx) =>
      tx.query<{ n: number }>(sql`UPDATE counters SET n = ${7} WHERE id = ${1} RETURNING n`),
    );
    expect(rows).toEqual([{ n: 7 }]);
    expect(await counters()).toEqual([
      { id: 1, n: 7 },
      { id: 2, n: 0 },
    ]);
  });

  it('gives the same form of rows for every kind of statement', async () => {
    await transactions.run(async (tx) => {
      expect(await tx.query(sql`INSERT INTO counters VALUES (3, 0) RETURNING id`)).toEqual([{ id: 3 }]);
      expect(await tx.query(sql`UPDATE counters SET n = 1`)).toEqual([]);
      expect(await tx.query(sql`DELETE FROM counters WHERE id = 3 RETURNING id`)).toEqual([{ id: 3 }]);
      expect(await tx.query(sql`SELECT 1 AS one WHERE false`)).toEqual([]);
    });
  });

  it('rolls back when its work throws, and throws the same', async () => {
    const reason = new Error('changed my mind');
    const work = transactions.run(async (tx) => {
      await tx.query(sql`UPDATE counters SET n = 7`);
      throw reason;
    });
    await expect(work).rejects.toBe(reason);
    expect((await counters())[0]).toEqual({ id: 1, n: 0 });
  });

  it('is one and the same for its manager and its statements', async () => {
    await transactions.run(async (tx) => {
      await tx.manager.query('UPDATE counters SET n = 7');
      expect(await tx.query(sql`SELECT n FROM counters WHERE id = 1`)).toEqual([{ n: 7 }]);
      expect((await counters())[0]).toEqual({ id: 1, n: 0 });
    });
  });

  it('performs its effects in order, after the commit', async () => {
    const seen: unknown[] = [];
    await transactions.run(async (tx) => {
      tx.afterCommit(async () => void seen.push((await counters())[0]?.n));
      tx.afterCommit(() => void seen.push('second'));
      await tx.query(sql`UPDATE counters SET n = 7`);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([7, 'second']);
  });

  it('performs no effect after a rollback', async () => {
    const effect = jest.fn<() => void>();
    const work = transactions.run(async (tx) => {
      tx.afterCommit(() => effect());
      await tx.query(sql`SELECT 1 / 0`);
    });
    await expect(work).rejects.toMatchObject({ driverError: { code: '22012' } });
    expect(effect).not.toHaveBeenCalled();
  });

  it('succeeds although an effect fails, performs the others, and logs the failure', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    const next = jest.fn<() => void>();
    const result = await transactions.run(async (tx) => {
      tx.afterCommit(() => Promise.reject(new Error('mail server on fire')));
      tx.afterCommit(() => next());
      return 'done';
    });
    expect(result).toBe('done');
    expect(next).toHaveBeenCalledTimes(1);
    expect(error).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('mail server on fire'));
    error.mockRestore();
  });

  it('does not pass for committed when its work swallowed the error of a statement', async () => {
    const effect = jest.fn<() => void>();
    const work = transactions.run(async (tx) => {
      tx.afterCommit(() => effect());
      await tx.query(sql`UPDATE counters SET n = 7`);
      await tx.query(sql`SELECT 1 / 0`).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('swallowed');
    expect(effect).not.toHaveBeenCalled();
    expect((await counters())[0]).toEqual({ id: 1, n: 0 });
  });

  it('waits for a statement that was only sent before the next one and before the commit', async () => {
    await transactions.run(async (tx) => {
      tx.send(sql`UPDATE counters SET n = ${7} WHERE id = ${1}`);
      expect(await tx.query(sql`SELECT n FROM counters WHERE id = 1`)).toEqual([{ n: 7 }]);
      tx.send(sql`UPDATE counters SET n = ${8} WHERE id = ${2}`);
    });
    expect(await counters()).toEqual([
      { id: 1, n: 7 },
      { id: 2, n: 8 },
    ]);
  });

  it('fails with the error of a statement that was only sent, at the next one and at the commit', async () => {
    const effect = jest.fn<() => void>();
    const next = transactions.run(async (tx) => {
      tx.send(sql`INSERT INTO counters VALUES (1, 1)`);
      await expect(tx.query(sql`SELECT 1`)).rejects.toMatchObject({ driverError: { code: '23505' } });
      await tx.manager.query('SELECT 1');
    });
    await expect(next).rejects.toMatchObject({ driverError: { code: '23505' } });
    const last = transactions.run(async (tx) => {
      tx.afterCommit(() => effect());
      await tx.query(sql`UPDATE counters SET n = 7`);
      tx.send(sql`INSERT INTO counters VALUES (1, 1)`);
    });
    await expect(last).rejects.toMatchObject({ driverError: { code: '23505' } });
    const thrown = transactions.run(async (tx) => {
      tx.send(sql`INSERT INTO counters VALUES (1, 1)`);
      throw new Error('found only afterwards');
    });
    await expect(thrown).rejects.toMatchObject({ driverError: { code: '23505' } });
    expect(effect).not.toHaveBeenCalled();
    expect((await counters())[0]).toEqual({ id: 1, n: 0 });
  });

  it('is tried again after a serialization failure of a statement that was only sent', async () => {
    let attempts = 0;
    const work = transactions.run(async (tx) => {
      attempts++;
      tx.send(sql`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`);
    });
    await expect(work).rejects.toMatchObject({ driverError: { code: '40001' } });
    expect(attempts).toBe(4);
  });

  it('commits behind the statement with which it ends', async () => {
    const effect = jest.fn<() => void>();
    const rows = await transactions.runAndRead(async (tx) => {
      tx.afterCommit(() => effect());
      tx.send(sql`UPDATE counters SET n = 7 WHERE id = 1`);
      return { read: tx.query(sql`SELECT n FROM counters WHERE id = 1`) };
    });
    expect(rows).toEqual([{ n: 7 }]);
    expect(effect).toHaveBeenCalledTimes(1);
    expect((await counters())[0]).toEqual({ id: 1, n: 7 });
  });

  it('does not commit when the statement with which it ends fails, and throws its error', async () => {
    const effect = jest.fn<() => void>();
    const work = transactions.runAndRead(async (tx) => {
      tx.afterCommit(() => effect());
      tx.send(sql`UPDATE counters SET n = 7 WHERE id = 1`);
      return { read: tx.query(sql`SELECT 1 / 0`) };
    });
    await expect(work).rejects.toMatchObject({ driverError: { code: '22012' } });
    expect(effect).not.toHaveBeenCalled();
    expect((await counters())[0]).toEqual({ id: 1, n: 0 });
    expect(await transactions.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  it('is tried again after a deadlock, and its effects are performed once', async () => {
    const effect = jest.fn<() => void>();
    const attempts: string[] = [];
    let locked = 0;
    let bothLocked: () => void = () => undefined;
    const meeting = new Promise<void>((resolve) => (bothLocked = resolve));
    const increment = (name: string, first: number, second: number) => async (tx: Transaction) => {
      attempts.push(name);
      tx.afterCommit(() => effect());
      await tx.query(sql`UPDATE counters SET n = n + 1 WHERE id = ${first}`);
      if (++locked === 2) bothLocked();
      await meeting;
      await tx.query(sql`UPDATE counters SET n = n + 1 WHERE id = ${second}`);
    };
    await Promise.all([transactions.run(increment('a', 1, 2)), transactions.run(increment('b', 2, 1))]);
    expect(attempts).toHaveLength(3);
    expect(effect).toHaveBeenCalledTimes(2);
    expect(await counters()).toEqual([
      { id: 1, n: 2 },
      { id: 2, n: 2 },
    ]);
  });

  it('is tried four times in all after serialization failures', async () => {
    let attempts = 0;
    const work = transactions.run(async (tx) => {
      attempts++;
      await tx.query(sql`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`);
    });
    await expect(work).rejects.toMatchObject({ driverError: { code: '40001' } });
    expect(attempts).toBe(4);
  });

  it('is not tried again for any other reason', async () => {
    let attempts = 0;
    const work = transactions.run(async (tx) => {
      attempts++;
      await tx.query(sql`INSERT INTO counters VALUES (1, 1)`);
    });
    await expect(work).rejects.toMatchObject({ driverError: { code: '23505' } });
    expect(attempts).toBe(1);
  });

  it('that loses its connection is answered 503, and gives nothing bad back to the pool', async () => {
    const effect = jest.fn<() => void>();
    const work = transactions.run(async (tx) => {
      tx.afterCommit(() => effect());
      const [{ pid } = { pid: 0 }] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      await onServer((server) => server.query('SELECT pg_terminate_backend($1)', [pid]));
      await tx.query(sql`UPDATE counters SET n = 7`);
    });
    const error: unknown = await work.catch((reason: unknown) => reason);
    expect(translateDatabaseError(error)?.status).toBe(503);
    expect(effect).not.toHaveBeenCalled();
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => transactions.run((tx) => tx.query(sql`SELECT 1`))));
    expect(all).toHaveLength(6);
  });
});
