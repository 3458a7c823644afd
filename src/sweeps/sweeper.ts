import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Recurring } from './recurring.js';
import { Metrics } from '../metrics/metrics.js';
import { SweepsRepository } from './sweeps.repository.js';
import { PeriodicJobs, type PeriodicJob } from './periodic-jobs.js';
import { Sweeps, type Sweep } from './sweeps.js';

/** Time between two checks for due sweeps, in ms. */
const TICK_MS = 15_000;
const DEFAULT_EVERY_SECONDS = 300;
/**
 * How long a claim lasts, in seconds: a sweep that failed, or whose process died, is retried after that time, by
 * the first instance that checks.
 */
const CLAIM_SECONDS = 60;
/** A sweep that is not done after this time leaves the rest to the next claim, in ms: before its own runs out. */
const MAX_RUN_MS = 45_000;

/**
 * Deletes expired rows: each table at its interval, by one instance at a time, in batches that skip locked rows. Runs
 * periodic jobs in the same way.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Sweeper.name);
  private recurring: Recurring | undefined;

  constructor(
    private readonly sweeps: Sweeps,
    private readonly jobs: PeriodicJobs,
    private readonly rows: SweepsRepository,
    private readonly metrics: Metrics,
  ) {}

  /** @throws Error for a periodic job that is called as a swept table */
  onApplicationBootstrap(): void {
    const tables = new Set(this.sweeps.list().map(({ table }) => table));
    const twin = this.jobs.list().find(({ name }) => tables.has(name));
    if (twin) throw new Error(`The periodic job "${twin.name}" has the name of a swept table; call it otherwise`);
    // Series that appear only with their first value hide the first increase from `rate()`.
    for (const { table } of this.sweeps.list()) this.metrics.sweptRows.inc({ table }, 0);
    const failed = (error: unknown): void => this.logger.warn(`Could not check for due sweeps: ${String(error)}`);
    this.recurring = new Recurring({ everyMs: TICK_MS, run: (signal) => this.tick(signal), failed });
  }

  async onModuleDestroy(): Promise<void> {
    await this.recurring?.stop();
  }

  /** Runs every due sweep and job that no other instance has claimed, and returns the number of deleted rows. */
  async tick(signal?: AbortSignal): Promise<number> {
    const [sweeps, jobs] = [this.sweeps.list(), this.jobs.list()];
    const due = await this.rows.due([...sweeps.map(({ table }) => table), ...jobs.map(({ name }) => name)]);
    for (const job of jobs.filter(({ name }) => due.has(name))) if (!signal?.aborted) await this.runJob(job, signal);
    let total = 0;
    for (const sweep of sweeps.filter(({ table }) => due.has(table))) {
      if (signal?.aborted) break;
      total += await this.attempt(sweep, signal);
    }
    return total;
  }

  /** A failed sweep is logged and does not stop the others. */
  private async attempt(sweep: Sweep, signal?: AbortSignal): Promise<number> {
    try {
      return (await this.rows.claim(sweep.table, CLAIM_SECONDS)) ? await this.run(sweep, signal) : 0;
    } catch (error) {
      this.logger.warn(`Expired rows of ${sweep.table} were not deleted; retrying in a minute: ${String(error)}`);
      return 0;
    }
  }

  /** A failed job is logged and does not stop the others. */
  private async runJob(job: PeriodicJob, signal?: AbortSignal): Promise<void> {
    const { name, everySeconds } = job;
    const timeout = AbortSignal.timeout(MAX_RUN_MS);
    try {
      if (!(await this.rows.claim(name, CLAIM_SECONDS))) return;
      await job.run(signal ? AbortSignal.any([signal, timeout]) : timeout);
      await this.rows.finish(name, everySeconds);
    } catch (error) {
      this.logger.warn(`The periodic job ${name} failed; retrying in a minute: ${String(error)}`);
    }
  }

  private async run(sweep: Sweep, signal?: AbortSignal): Promise<number> {
    const began = performance.now();
    const elapsed = (): number => performance.now() - began;
    let [total, more] = [0, true];
    while (more && elapsed() < MAX_RUN_MS && !signal?.aborted) {
      const batch = await this.rows.delete(sweep);
      total += batch.rows;
      more = batch.more;
      this.metrics.sweptRows.inc({ table: sweep.table }, batch.rows);
    }
    if (!more) await this.rows.finish(sweep.table, sweep.everySeconds ?? DEFAULT_EVERY_SECONDS);
    if (total > 0) this.logger.log(`Deleted ${total} expired rows of ${sweep.table} in ${Math.round(elapsed())} ms`);
    return total;
  }
}
