import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { PostgresTransactions } from '../../src/database/transactions.js';
import type { Transactions } from '../../src/json-api/sql/sql.js';
import { type OutboxHandler, OutboxHandlers, OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { migrateOutbox } from '../../src/outbox/outbox.migrate.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { OutboxWorker } from '../../src/outbox/outbox.worker.js';
import { createTestDatabase } from '../support/database.js';

/** The outbox in a hurry. */
export class FastSettings extends OutboxSettings {
  override readonly pollMs = 100;
  override readonly orphansMs = 150;
  override readonly restartMs = 100;
  override readonly shutdownTimeoutMs = 300;
  override readonly endTimeoutMs = 2_000;
}

/**
 * Quick to find jobs, with the product's time to stop and before a job counts as orphaned. On a loaded machine a worker with less
 * time is left behind and takes jobs of the test after its instance has stopped, or its job is given to another one.
 */
export class PatientSettings extends OutboxSettings {
  override readonly pollMs = 100;
  override readonly restartMs = 100;
}

/** The task of these tests; any other would do, since the outbox does not look into its jobs. */
export const TASK = 'password.request_reset';
export type Handler = OutboxHandler<typeof TASK>;

/** A job as an operator sees it. */
export interface JobRow {
  attempts: number;
  max_attempts: number;
  last_error: string | null;
  locked_by: string | null;
  /** Seconds from now. */
  due: number;
}

const dataSourceAt = (url: string): DataSource => new DataSource(dataSourceOptions(url, { databasePoolSize: 5 }));

/** A database with an empty outbox, and the workers that a test starts on it. */
export class OutboxFixture {
  private readonly workers: OutboxWorker[] = [];

  private constructor(
    readonly url: string,
    readonly dataSource: DataSource,
    readonly transactions: Transactions,
    private readonly drop: () => Promise<void>,
  ) {}

  static async create(): Promise<OutboxFixture> {
    const database = await createTestDatabase();
    await migrateOutbox(database.url);
    const dataSource = await dataSourceAt(database.url).initialize();
    return new OutboxFixture(database.url, dataSource, new PostgresTransactions(dataSource), () => database.drop());
  }

  /** Queues one job in a transaction of its own. */
  async enqueue(email: string, key?: string): Promise<void> {
    await this.transactions.run((tx) => new Outbox().enqueue(tx, TASK, { email }, key === undefined ? {} : { key }));
  }

  /** A worker like that of another instance, which reaches the database at this URL. */
  start(handler: Handler, databaseUrl = this.url, settings: OutboxSettings = new FastSettings()): OutboxWorker {
    const handlers = new OutboxHandlers();
    handlers.register(TASK, handler);
    const worker = new OutboxWorker(dataSourceAt(databaseUrl), handlers, settings);
    this.workers.push(worker);
    worker.onApplicationBootstrap();
    return worker;
  }

  /** How many jobs are queued, running or dead. */
  async waiting(): Promise<number> {
    const [row] = await this.dataSource.query<{ jobs: number }[]>(
      'SELECT count(*)::int AS jobs FROM graphile_worker.jobs',
    );
    return row?.jobs ?? 0;
  }

  async jobs(): Promise<JobRow[]> {
    return this.dataSource.query(`
      SELECT attempts, max_attempts, last_error, locked_by, extract(epoch FROM run_at - now())::float AS due
      FROM graphile_worker.jobs ORDER BY id`);
  }

  async close(): Promise<void> {
    for (const worker of this.workers) await worker.onModuleDestroy();
    await this.dataSource.destroy();
    await this.drop();
  }
}

/** Waits until the check gives something true. */
export async function eventually<Value>(check: () => Value | Promise<Value>, withinMs = 10_000): Promise<Value> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`Nothing came of it within ${withinMs} ms: ${check.toString()}`);
    await sleep(20);
  }
}
