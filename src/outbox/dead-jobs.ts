import type { DataSource } from 'typeorm';
import { type DeadJob, deadJobs, rescheduleJobs } from './outbox.repository.js';

/** What links in mails carry. A relay may quote a link when it rejects the mail. */
const TOKENS = /(token=)[\w%.~-]+/g;

/** The jobs of the outbox that are not tried again until an operator says so; without their payloads. */
export class DeadLetters {
  constructor(private readonly dataSource: Pick<DataSource, 'query'>) {}

  /** All of them, the oldest first. Tokens are masked in their errors. */
  async list(): Promise<DeadJob[]> {
    const rows = await deadJobs(this.dataSource);
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
    return rescheduleJobs(this.dataSource, ids);
  }

  /** Lets all of them be tried anew, and gives their number. */
  async retryAll(): Promise<number> {
    return this.retry((await this.list()).map(({ id }) => id));
  }
}
