import type { Worker, WorkerPool } from 'graphile-worker';
import type { Pool, PoolClient } from 'pg';

/** Namespace of the advisory locks that say "these workers live": "outb" in ASCII. */
const PRESENCE = 0x6f757462;

/** One try of a job, and the pool of workers that was given it. */
interface Held {
  readonly id: string;
  readonly pool: string;
  readonly attempts: number;
}

/** Tries that a pool of ours has, or one whose advisory lock no connection holds. */
const HELD = `
  SELECT id::text, locked_by AS pool, attempts FROM graphile_worker.jobs
  WHERE locked_by IS NOT NULL AND (locked_by = ANY ($2::text[]) OR NOT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = $1::int::oid AND objid = (hashtext(locked_by)::bigint & 4294967295)::oid AND objsubid = 2))`;

/** The library's own function takes all jobs of a pool, and one that lives may be at work on others. */
const RELEASE = `
  UPDATE graphile_worker._private_jobs AS job
  SET locked_by = NULL, locked_at = NULL, run_at = greatest(job.run_at, now())
  FROM unnest($1::bigint[], $2::text[], $3::int[]) AS orphan (id, pool, attempts)
  WHERE job.id = orphan.id AND job.locked_by = orphan.pool AND job.attempts = orphan.attempts`;

/** What is needed of one of the library's workers. */
type LivingWorker = Pick<Worker, 'getActiveJob'> & { readonly workerPool: Pick<WorkerPool, 'id'> };

/**
 * Gives back jobs that nobody works on: of pools that died, and those whose pool never heard that it was given them,
 * because the connection broke after the commit. graphile-worker itself waits for 4 hours before it believes that; here
 * each pool of workers, under whose name they lock jobs, holds an advisory lock on its listening connection, which
 * PostgreSQL drops with the connection, and knows what it works on. What is an orphan twice in a row is released.
 */
export class OutboxOrphans {
  private readonly living = new Map<string, LivingWorker[]>();
  private suspects: ReadonlySet<string> = new Set();

  constructor(private readonly pool: Pool) {}

  /** A worker of this process, which is alive as long as we are. */
  add(worker: LivingWorker): void {
    const { id } = worker.workerPool;
    this.living.set(id, [...(this.living.get(id) ?? []), worker]);
  }

  /** Shows the other instances that the workers live, for as long as this connection does. */
  async hold(listening: PoolClient): Promise<void> {
    // Shared, because two ids may have the same hash.
    await listening.query('SELECT pg_advisory_lock_shared($1, hashtext(id)) FROM unnest($2::text[]) AS id', [
      PRESENCE,
      [...this.living.keys()],
    ]);
  }

  /**
   * Looks once, and releases what was an orphan the last time too: a pool that just started, or whose connection just
   * broke, gets until the next look to show itself, one that was just given a job to hear of it, and one that just did
   * one to store that.
   * @returns the number of jobs that were released
   */
  async release(): Promise<number> {
    const { rows } = await this.pool.query<Held>(HELD, [PRESENCE, [...this.living.keys()]]);
    const orphans = rows.filter((held) => !this.isActive(held));
    const released = orphans.filter((orphan) => this.suspects.has(keyOf(orphan)));
    this.suspects = new Set(orphans.map(keyOf));
    if (released.length === 0) return 0;
    const columns = [released.map(({ id }) => id), released.map(({ pool }) => pool)];
    const { rowCount } = await this.pool.query(RELEASE, [...columns, released.map(({ attempts }) => attempts)]);
    return rowCount ?? 0;
  }

  private isActive({ id, pool }: Held): boolean {
    return this.living.get(pool)?.some((worker) => worker.getActiveJob()?.id === id) ?? false;
  }
}

const keyOf = ({ id, pool, attempts }: Held): string => `${id} ${pool} ${attempts}`;
