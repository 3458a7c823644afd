import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';

/** Connections for counting, per process. Counts of one key never wait for each other, so two are plenty. */
export const COUNTING_CONNECTIONS = 2;

/** A connection that counted nothing for so long is closed, in ms: opening one while a flood comes takes its time. */
const IDLE_MS = 600_000;

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** A statement as rate-limiter-flexible asks for it. */
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
    const statements = Array.from({ length: COUNTING_CONNECTIONS }, () => this.query({ text: 'SELECT 1' }));
    await Promise.allSettled(statements);
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
    // Whoever asks next hears of a lost connection; nobody listening would end the process.
    pool.on('error', () => undefined);
    return pool;
  }
}
