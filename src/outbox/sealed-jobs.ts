import type { DataSource } from 'typeorm';
import type { SecretBox } from '../auth/tokens/secrets.js';
import { countSealedOtherwise, replaceSealed, type SealedJob, sealedOtherwise } from './outbox.repository.js';
import { SEAL_PURPOSES, type SealedTask } from './outbox.js';

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
