import type { Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { Sql, Statement } from './sql.js';

/** An open transaction. Passed on as an argument, so that a reader sees what runs inside it. */
export interface Transaction {
  /** TypeORM's manager, bound to this transaction's connection. */
  readonly manager: EntityManager;
  /** Runs a statement on this transaction's connection and gives its rows. */
  query<Row>(statement: Sql): Promise<Row[]>;
  /** The same for a compiled statement, with rows as PostgreSQL sends them. */
  columns(statement: Statement): Promise<Columns[]>;
  /**
   * Sends a statement whose rows nothing waits for. When it fails, so does the next statement that is waited for, or the
   * commit, with its error.
   */
  send(statement: Sql): void;
  /** Runs once the commit is acknowledged; never after a rollback. */
  afterCommit(effect: () => void | Promise<void>): void;
}

/** What a transaction reads at its end. */
export interface Reading<Result> {
  readonly read: Promise<Result>;
}

/** Opens transactions. `src/database` implements it; the resource layer only needs to know that it exists. */
export abstract class Transactions {
  /** Runs one statement that stands for itself, as its own transaction: one round trip in place of three. */
  abstract query<Row>(statement: Sql): Promise<Row[]>;

  /**
   * Runs work in one transaction that ends with reading what it wrote: by one statement, for which it does not wait, and
   * whose result decides nothing any more. The COMMIT is sent right behind it.
   */
  abstract runAndRead<Result>(work: (tx: Transaction) => Promise<Reading<Result>>): Promise<Result>;

  /** Runs the work in one transaction: commits when it resolves, rolls back when it throws. */
  run<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.runAndRead(async (tx) => ({ read: Promise.resolve(await work(tx)) }));
  }
}

/** SQLSTATE of a statement that waited for a lock for longer than `lock_timeout`. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** A row as PostgreSQL sends it: its columns in order. */
export type Columns = readonly unknown[];

/** Runs the layer's statements: inside the transaction that it is given, else on any connection of the pool. */
export class Executor {
  constructor(private readonly dataSource: DataSource) {}

  async rows(statement: Statement, tx?: Transaction): Promise<Columns[]> {
    if (tx) return tx.columns(statement);
    const { text, values, name } = statement;
    // Directly on the pool: no entity is hydrated for what is only read and sent on.
    const pool = poolOf(this.dataSource);
    return (await pool.query<unknown[]>({ text, values, rowMode: 'array', ...(name !== undefined && { name }) })).rows;
  }
}

/**
 * The pool of `pg` behind an initialized data source, for statements whose rows are no entities. TypeORM does not
 * document it: this is the one place that uses it.
 * @throws TypeError before `initialize`, and when an update of TypeORM has moved the pool
 */
export function poolOf(dataSource: Pick<DataSource, 'driver'>): Pool {
  const pool: Partial<Pool> | undefined = (dataSource.driver as PostgresDriver).master;
  if (typeof pool?.query !== 'function') {
    throw new TypeError('The data source is not initialized, or TypeORM keeps its pool in another place than `master`');
  }
  return pool as Pool;
}
