import type { DataSource } from 'typeorm';
import type { SecretBox } from '../auth/tokens/secrets.js';
import type { OutboxTasks } from './outbox.tasks.js';

/** Tasks whose jobs carry a sealed token. */
type SealedTask = {
  [Task in keyof OutboxTasks]: OutboxTasks[Task] extends { sealedToken: string } ? Task : never;
}[keyof OutboxTasks];

/** What each seals its token for. */
export const SEAL_PURPOSES = {
  'mail.invitation': 'outbox.invitation',
  'mail.invitation_reminder': 'outbox.invitation',
  'mail.password_reset': 'outbox.password_reset',
} as const satisfies Record<SealedTask, string>;

/** Jobs that are read and written at a time. */
const BATCH = 500;

interface SealedJob {
  readonly id: string;
  readonly task: SealedTask;
  readonly sealed: string;
}

/** How many sealed rows were sealed anew, and how many no secret of ours opens. */
export interface ResealReport {
  readonly resealed: number;
  readonly unreadable: number;
}

/** The sealed tokens in jobs that wait, those that failed for good among them. */
export class SealedJobs {
  constructor(
    private readonly dataSource: Pick<DataSource, 'query'>,
    private readonly secrets: SecretBox,
  ) {}

  /** How many are sealed with another secret than the newest. */
  async countOld(): Promise<number> {
    const [row] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::float8 AS count FROM graphile_worker._private_jobs job WHERE ${SEALED_OTHERWISE}`,
      [this.secrets.newestPrefix],
    );
    return row?.count ?? 0;
  }

  /** Seals them anew with the newest secret, a batch at a time. A job that ends or changes meanwhile is left alone. */
  async reseal(signal: AbortSignal): Promise<ResealReport> {
    let [resealed, unreadable] = [0, 0];
    for (let after = '0', jobs: SealedJob[] = []; ; after = jobs.at(-1)?.id ?? after) {
      signal.throwIfAborted();
      jobs = await this.batchAfter(after);
      if (jobs.length === 0) return { resealed, unreadable };
      const opened = jobs.map((job) => ({ job, token: this.secrets.open(SEAL_PURPOSES[job.task], job.sealed) }));
      const fresh = opened.flatMap(({ job, token }) =>
        token === null ? [] : [{ ...job, anew: this.secrets.seal(SEAL_PURPOSES[job.task], token) }],
      );
      unreadable += jobs.length - fresh.length;
      resealed += await this.replace(fresh);
    }
  }

  private batchAfter(id: string): Promise<SealedJob[]> {
    return this.dataSource.query<SealedJob[]>(
      `SELECT job.id::text AS id, task.identifier AS task, job.payload->>'sealedToken' AS sealed
      FROM graphile_worker._private_jobs job JOIN graphile_worker._private_tasks task ON task.id = job.task_id
      WHERE ${SEALED_OTHERWISE} AND task.identifier = ANY($2::text[]) AND job.id > $3::bigint
      ORDER BY job.id LIMIT ${BATCH}`,
      [this.secrets.newestPrefix, Object.keys(SEAL_PURPOSES), id],
    );
  }

  private async replace(jobs: readonly { id: string; sealed: string; anew: string }[]): Promise<number> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE graphile_worker._private_jobs job
      SET payload = jsonb_set(job.payload::jsonb, '{sealedToken}', to_jsonb(given.anew))::json
      FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (id, sealed, anew)
      WHERE job.id = given.id AND job.payload->>'sealedToken' = given.sealed RETURNING job.id`,
      [jobs.map(({ id }) => id), jobs.map(({ sealed }) => sealed), jobs.map(({ anew }) => anew)],
    );
    return rows.length;
  }
}

/** SQL, $1 is what the newest secret's seals begin with. */
const SEALED_OTHERWISE = `job.payload->>'sealedToken' IS NOT NULL AND NOT starts_with(job.payload->>'sealedToken', $1)`;
