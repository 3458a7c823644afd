import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Client, ClientBase, Pool, QueryResult } from 'pg';
import { type DataSource, type EntityManager, QueryFailedError, type QueryRunner } from 'typeorm';
import type { Columns, Sql, Statement, Transaction } from '../../json-api/sql/sql.js';
import { ConnectionLostError } from '../errors/sql-state.js';
import { writeTogether } from '../resilient-client.js';

/**
 * How many statements of transactions get a name: a connection keeps what it parsed once for as long as it lives, some
 * 20 KB apiece.
 */
const MAX_NAMES = 100;
/** How many texts are remembered until they come again. */
const MAX_SEEN = 1_000;

/**
 * Names of prepared statements, so that PostgreSQL parses a text only once on a connection. The second time that a text
 * comes, it gets one: what is built once, such as a list of its own, does not use them up. Not for statements with
 * lists, whose best plan depends on how long they are.
 */
class StatementNames {
  private readonly names = new Map<string, string>();
  private readonly seen = new LRUCache<string, true>({ max: MAX_SEEN });

  of({ text, values, name }: Statement): string | undefined {
    if (name !== undefined) return name;
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= MAX_NAMES || values.some(Array.isArray)) return undefined;
    if (!this.seen.has(text)) {
      this.seen.set(text, true);
      return undefined;
    }
    // Of the text, so that every user of a connection gives the same text the same name.
    const made = `tx_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`;
    this.names.set(text, made);
    return made;
  }
}

const names = new StatementNames();

/**
 * Runs statements directly on `pg`, which costs half of what it does through TypeORM's query runner. Errors are
 * TypeORM's, and slow statements are logged as there.
 */
export class Statements {
  private readonly slowMs: number;

  constructor(private readonly dataSource: DataSource) {
    this.slowMs = dataSource.options.maxQueryExecutionTime ?? Infinity;
  }

  /** Runs a statement; it is sent at once, before this returns. @throws QueryFailedError */
  async on(client: ClientBase | Pool, statement: Statement, rowMode?: 'array'): Promise<QueryResult> {
    const { text, values } = statement;
    const name = names.of(statement);
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

export type Effect = () => void | Promise<void>;

const command = (text: string): Statement => ({ text, values: [] });

/**
 * One transaction on a connection of its own. Statements are pipelined: each is sent while earlier ones run, in one packet
 * with those that come right after it, and PostgreSQL runs them in the order in which they were sent. What nothing has to
 * wait for therefore takes no round trip of its own: the beginning, statements without a result that matters
 * ({@link send}), and the COMMIT.
 */
export class OpenTransaction implements Transaction {
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
