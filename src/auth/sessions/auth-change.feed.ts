import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { openPool } from '../../database/connections.js';
import { Recurring } from '../../sweeps/recurring.js';
import { ActorCache } from './actor-loader.js';
import { changesSince, currentSnapshot } from './auth-changes.repository.js';
import { ALL_ACCOUNTS } from './auth-changes.js';

/** Time between two polls, in ms: three fit into the second after which the cache is not trusted. */
const POLL_MS = 300;
/** Connection timeout, in ms; the next poll tries again. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Maximum number of changes read at once; more than that invalidate the whole cache. */
export const MAX_CHANGES = 10_000;

/** A connection of the feed, and what the last poll on it saw. */
interface Reader {
  readonly client: PoolClient;
  snapshot: string;
}

/**
 * Reads what {@link AuthChanges} publishes, several times a second, on a connection of its own: a busy pool delays no
 * revocation, and does not make each request ask that same pool because the feed is late. A poll that fails is known to
 * have failed; the cache is soon not trusted then, and the database is queried.
 */
@Injectable()
export class AuthChangeFeed implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AuthChangeFeed.name);
  private recurring: Recurring | undefined;
  private pool: Pool | undefined;
  private reader: Reader | null = null;
  private isBlind = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly cache: ActorCache,
  ) {}

  onApplicationBootstrap(): void {
    this.recurring = new Recurring({
      everyMs: POLL_MS,
      atOnce: true,
      run: () => this.poll(),
      failed: (error) => this.logLost(error),
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.recurring?.stop();
    this.disconnect();
    await this.pool?.end();
  }

  /** Reads what is new. @throws what the driver throws */
  async poll(): Promise<void> {
    const beganAt = performance.now();
    try {
      if (this.reader) await this.read(this.reader);
      else this.reader = await this.connect();
    } catch (error) {
      this.disconnect();
      throw error;
    }
    this.cache.polled(beganAt);
    if (this.isBlind) this.logger.log('The feed of changes is connected again');
    this.isBlind = false;
  }

  private async read(reader: Reader): Promise<void> {
    const { accountIds, snapshot } = await changesSince(reader.client, reader.snapshot, MAX_CHANGES + 1);
    if (accountIds.length > MAX_CHANGES || accountIds.includes(ALL_ACCOUNTS)) this.cache.forgetAll();
    else this.cache.forget(accountIds);
    reader.snapshot = snapshot;
  }

  /**
   * Begins with an empty cache. Changes were not read while there was no connection, and transactions of the
   * server that is reached now may be numbered otherwise, as after a restored backup.
   */
  private async connect(): Promise<Reader> {
    this.pool ??= openPool(this.dataSource, 'session', {
      size: 1,
      name: 'iam feed',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
    const client = await this.pool.connect();
    try {
      const snapshot = await currentSnapshot(client);
      this.cache.forgetAll();
      return { client, snapshot };
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  private disconnect(): void {
    this.reader?.client.release(true);
    this.reader = null;
  }

  /** Logs once for each time that the feed is lost. */
  private logLost(error: unknown): void {
    if (!this.isBlind)
      this.logger.warn(`Cannot poll the feed of changes, so every request queries the database: ${String(error)}`);
    this.isBlind = true;
  }
}
