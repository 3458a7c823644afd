import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { ident, join, sql, type Transaction } from '../json-api/sql/sql.js';

// The one place that names tables and functions of graphile-worker, those that are private to it among them.

type Database = Pick<DataSource, 'query'>;

/** Namespace of the advisory locks that say "this worker lives": "outb" in ASCII. */
const PRESENCE = 0x6f757462;
/** The job is not tried again. One that runs its last try has used up its tries too, but is locked. */
const DEAD = 'attempts >= max_attempts AND locked_at IS NULL';
/** Not done and not dead. What was queued for a later time, such as a reminder, does not wait before then. */
const WAITING = `FROM graphile_worker.jobs WHERE NOT (${DEAD}) AND (attempts > 0 OR run_at <= now())`;
const SINCE = 'CASE attempts WHEN 0 THEN run_at ELSE created_at END';
/** $1 is what the newest secret's seals begin with. */
const SEALED_OTHERWISE = `job.payload->>'sealedToken' IS NOT NULL AND NOT starts_with(job.payload->>'sealedToken', $1)`;

/** A job to be queued. */
export interface NewJob {
  readonly task: string;
  readonly payload: object;
  readonly delaySeconds: number;
  readonly maxAttempts: number;
  /** A later job of the same key takes the place of one that waits. */
  readonly key: string | null;
}

/**
 * Queues jobs in this transaction, by one statement. Gives those that were not added: the library parts with the key of a
 * job that runs, and then inserts or replaces, in two statements, and a waiting job that a worker takes in between is
 * neither.
 */
export async function addJobs(tx: Pick<Transaction, 'query'>, jobs: readonly NewJob[]): Promise<readonly NewJob[]> {
  const specs = jobs.map(
    ({ task, payload, delaySeconds, maxAttempts, key }) => sql`(
      ${task}::text, ${JSON.stringify(payload)}::json, NULL, now() + make_interval(secs => ${delaySeconds}),
      ${maxAttempts}::smallint, ${key}::text, NULL, NULL)::graphile_worker.job_spec`,
  );
  const rows = await tx.query<{ key: string | null }>(
    sql`SELECT key FROM graphile_worker.add_jobs(ARRAY[${join(specs, ', ')}])`,
  );
  const added = new Set(rows.map(({ key }) => key));
  return jobs.filter(({ key }) => !added.has(key));
}

/**
 * Removes the mails to an account that wait or failed for good, and its e-mail from what is left. Jobs of events stay:
 * their subscribers have to learn of the deletion, and they name accounts by their ids.
 */
export async function eraseJobs(
  tx: Pick<Transaction, 'query'>,
  { id, email }: { readonly id: string; readonly email: string },
): Promise<void> {
  const names = (column: string, text: string) => sql`strpos(lower(job.${ident(column)}::text), lower(${text})) > 0`;
  await tx.query(sql`
    DELETE FROM graphile_worker._private_jobs job USING graphile_worker._private_tasks task
    WHERE task.id = job.task_id AND NOT starts_with(task.identifier, 'event:')
      AND (${names('payload', id)} OR ${names('payload', JSON.stringify(email))})`);
  await tx.query(sql`
    UPDATE graphile_worker._private_jobs job SET last_error = NULL WHERE ${names('last_error', email)}`);
}

/** A job that used up its tries. */
export interface DeadJob {
  readonly id: string;
  readonly task: string;
  readonly attempts: number;
  readonly lastError: string;
  /** When it was queued. */
  readonly since: Date;
}

/** Every job that is not tried again, the oldest first. */
export async function deadJobs(database: Database): Promise<DeadJob[]> {
  return database.query<DeadJob[]>(`
    SELECT id, task_identifier AS task, attempts, coalesce(last_error, '') AS "lastError", created_at AS since
    FROM graphile_worker.jobs WHERE ${DEAD} ORDER BY id`);
}

/** Lets these jobs be tried anew, as if they had just been queued, and gives their number. */
export async function rescheduleJobs(database: Database, ids: readonly string[]): Promise<number> {
  const rows = await database.query<unknown[]>(
    'SELECT id FROM graphile_worker.reschedule_jobs($1::bigint[], run_at => now(), attempts => 0)',
    [ids],
  );
  return rows.length;
}

/** Numbers about the jobs, each by a query of its own. */
const COUNTS = {
  waiting: `SELECT count(*)::float8 AS value ${WAITING}`,
  oldestSeconds: `SELECT coalesce(extract(epoch FROM now() - min(${SINCE})), 0)::float8 AS value ${WAITING}`,
  dead: `SELECT count(*)::float8 AS value FROM graphile_worker.jobs WHERE ${DEAD}`,
} as const;

/** One of the numbers about the jobs. @throws what the driver throws */
export async function countJobs(database: Database, what: keyof typeof COUNTS): Promise<number> {
  const [row] = await database.query<{ value: number }[]>(COUNTS[what]);
  return row?.value ?? 0;
}

/** One try of a job, and who was given it. */
export interface HeldTry {
  readonly id: string;
  readonly worker: string;
  readonly attempts: number;
}

/** Shows the other instances that these workers live, for as long as this connection does. */
export async function showPresence(connection: PoolClient, workers: readonly string[]): Promise<void> {
  // Shared, because two ids may have the same hash.
  await connection.query('SELECT pg_advisory_lock_shared($1, hashtext(id)) FROM unnest($2::text[]) AS id', [
    PRESENCE,
    workers,
  ]);
}

/** Tries that one of these workers has, or a worker whose advisory lock no connection holds. */
export async function heldTries(pool: Pool, workers: readonly string[]): Promise<HeldTry[]> {
  const { rows } = await pool.query<HeldTry>(
    `SELECT id::text, locked_by AS worker, attempts FROM graphile_worker.jobs
    WHERE locked_by IS NOT NULL AND (locked_by = ANY ($2::text[]) OR NOT EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = $1::int::oid AND objid = (hashtext(locked_by)::bigint & 4294967295)::oid AND objsubid = 2))`,
    [PRESENCE, workers],
  );
  return rows;
}

/**
 * Releases these tries, and returns the number of their jobs. The library's own function takes all jobs of a worker, and
 * one that lives may be at work on another.
 */
export async function releaseTries(pool: Pool, tries: readonly HeldTry[]): Promise<number> {
  const { rowCount } = await pool.query(
    `UPDATE graphile_worker._private_jobs AS job
    SET locked_by = NULL, locked_at = NULL, run_at = greatest(job.run_at, now())
    FROM unnest($1::bigint[], $2::text[], $3::int[]) AS orphan (id, worker, attempts)
    WHERE job.id = orphan.id AND job.locked_by = orphan.worker AND job.attempts = orphan.attempts`,
    [tries.map(({ id }) => id), tries.map(({ worker }) => worker), tries.map(({ attempts }) => attempts)],
  );
  return rowCount ?? 0;
}

/** Gives each task the id by which its jobs name it. @throws what the driver throws, such as in a database that is read-only */
export async function registerTasks(pool: Pool, tasks: readonly string[]): Promise<void> {
  await pool.query(
    `INSERT INTO graphile_worker._private_tasks (identifier) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`,
    [tasks],
  );
}

/** How many jobs wait for a task. */
export interface TaskCount {
  readonly task: string;
  readonly jobs: number;
}

/** How many jobs there are of each task that is none of these. */
export async function jobsOfOtherTasks(pool: Pool, tasks: readonly string[]): Promise<readonly TaskCount[]> {
  const { rows } = await pool.query<TaskCount>(
    `SELECT task_identifier AS task, count(*)::int AS jobs FROM graphile_worker.jobs
     WHERE task_identifier <> ALL ($1::text[]) GROUP BY 1 ORDER BY 1`,
    [tasks],
  );
  return rows;
}

/** A job whose payload has a sealed token. */
export interface SealedJob<Task extends string> {
  readonly id: string;
  readonly task: Task;
  readonly sealed: string;
}

/** How many tokens in jobs are sealed otherwise than with this prefix. */
export async function countSealedOtherwise(database: Database, prefix: string): Promise<number> {
  const [row] = await database.query<{ count: number }[]>(
    `SELECT count(*)::float8 AS count FROM graphile_worker._private_jobs job WHERE ${SEALED_OTHERWISE}`,
    [prefix],
  );
  return row?.count ?? 0;
}

/** The first jobs of these tasks behind an id, whose tokens are sealed otherwise than with this prefix. */
export function sealedOtherwise<Task extends string>(
  database: Database,
  { prefix, tasks, after, limit }: { prefix: string; tasks: readonly Task[]; after: string; limit: number },
): Promise<SealedJob<Task>[]> {
  return database.query<SealedJob<Task>[]>(
    `SELECT job.id::text AS id, task.identifier AS task, job.payload->>'sealedToken' AS sealed
    FROM graphile_worker._private_jobs job JOIN graphile_worker._private_tasks task ON task.id = job.task_id
    WHERE ${SEALED_OTHERWISE} AND task.identifier = ANY($2::text[]) AND job.id > $3::bigint
    ORDER BY job.id LIMIT $4`,
    [prefix, tasks, after, limit],
  );
}

/** Stores tokens that were sealed anew, where the old ones still stand, and gives their number. */
export async function replaceSealed(
  database: Database,
  jobs: readonly { id: string; sealed: string; anew: string }[],
): Promise<number> {
  const [rows] = await database.query<[unknown[], number]>(
    `UPDATE graphile_worker._private_jobs job
    SET payload = jsonb_set(job.payload::jsonb, '{sealedToken}', to_jsonb(given.anew))::json
    FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (id, sealed, anew)
    WHERE job.id = given.id AND job.payload->>'sealedToken' = given.sealed RETURNING job.id`,
    [jobs.map(({ id }) => id), jobs.map(({ sealed }) => sealed), jobs.map(({ anew }) => anew)],
  );
  return rows.length;
}

/** The table of the jobs and its times, for tests that move these. `locked_at` stays: after four hours it means a lost job. */
export const JOB_TIMES = { table: 'graphile_worker._private_jobs', columns: ['run_at', 'created_at', 'updated_at'] };

/** Deletes the jobs that do not run, for tests. @returns how many run */
export async function discardJobs(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ running: number }>(
    `WITH dropped AS (DELETE FROM graphile_worker._private_jobs WHERE locked_at IS NULL)
    SELECT count(*)::int AS running FROM graphile_worker._private_jobs WHERE locked_at IS NOT NULL`,
  );
  return rows[0]?.running ?? 0;
}
