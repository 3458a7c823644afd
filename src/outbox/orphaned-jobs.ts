import type { Worker } from 'graphile-worker';
import type { Pool, PoolClient } from 'pg';

/** Namespace of the advisory locks that say "this worker lives": "outb" in ASCII. */
const PRESENCE = 0x6f757462;

/** One try of a job, and who was given it. */
interface Held {
  readonly id: string;
  readonly worker: string;
  readonly attempts: number;
}

/** Tries that a worker of ours has, or one whose advisory lock no connection holds. */
const HELD = `
  SELECT id::text, locked_by AS worker, attempts FROM graphile_worker.jobs
  WHERE locked_by IS NOT NULL AND (locked_by = ANY ($2::text[]) OR NOT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = $1::int::oid AND objid = (hashtext(locked_by)::bigint & 4294967295)::oid AND objsubid = 2))`;

/** The library's own function takes all jobs of a worker, and one that lives may be at work on another. */
const RELEASE = `
  UPDATE graphile_worker._private_jobs AS job
  SET locked_by = NULL, locked_at = NULL, run_at = greatest(job.run_at, now())
  FROM unnest($1::bigint[], $2::text[], $3::int[]) AS orphan (id, worker, attempts)
  WHERE job.id = orphan.id AND job.locked_by = orphan.worker AND job.attempts = orphan.attempts`;

/**
 * Gives back jobs that nobody works on: of workers that died, and those whose worker never heard that it was given them,
 * because the connection broke after the commit. graphile-worker itself waits for 4 hours before it believes that; here
 * each worker holds an advisory lock on its process's listening connection, which PostgreSQL drops with the connection,
 * and knows what it works on. What is an orphan twice in a row is released.
 */
export class OutboxOrphans {
  private readonly living = new Map<string, Pick<Worker, 'getActiveJob'>>();
  private suspects: ReadonlySet<string> = new Set();

  constructor(private readonly pool: Pool) {}

  /** A worker of this process, which is alive as long as we are. */
  add(worker: Pick<Worker, 'workerId' | 'getActiveJob'>): void {
    this.living.set(worker.workerId, worker);
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
   * Looks once, and releases what was an orphan the last time too: a worker that just started, or whose connection
   * just broke, gets until the next look to show itself, and one that was just given a job to hear of it.
   * @returns the number of jobs that were released
   */
  async release(): Promise<number> {
    const { rows } = await this.pool.query<Held>(HELD, [PRESENCE, [...this.living.keys()]]);
    const orphans = rows.filter(({ id, worker }) => this.living.get(worker)?.getActiveJob()?.id !== id);
    const released = orphans.filter((orphan) => this.suspects.has(keyOf(orphan)));
    this.suspects = new Set(orphans.map(keyOf));
    if (released.length === 0) return 0;
    const columns = [released.map(({ id }) => id), released.map(({ worker }) => worker)];
    const { rowCount } = await this.pool.query(RELEASE, [...columns, released.map(({ attempts }) => attempts)]);
    return rowCount ?? 0;
  }
}

const keyOf = ({ id, worker, attempts }: Held): string => `${id} ${worker} ${attempts}`;
