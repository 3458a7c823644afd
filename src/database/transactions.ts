import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { poolOf, type Reading, type Sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import { sqlStateOf } from './errors/sql-state.js';
import { type Effect, OpenTransaction, Statements } from './driver/open-transaction.js';

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
