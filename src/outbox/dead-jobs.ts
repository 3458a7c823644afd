import type { DataSource } from 'typeorm';

/** SQL: nobody tries the job again. Of one that runs its last try, the tries are used up too, but it is held. */
export const DEAD = 'attempts >= max_attempts AND locked_at IS NULL';

/** What links in mails carry. A relay may quote a link when it refuses the mail. */
const TOKENS = /(token=)[\w%.~-]+/g;

/** A job that used up its tries, as an operator may see it: without its payload, which is for the one it was meant for. */
export interface DeadLetter {
  readonly id: string;
  readonly task: string;
  readonly attempts: number;
  readonly lastError: string;
  /** When it was queued. */
  readonly since: Date;
}

/** The jobs of the outbox that nobody tries again, until an operator says so. */
export class DeadLetters {
  constructor(private readonly dataSource: Pick<DataSource, 'query'>) {}

  /** All of them, the oldest first. */
  async list(): Promise<DeadLetter[]> {
    const rows = await this.dataSource.query<DeadLetter[]>(`
      SELECT id, task_identifier AS task, attempts, coalesce(last_error, '') AS "lastError", created_at AS since
      FROM graphile_worker.jobs WHERE ${DEAD} ORDER BY id`);
    return rows.map((row) => ({ ...row, lastError: row.lastError.replace(TOKENS, '$1…') }));
  }

  /**
   * Lets the jobs with these ids be tried anew, as if they had just been queued.
   * @returns how many there are
   * @throws Error when one of them is not dead; nothing is tried again then
   */
  async retry(ids: readonly string[]): Promise<number> {
    const dead = new Set((await this.list()).map(({ id }) => id));
    const others = ids.filter((id) => !dead.has(id));
    if (others.length > 0) throw new Error(`No dead letter has the id ${others.join(', ')}; nothing was sent again.`);
    const rows = await this.dataSource.query<unknown[]>(
      'SELECT id FROM graphile_worker.reschedule_jobs($1::bigint[], run_at => now(), attempts => 0)',
      [ids],
    );
    return rows.length;
  }

  /** Lets all of them be tried anew, and gives their number. */
  async retryAll(): Promise<number> {
    return this.retry((await this.list()).map(({ id }) => id));
  }
}
