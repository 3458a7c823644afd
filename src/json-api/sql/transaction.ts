import type { EntityManager } from 'typeorm';
import type { Sql } from './sql.js';

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
