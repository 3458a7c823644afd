import type { DataSource, EntityManager } from 'typeorm';
import type { Sql, Statement } from './sql.js';
import { poolOf } from './typeorm-pool.js';

/** An open transaction. Passed on as an argument, so that a reader sees what runs inside it. */
export interface Transaction {
  /** TypeORM's manager, bound to this transaction's connection. */
  readonly manager: EntityManager;
  /** Runs a statement on this transaction's connection and gives its rows. */
  query<Row>(statement: Sql): Promise<Row[]>;
  /** Runs once the commit is acknowledged; never after a rollback. */
  afterCommit(effect: () => void | Promise<void>): void;
}

/** Opens transactions. `src/database` implements it; the resource layer only needs to know that it exists. */
export abstract class Transactions {
  /** Runs one statement that stands for itself, as its own transaction: one round trip in place of three. */
  abstract query<Row>(statement: Sql): Promise<Row[]>;

  /** Runs the work in one transaction: commits when it resolves, rolls back when it throws. */
  abstract run<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
}

/** A row as PostgreSQL sends it: its columns in order. */
export type Columns = readonly unknown[];

/** Runs the layer's statements: inside the transaction that it is given, else on any connection of the pool. */
export class Executor {
  constructor(private readonly dataSource: DataSource) {}

  async rows({ text, values, name }: Statement, tx?: Transaction): Promise<Columns[]> {
    if (tx) return (await tx.manager.query<object[]>(text, [...values])).map((row) => Object.values(row));
    // Directly on the pool: no entity is hydrated for what is only read and sent on.
    const pool = poolOf(this.dataSource);
    return (await pool.query<unknown[]>({ text, values, rowMode: 'array', ...(name !== undefined && { name }) })).rows;
  }
}
