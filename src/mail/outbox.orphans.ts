import type { Pool, PoolClient } from 'pg';

/** Namespace of the advisory locks that say "this worker lives": "outb" in ASCII. */
const PRESENCE = 0x6f757462;

/** Workers that hold jobs while no connection holds their advisory lock. */
const ORPHANED = `
  SELECT DISTINCT locked_by FROM graphile_worker.jobs
  WHERE locked_by IS NOT NULL AND locked_by <> ALL ($2::text[]) AND NOT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = $1::int::oid AND objid = (hashtext(locked_by)::bigint & 4294967295)::oid AND objsubid = 2)`;

/**
 * Gives back the jobs of workers that died. graphile-worker itself waits for 4 hours before it believes that; here
 * each worker holds an advisory lock on its process's listening connection, PostgreSQL drops the lock with the
 * connection, and whoever sees jobs without their worker's lock twice in a row releases them.
 */
export class OutboxOrphans {
  private readonly living = new Set<string>();
  private suspects = new Set<string>();

  constructor(private readonly pool: Pool) {}

  /** A worker of this process, which is alive as long as we are. */
  add(workerId: string): void {
    this.living.add(workerId);
  }

  /** Shows the other instances that the workers live, for as long as this connection does. */
  async hold(listening: PoolClient): Promise<void> {
    // Shared, because two ids may have the same hash.
    await listening.query('SELECT pg_advisory_lock_shared($1, hashtext(id)) FROM unnest($2::text[]) AS id', [
      PRESENCE,
      [...this.living],
    ]);
  }

  /**
   * Looks once, and releases what was an orphan the last time too: a worker that just started, or whose connection
   * just broke, gets until the next look to show itself.
   * @returns the number of workers whose jobs were released
   */
  async release(): Promise<number> {
    const { rows } = await this.pool.query<{ locked_by: string }>(ORPHANED, [PRESENCE, [...this.living]]);
    const orphaned = rows.map((row) => row.locked_by);
    const dead = orphaned.filter((id) => this.suspects.has(id));
    this.suspects = new Set(orphaned);
    if (dead.length > 0) await this.pool.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [dead]);
    return dead.length;
  }
}
