import type { DataSource } from 'typeorm';
import type { SecretBox } from '../auth/tokens/secrets.js';
import { countSealedOtherwise, replaceSealed, type SealedJob, sealedOtherwise } from './outbox.repository.js';
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
  'mail.email_confirm': 'outbox.email_confirm',
  'mail.email_changed': 'outbox.email_changed',
} as const satisfies Record<SealedTask, string>;

/** Seals a token for the job of a task. */
export const sealToken = (secrets: SecretBox, task: SealedTask, token: string): string =>
  secrets.seal(SEAL_PURPOSES[task], token);

/**
 * The token that a job carries.
 * @throws Error when it was sealed with a secret that is gone
 */
export function openToken(secrets: SecretBox, task: SealedTask, sealed: string): string {
  const token = secrets.open(SEAL_PURPOSES[task], sealed);
  if (token === null) throw new Error('The token was sealed with a secret that APP_SECRET no longer lists');
  return token;
}

const SEALED_TASKS = Object.keys(SEAL_PURPOSES) as SealedTask[];

/** Jobs that are read and written at a time. */
const BATCH = 500;

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
  countOld(): Promise<number> {
    return countSealedOtherwise(this.dataSource, this.secrets.newestPrefix);
  }

  /** Seals them anew with the newest secret, a batch at a time. A job that ends or changes meanwhile is left alone. */
  async reseal(signal: AbortSignal): Promise<ResealReport> {
    let [resealed, unreadable] = [0, 0];
    for (let after = '0', jobs: SealedJob<SealedTask>[] = []; ; after = jobs.at(-1)?.id ?? after) {
      signal.throwIfAborted();
      jobs = await this.batchAfter(after);
      if (jobs.length === 0) return { resealed, unreadable };
      const opened = jobs.map((job) => ({ job, token: this.secrets.open(SEAL_PURPOSES[job.task], job.sealed) }));
      const fresh = opened.flatMap(({ job, token }) =>
        token === null ? [] : [{ ...job, anew: this.secrets.seal(SEAL_PURPOSES[job.task], token) }],
      );
      unreadable += jobs.length - fresh.length;
      resealed += await replaceSealed(this.dataSource, fresh);
    }
  }

  private batchAfter(after: string): Promise<SealedJob<SealedTask>[]> {
    const { newestPrefix: prefix } = this.secrets;
    return sealedOtherwise(this.dataSource, { prefix, tasks: SEALED_TASKS, after, limit: BATCH });
  }
}
