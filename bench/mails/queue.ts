import { JOB_TIMES } from '../../src/outbox/outbox.repository.js';
import type { OutboxTask } from '../../src/outbox/outbox.tasks.js';
import { withClient } from '../postgres/client.js';

/** The jobs whose mails are counted. */
const TASK: OutboxTask = 'mail.invitation';
/** Where waiting jobs are put, from now. */
const FAR = `interval '1 year'`;
const IS_HELD = `run_at > now() + interval '30 days' AND task_id =
  (SELECT id FROM graphile_worker._private_tasks WHERE identifier = '${TASK}')`;

/**
 * Lets every job that is queued from now on wait until {@link releaseMails}: a row that creates accounts measures their
 * creation, and not the mails that the same process sends meanwhile.
 */
export const holdMails = (databaseUrl: string): Promise<void> =>
  withClient(databaseUrl, async (client) => {
    await client.query(`
      CREATE FUNCTION bench_hold_job() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.run_at := now() + ${FAR};
        RETURN NEW;
      END $$;
      CREATE TRIGGER bench_hold_job BEFORE INSERT ON ${JOB_TIMES.table} FOR EACH ROW EXECUTE FUNCTION bench_hold_job()`);
  });

/** How many mails wait. */
export const heldMails = (databaseUrl: string): Promise<number> =>
  withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${JOB_TIMES.table} WHERE ${IS_HELD}`,
    );
    return rows[0]?.count ?? 0;
  });

/** Makes so many of the waiting mails due, all at once, and wakes the workers as graphile-worker does. */
export const releaseMails = (databaseUrl: string, count: number): Promise<void> =>
  withClient(databaseUrl, async (client) => {
    await client.query(
      `UPDATE ${JOB_TIMES.table} SET run_at = now()
       WHERE id IN (SELECT id FROM ${JOB_TIMES.table} WHERE ${IS_HELD} ORDER BY id LIMIT $1)`,
      [count],
    );
    await client.query(`SELECT pg_notify('jobs:insert', json_build_object('r', random(), 'count', $1::int)::text)`, [
      count,
    ]);
  });
