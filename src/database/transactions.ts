import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import type { Sql } from '../json-api/sql/sql.js';
import { type Transaction, Transactions } from '../json-api/sql/executor.js';
import { isReadyForStatement } from './driver/pg-protocol.js';
import { ConnectionLostError, sqlStateOf } from './errors/sql-state.js';

/** Serialization failure and deadlock: the whole transaction must be retried. */
const RETRIED_STATES = new Set(['40001', '40P01']);
/** Maximum attempts of a transaction. */
const ATTEMPTS = 4;
/** Maximum pause before the first retry, in milliseconds; doubled for each further one. */
const PAUSE_MS = 10;

type Effect = () => void | Promise<void>;

/**
 * Transactions on PostgreSQL, at its default level (READ COMMITTED). After a serialization failure or a deadlock the
 * work is retried up to three times, so it must change nothing but the database.
 */
@Injectable()
export class PostgresTransactions extends Transactions {
  private readonly logger = new Logger(PostgresTransactions.name);

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  /**
   * Commits when the work resolves, rolls back when it throws, and rethrows what it threw. The effects run one after
   * the other once the commit is acknowledged; the request already succeeded then, so their errors are only logged.
   */
  async run<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const { result, effects } = await this.retried(() => this.attempt(work));
    await this.perform(effects);
    return result;
  }

  async query<Row>(statement: Sql): Promise<Row[]> {
    return this.retried(async () => {
      const runner = this.dataSource.createQueryRunner();
      try {
        return await rowsOf<Row>(runner, statement);
      } catch (error) {
        throw runner.isReleased ? new ConnectionLostError(error) : error;
      } finally {
        await runner.release();
      }
    });
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
    work: (tx: Transaction) => Promise<Result>,
  ): Promise<{ result: Result; effects: readonly Effect[] }> {
    const runner = this.dataSource.createQueryRunner();
    const effects: Effect[] = [];
    try {
      const connection: ClientBase = await runner.connect();
      await runner.startTransaction();
      const result = await work(transactionOn(runner, effects));
      // Before it is ready, the transaction status is not known; the next statement waits for it.
      if (!isReadyForStatement(connection)) await runner.query('SELECT 1').catch(() => undefined);
      // COMMIT of an aborted transaction is a rollback that reports no error; its effects must not run.
      if (connection.getTransactionStatus() === 'E')
        throw new Error('The transaction function swallowed the error of a statement');
      await runner.commitTransaction();
      return { result, effects };
    } catch (error) {
      // TypeORM releases a runner by itself only when its connection breaks.
      if (runner.isReleased) throw new ConnectionLostError(error);
      await this.rollBack(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }

  /** A failed rollback must not hide why the work failed: the connection is lost, and the transaction with it. */
  private async rollBack(runner: QueryRunner): Promise<void> {
    if (!runner.isTransactionActive) return;
    try {
      await runner.rollbackTransaction();
    } catch (error) {
      this.logger.warn(`A rollback failed: ${String(error)}`);
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

/** Runs a statement and returns its rows, also those of RETURNING. */
async function rowsOf<Row>(runner: QueryRunner, statement: Sql): Promise<Row[]> {
  const { text, values } = statement.compile();
  const { records }: { records: Row[] } = await runner.query(text, values, true);
  return records;
}

function transactionOn(runner: QueryRunner, effects: Effect[]): Transaction {
  return {
    manager: runner.manager,
    query: (statement) => rowsOf(runner, statement),
    afterCommit(effect: Effect): void {
      effects.push(effect);
    },
  };
}
