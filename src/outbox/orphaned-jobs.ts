import { once } from 'node:events';
import type { Worker } from 'graphile-worker';
import type { Pool } from 'pg';
import { type HeldTry, heldTries, releaseTries, showPresence } from './outbox.repository.js';

/**
 * Releases jobs that no worker works on: of workers that died, and those whose worker never heard that it was given them,
 * because the connection broke after the commit. graphile-worker itself waits for 4 hours before it believes that; here
 * each worker holds an advisory lock on a connection of its process, which PostgreSQL drops with the connection, and knows
 * what it works on. What is an orphan twice in a row is released.
 */
export class OutboxOrphans {
  private readonly living = new Map<string, Pick<Worker, 'getActiveJob'>>();
  private suspects: ReadonlySet<string> = new Set();

  constructor(private readonly pool: Pool) {}

  /** A worker of this process, which is alive as long as we are. */
  add(worker: Pick<Worker, 'workerId' | 'getActiveJob'>): void {
    this.living.set(worker.workerId, worker);
  }

  /** Shows the other instances that the workers live, until the signal aborts. @throws what ended the connection */
  async show(ended: AbortSignal): Promise<void> {
    const connection = await this.pool.connect();
    try {
      await showPresence(connection, [...this.living.keys()]);
      await once(connection, 'end', { signal: ended });
    } finally {
      // The locks end with their session.
      connection.release(true);
    }
  }

  /**
   * Checks once, and releases jobs that were orphans at the previous check too: a worker that just started, or whose
   * connection just broke, has until the next check to take its lock, and one that was just given a job to learn of it.
   * @returns the number of jobs that were released
   */
  async release(): Promise<number> {
    const rows = await heldTries(this.pool, [...this.living.keys()]);
    const orphans = rows.filter(({ id, worker }) => this.living.get(worker)?.getActiveJob()?.id !== id);
    const released = orphans.filter((orphan) => this.suspects.has(keyOf(orphan)));
    this.suspects = new Set(orphans.map(keyOf));
    return released.length === 0 ? 0 : releaseTries(this.pool, released);
  }
}

const keyOf = ({ id, worker, attempts }: HeldTry): string => `${id} ${worker} ${attempts}`;
