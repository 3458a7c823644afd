import { createRequire } from 'node:module';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresOptions } from '../../database/data-source.js';
import { sql } from '../../json-api/sql/sql.js';
import type { Sweep } from '../../sweeps/sweeps.js';

type Library = typeof import('rate-limiter-flexible');
/** Not by the entry of the library, which loads what it has for every other store. */
const RateLimiterPostgres: Library['RateLimiterPostgres'] = createRequire(import.meta.url)(
  'rate-limiter-flexible/lib/RateLimiterPostgres.js',
);

const TABLE = 'attempts';
/** The library's own limit, which is never reached: the rate limiter compares the counts. */
const UNLIMITED = 2 ** 31 - 1;

/** How long a counter is kept after its window has ended, in ms, since the clocks of the instances differ. */
const KEPT_MS = 3_600_000;

/** Counters whose window has ended. */
export const ENDED_ATTEMPTS: Sweep = {
  table: TABLE,
  key: 'key',
  expired: sql`expire < (extract(epoch FROM now()) * 1000)::bigint - ${KEPT_MS}::bigint`,
  by: 'expire',
};

/** The state of a counter. */
export interface Count {
  /** Points in this window, those just added included. */
  readonly points: number;
  /** When the window ends, in ms since the epoch. */
  readonly endsAt: number;
}

/** Points under one key that wait for the previous statement. */
interface Batch {
  points: number;
  readonly counted: Promise<Count>;
  /** Called when the previous statement has completed. */
  readonly send: () => void;
}

/** Connections for counting, per process. Counts of one key never wait for each other, so two are plenty. */
export const COUNTING_CONNECTIONS = 2;

/** How long an idle connection stays open, in ms, since opening one during a flood is slow. */
const IDLE_MS = 600_000;

/** A statement of rate-limiter-flexible. */
interface Statement {
  readonly text: string;
  readonly values?: unknown[];
}

/**
 * Connections on which attempts are counted, and nothing else: a busy pool does not stop the counting, and a flood of
 * attempts takes no connection from the requests of others. Statements are unnamed and leave no session state, so a
 * pooler may stand in front that gives each transaction another connection.
 */
@Injectable()
export class CountingConnections implements OnApplicationShutdown {
  private pool: pg.Pool | null = null;

  /** @param dataSource whose database it is; its connections have the same limits and the same tracing */
  constructor(private readonly dataSource: DataSource) {}

  /** Runs one statement. The name that the library gives it is left out. */
  async query({ text, values }: Statement): Promise<pg.QueryResult> {
    this.pool ??= this.makePool();
    return this.pool.query(text, values);
  }

  /** Opens them before the first attempt has to wait for that. What cannot be opened now is opened when it is needed. */
  async open(): Promise<void> {
    const pool = (this.pool ??= this.makePool());
    const opened = await Promise.allSettled(Array.from({ length: COUNTING_CONNECTIONS }, () => pool.connect()));
    for (const one of opened) if (one.status === 'fulfilled') one.value.release();
  }

  async onApplicationShutdown(): Promise<void> {
    const { pool } = this;
    this.pool = null;
    await pool?.end();
  }

  private makePool(): pg.Pool {
    const { url, extra, driver, applicationName, connectTimeoutMS } = this.dataSource.options as PostgresOptions;
    const Pool: typeof pg.Pool = driver?.Pool ?? pg.Pool;
    const pool = new Pool({
      ...extra,
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMS,
      max: COUNTING_CONNECTIONS,
      idleTimeoutMillis: IDLE_MS,
    });
    // The next query reports a lost connection; without a listener the error would end the process.
    pool.on('error', () => undefined);
    return pool;
  }
}

/**
 * Counts in PostgreSQL, shared by all instances: each statement is one atomic upsert, so requests that arrive at once
 * cannot slip through together. At most one statement a key is under way here: what comes meanwhile shares the next one,
 * so that a flood under one key costs a statement each round trip, and waits for no row lock of this instance.
 */
@Injectable()
export class AttemptsRepository {
  private readonly limiter: InstanceType<Library['RateLimiterPostgres']>;
  /** For each key that has a statement under way: what goes with the next one. */
  private readonly underWay = new Map<string, Batch | null>();

  constructor(private readonly connections: CountingConnections) {
    this.limiter = new RateLimiterPostgres({
      storeClient: connections,
      storeType: 'client',
      tableName: TABLE,
      tableCreated: true,
      keyPrefix: '',
      points: UNLIMITED,
      duration: 1,
      // The sweeps delete old rows, once for all instances.
      clearExpiredByTimeout: false,
    });
  }

  /** Opens the connections before the first attempt has to wait for that. */
  async connect(): Promise<void> {
    await this.connections.open();
  }

  /**
   * Adds points under a key.
   * @param windowSeconds how long the window is that begins when there is none
   * @throws the driver's error when it cannot be counted
   */
  async add(key: string, windowSeconds: number, added = 1): Promise<Count> {
    const waiting = this.underWay.get(key);
    if (waiting === undefined) return this.consume(key, added, windowSeconds);
    const batch = waiting ?? this.batch(key, windowSeconds);
    batch.points += added;
    const place = batch.points;
    const { points, endsAt } = await batch.counted;
    // The statement returned the count after the whole batch.
    return { points: points - batch.points + place, endsAt };
  }

  /** Subtracts points. @throws the driver's error */
  async refund(key: string, points: number, windowSeconds: number): Promise<void> {
    await this.limiter.reward(key, points, { customDuration: windowSeconds });
  }

  /** Deletes a key. @throws the driver's error */
  async forget(key: string): Promise<void> {
    await this.limiter.delete(key);
  }

  /** Deletes every key with this prefix, and returns their number. @throws the driver's error */
  async forgetAll(beginning: string): Promise<number> {
    const text = `DELETE FROM ${TABLE} WHERE starts_with(key, $1)`;
    const { rowCount } = await this.connections.query({ text, values: [beginning] });
    return rowCount ?? 0;
  }

  /** A batch that is sent as soon as the running statement has completed. */
  private batch(key: string, windowSeconds: number): Batch {
    let send: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (send = resolve));
    const counted = turn.then(() => this.consume(key, batch.points, windowSeconds));
    const batch: Batch = { points: 0, counted, send };
    this.underWay.set(key, batch);
    return batch;
  }

  private async consume(key: string, points: number, windowSeconds: number): Promise<Count> {
    this.underWay.set(key, null);
    try {
      const { consumedPoints, msBeforeNext } = await this.limiter.consume(key, points, {
        customDuration: windowSeconds,
      });
      return { points: consumedPoints, endsAt: Date.now() + msBeforeNext };
    } finally {
      const next = this.underWay.get(key);
      if (next) next.send();
      else this.underWay.delete(key);
    }
  }
}
