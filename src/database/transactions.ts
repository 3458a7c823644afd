import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Client, ClientBase, Pool, QueryResult } from 'pg';
import { DataSource, type EntityManager, QueryFailedError, type QueryRunner } from 'typeorm';
import {
  type Columns,
  poolOf,
  type Reading,
  type Sql,
  type Statement,
  type Transaction,
  Transactions,
} from '../json-api/sql/sql.js';
import { ConnectionLostError, sqlStateOf } from './errors/sql-state.js';
import { statementNames, writeTogether } from './resilient-client.js';

/** Serialization failure and deadlock: the whole transaction must be retried. */
const RETRIED_STATES = new Set(['40001', '40P01']);
/** Maximum attempts of a transaction. */
const ATTEMPTS = 4;
/** Maximum pause before the first retry, in milliseconds; doubled for each further one. */
const PAUSE_MS = 10;

/**
 * Transactions on PostgreSQL, at its default level (READ COMMITTED). After a serialization failure or a deadlock the
 * work is retried up to three times, so it must change nothing but the database.
 */
@Injectable()
export class PostgresTransactions extends Transactions {
  private readonly logger = new Logger(PostgresTransactions.name);
  private readonly statements: Statements;

  constructor(private readonly dataSource: DataSource) {
    super();
    this.statements = new Statements(dataSource);
  }

  /**
   * Commits when the work resolves, rolls back when it throws, and rethrows what it threw. The effects run one after
   * the other once the commit is acknowledged; the request already succeeded then, so their errors are only logged.
   */
  async runAndRead<Result>(work: (tx: Transaction) => Promise<Reading<Result>>): Promise<Result> {
    const { result, effects } = await this.retried(() => this.attempt(work));
    await this.perform(effects);
    return result;
  }

  async query<Row>(statement: Sql): Promise<Row[]> {
    const compiled = statement.compile();
    return this.retried(async () => (await this.statements.on(poolOf(this.dataSource), compiled)).rows as Row[]);
  }

  /** Retries serialization failures and deadlocks. */
  private async retried<Result>(once: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once();
      } catch (error) {
        if (attempt === ATTEMPTS || !RETRIED_STATES.has(sqlStateOf(error) ?? '')) throw error;
        await sleep(Math.random() * PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  private async attempt<Result>(
    work: (tx: Transaction) => Promise<Reading<Result>>,
  ): Promise<{ result: Result; effects: readonly Effect[] }> {
    const tx = await OpenTransaction.begin(this.dataSource, this.statements);
    try {
      const { read } = await work(tx);
      const committed = tx.commit();
      // Why the read failed comes before what the commit makes of that.
      committed.catch(() => undefined);
      const result = await read;
      await committed;
      return { result, effects: tx.effects };
    } catch (error) {
      throw await tx.rollBack(error);
    } finally {
      await tx.release();
    }
  }

  private async perform(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      try {
        await effect();
      } catch (error) {
        this.logger.error('An effect after a commit failed', error instanceof Error ? error.stack : String(error));
      }
    }
  }
}

/**
 * Runs statements directly on `pg`, which costs half of what it does through TypeORM's query runner. Errors are
 * TypeORM's, and slow statements are logged as there.
 */
class Statements {
  private readonly slowMs: number;

  constructor(private readonly dataSource: DataSource) {
    this.slowMs = dataSource.options.maxQueryExecutionTime ?? Infinity;
  }

  /** Runs a statement; it is sent at once, before this returns. @throws QueryFailedError */
  async on(client: ClientBase | Pool, statement: Statement, rowMode?: 'array'): Promise<QueryResult> {
    const { text, values } = statement;
    const name = statementNames.of(statement);
    const startedAt = Date.now();
    try {
      return await client.query({ text, values, ...(name !== undefined && { name }), ...(rowMode && { rowMode }) });
    } catch (error) {
      throw new QueryFailedError(text, values, error instanceof Error ? error : new Error(String(error)));
    } finally {
      const took = Date.now() - startedAt;
      if (took > this.slowMs) this.dataSource.logger.logQuerySlow(took, text, values);
    }
  }
}

type Effect = () => void | Promise<void>;

const command = (text: string): Statement => ({ text, values: [] });

/**
 * One transaction on a connection of its own. Statements are pipelined: each is sent while earlier ones run, in one packet
 * with those that come right after it, and PostgreSQL runs them in the order in which they were sent. What nothing has to
 * wait for therefore takes no round trip of its own: the beginning, statements without a result that matters
 * ({@link send}), and the COMMIT.
 */
class OpenTransaction implements Transaction {
  readonly manager: EntityManager;
  /** What runs after the commit. */
  readonly effects: Effect[] = [];
  private readonly logger = new Logger('Transactions');
  /** Why the first statement failed that nothing waits for. PostgreSQL rejects all that follow it, with other errors. */
  private failure: { readonly reason: unknown } | null = null;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: Client,
    private readonly statements: Statements,
  ) {
    this.manager = runner.manager;
  }

  /** Takes a connection and begins a transaction on it. Call {@link release} in any case. */
  static async begin(dataSource: DataSource, statements: Statements): Promise<OpenTransaction> {
    const runner = dataSource.createQueryRunner();
    const tx = new OpenTransaction(runner, await runner.connect(), statements);
    markInTransaction(runner);
    tx.sendStatement(command('START TRANSACTION'));
    return tx;
  }

  async query<Row>(statement: Sql): Promise<Row[]> {
    return this.run<Row>(statement.compile());
  }

  async columns(statement: Statement): Promise<Columns[]> {
    return this.run<Columns>(statement, 'array');
  }

  send(statement: Sql): void {
    this.sendStatement(statement.compile());
  }

  afterCommit(effect: Effect): void {
    this.effects.push(effect);
  }

  /**
   * Commits. Statements that are still running belong to the transaction, since the COMMIT is sent behind them.
   * @throws the error of a statement that nothing waited for
   */
  async commit(): Promise<void> {
    const { command: done } = await this.start(command('COMMIT'));
    if (this.failure) throw this.failure.reason;
    // COMMIT of an aborted transaction is a rollback that reports no error; its effects must not run.
    if (done === 'ROLLBACK') throw new Error('The transaction function swallowed the error of a statement');
  }

  /** Rolls back after an error, and gives the reason of it. A failed rollback must not hide why the work failed. */
  async rollBack(error: unknown): Promise<unknown> {
    // A query runner is released by itself only when its connection breaks.
    if (this.runner.isReleased) return new ConnectionLostError(error);
    try {
      await this.start(command('ROLLBACK'));
    } catch (reason) {
      this.logger.warn(`A rollback failed: ${String(reason)}`);
    }
    return this.failure ? this.failure.reason : error;
  }

  /** Gives the connection back. */
  release(): Promise<void> {
    return this.runner.release();
  }

  private async run<Row>(statement: Statement, rowMode?: 'array'): Promise<Row[]> {
    try {
      const { rows }: { rows: Row[] } = await this.start(statement, rowMode);
      return rows;
    } catch (error) {
      throw this.failure ? this.failure.reason : error;
    }
  }

  private start(statement: Statement, rowMode?: 'array'): Promise<QueryResult> {
    writeTogether(this.client);
    return this.statements.on(this.client, statement, rowMode);
  }

  private sendStatement(statement: Statement): void {
    this.start(statement).catch((reason: unknown) => (this.failure ??= { reason }));
  }
}

/**
 * Marks a query runner as one whose connection is in a transaction, which it did not open itself: what its manager does
 * takes part in it, and a transaction inside becomes a savepoint. TypeORM does not document the members; this is the one
 * place that sets them, and `test/database/private-members.spec.ts` fails when an update changes them.
 */
export function markInTransaction(runner: QueryRunner): void {
  Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });
}
