import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { requestContext, withRequestContext } from '../context/request-context.js';
import type { Item } from '../json-api/document/response.js';
import { type Transaction, Transactions } from '../json-api/sql/sql.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { MAX_ATTEMPTS, Outbox } from '../outbox/outbox.js';
import { Sweeps } from '../sweeps/sweeps.js';
import type { JobInputs, JobKind, JobKindName } from './job-kind.js';
import { FINISHED_JOBS, JobsRepository, type LockedJob } from './jobs.repository.js';
import { EVERYTHING } from '../json-api/resource.repository.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Takes a job on: `iam:jobs`. */
    'jobs.run': { jobId: string };
  }
}

/**
 * How long one run of a job takes steps before it queues the next run, in ms: mails share the workers, and a
 * shutdown waits only a little longer.
 */
const RUN_MS = 2_000;

/** A kind whose input type is forgotten, since inputs come out of the database. */
type ErasedKind = (input: object, job: LockedJob, tx: Transaction) => ReturnType<JobKind['step']>;

/**
 * Long-running work: a row with its progress, and outbox jobs that run it, one after
 * the other, on whatever instance is free. It is done step by step, each in a transaction of its own together with the
 * progress, so that a process may die at any moment.
 */
@Injectable()
export class JobsService implements OnModuleInit {
  private readonly kinds = new Map<string, ErasedKind>();

  constructor(
    private readonly rows: JobsRepository,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly sweeps: Sweeps,
  ) {}

  onModuleInit(): void {
    this.handlers.register('jobs.run', ({ jobId }, { attempt }) => this.run(jobId, attempt));
    this.sweeps.register(FINISHED_JOBS);
  }

  /** Registers the handler of a kind of job. @throws Error when the kind is already registered */
  register<Name extends JobKindName>(kind: JobKind<Name>): void {
    if (this.kinds.has(kind.name)) throw new Error(`The job kind ${kind.name} is registered twice`);
    // `start` is the only writer of inputs, and checks this type.
    this.kinds.set(kind.name, (input, { createdBy }, tx) => kind.step(input as JobInputs[Name], tx, { createdBy }));
  }

  /**
   * Queues a job in this transaction, and returns it as the actor sees it.
   * @param total how many items it will handle, where that is known
   */
  async start<Name extends JobKindName>(
    tx: Transaction,
    actor: Actor,
    kind: Name,
    { input, total }: { readonly input: JobInputs[Name] & object; readonly total: number | null },
  ): Promise<Item> {
    const { requestId, ip: addressOf } = requestContext() ?? {};
    const ip = addressOf?.();
    const origin = { ...(requestId !== undefined && { requestId }), ...(ip !== undefined && { ip }) };
    const jobId = await this.rows.add({ kind, input, origin, total, createdBy: actor.id }, tx);
    await this.outbox.enqueue(tx, 'jobs.run', { jobId }, { key: jobId });
    return this.rows.reload(actor, jobId, EVERYTHING, tx);
  }

  /** One run. @throws what a step throws; the outbox then tries again later */
  private async run(jobId: string, attempt: number): Promise<void> {
    const endsAt = performance.now() + RUN_MS;
    try {
      while (await this.transactions.run((tx) => this.step(jobId, endsAt, tx)));
    } catch (error) {
      const isLast = attempt >= MAX_ATTEMPTS;
      const detail = isLast ? 'A step failed repeatedly' : 'A step failed and will be retried';
      await this.transactions.run((tx) => this.rows.fail(jobId, { code: 'internal_error', detail }, isLast, tx));
      throw error;
    }
  }

  /** One step. Returns whether this run continues; otherwise the job is done, or the next run is queued. */
  private async step(jobId: string, endsAt: number, tx: Transaction): Promise<boolean> {
    const job = await this.rows.findUnfinishedForUpdate(jobId, tx);
    if (!job) return false;
    const kind = this.kinds.get(job.kind);
    if (!kind) throw new Error(`No handler is registered for the job kind ${job.kind}`);
    const origin = { ...job.origin, ip: () => job.origin.ip };
    const step = await withRequestContext({ ...requestContext(), ...origin }, () => kind(job.input, job, tx));
    await this.rows.advance(jobId, step, tx);
    if (step.isDone) return false;
    if (performance.now() < endsAt) return true;
    await this.outbox.enqueue(tx, 'jobs.run', { jobId }, { key: jobId });
    return false;
  }
}
