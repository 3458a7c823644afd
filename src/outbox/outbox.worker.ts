import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy, Optional } from '@nestjs/common';
import { type JobHelpers, runTaskList, type TaskList, type WorkerEvents, type WorkerPool } from 'graphile-worker';
import type { Client, Pool } from 'pg';
import { DataSource } from 'typeorm';
import { openPool } from '../database/connections.js';
import { closeSocket } from '../database/resilient-client.js';
import { withLanguages } from '../language/accept-language.js';
import { Tracing } from '../tracing/tracing.js';
import {
  allowSecondReturn,
  endWorkers,
  keptFailure,
  outboxLogger,
  settles,
  WORKER_SESSION,
} from './graphile-worker.js';
import { OutboxOrphans } from './orphaned-jobs.js';
import { type ErasedHandler, OutboxHandlers, OutboxSettings } from './outbox.handlers.js';
import { OUTBOX_SCHEMA } from './outbox.migrate.js';
import { jobsOfOtherTasks, registerTasks } from './outbox.repository.js';

/** One listens, one shows that the workers live, one looks for orphans; jobs need one only to be taken and to be finished. */
const CONNECTIONS = 6;

/**
 * Runs the jobs of the outbox in this process: on its own few connections, woken by NOTIFY and by a poll. It starts
 * after the application, starts anew whatever breaks it (the database going away, above all), and on shutdown lets
 * running jobs finish or hands them back.
 */
@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Outbox');
  private readonly stopping = new AbortController();
  private supervision: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly handlers: OutboxHandlers,
    private readonly settings: OutboxSettings,
    @Optional() private readonly tracing?: Tracing,
  ) {}

  /** Does not wait until the worker runs: the service answers while the outbox is still connecting. */
  onApplicationBootstrap(): void {
    this.supervision = this.supervise();
  }

  /** Runs before anything that jobs use is closed. After twice `shutdownTimeoutMs`, jobs are left to the other instances. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await settles(this.supervision, 2 * this.settings.shutdownTimeoutMs);
  }

  private async supervise(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.runUntilBroken();
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.logger.warn(`Starts again in ${this.settings.restartMs} ms, because: ${String(error)}`);
        await pause(this.settings.restartMs, this.stopping.signal);
      }
    }
  }

  /** @throws what broke the runner, or an AbortError after a shutdown; by then its connections are closed. */
  private async runUntilBroken(): Promise<never> {
    const pool = openPool(this.dataSource, 'session', {
      size: CONNECTIONS,
      connectTimeoutMs: 10_000,
      name: 'iam outbox',
      sessionSettings: WORKER_SESSION,
    });
    allowSecondReturn(pool);
    // The library listens only while it runs, and without a listener a connection that breaks while idle would end
    // the process.
    pool.on('error', (error) => this.logger.debug(`An idle connection broke: ${error.message}`));
    const clients = new Set<Client>();
    pool.on('connect', (client) => clients.add(client.on('end', () => clients.delete(client))));
    const ended = new AbortController();
    const events: WorkerEvents = new EventEmitter();
    const orphans = new OutboxOrphans(pool);
    events.on('worker:create', ({ worker }) => orphans.add(worker));
    const looking = [this.releaseOrphans(orphans, ended.signal), this.warnOfUnhandledJobs(pool)];
    try {
      return await this.runWith(pool, events, () => looking.push(this.showPresence(orphans, ended.signal)));
    } finally {
      ended.abort();
      const closed = Promise.all(looking).then(() => pool.end());
      if (!(await settles(closed, this.settings.endTimeoutMs))) this.closeByForce(pool, clients);
    }
  }

  /** Without an end of the pool's connections, nothing would ever start anew. */
  private closeByForce(pool: Pool, clients: ReadonlySet<Client>): void {
    this.logger.warn(`${clients.size} connections are closed by force`);
    pool.end().catch(() => undefined);
    for (const client of clients) closeSocket(client);
  }

  private async runWith(pool: Pool, events: WorkerEvents, onStarted: () => void): Promise<never> {
    // A worker that cannot report the end of its job stops itself, and the library starts no other in its place.
    const broken = once(events, 'worker:fatalError', { signal: this.stopping.signal });
    broken.catch(() => undefined);
    // The library does so once for its workers, and keeps a failure: without a database that takes writes we start anew.
    await registerTasks(pool, this.tasks());
    const kept = keptFailure(events);
    const workers = this.start(pool, events);
    onStarted();
    try {
      const reason = await Promise.race([
        kept.then((error) => `the workers could not look up their tasks: ${String(error)}`),
        broken.then(() => 'a worker could not report the end of its job'),
        workers.promise.then(() => 'the workers ended'),
      ]);
      throw new Error(reason);
    } finally {
      if (!(await endWorkers(workers, this.settings.endTimeoutMs))) this.logger.warn('The workers do not end');
    }
  }

  /**
   * Only the workers, where the library's `run` would also start its cron: that has nothing to do here, and its failure
   * to start is an unhandled rejection, which ends the process. Not async, since the returned pool has a `then`.
   */
  private start(pool: Pool, events: WorkerEvents): WorkerPool {
    const tasks: TaskList = Object.fromEntries(
      this.handlers.entries().map(([task, handler]) => [task, toTask(handler, this.tracing)]),
    );
    const options = {
      events,
      schema: OUTBOX_SCHEMA,
      logger: outboxLogger(),
      concurrency: this.settings.concurrency,
      pollInterval: this.settings.pollMs,
      gracefulShutdownAbortTimeout: this.settings.shutdownTimeoutMs,
      // Nest decides when the process ends.
      noHandleSignals: true,
    };
    return runTaskList(options, tasks, pool);
  }

  private tasks(): string[] {
    return this.handlers.entries().map(([task]) => task);
  }

  /** Jobs without a handler in this release are kept for an instance of another release, and logged. */
  private async warnOfUnhandledJobs(pool: Pool): Promise<void> {
    try {
      for (const { task, jobs } of await jobsOfOtherTasks(pool, this.tasks())) {
        this.logger.warn(`${jobs} jobs wait for ${task}, which nothing here does; they are kept`);
      }
    } catch (error) {
      this.logger.debug(`Could not look for jobs that nothing here does: ${String(error)}`);
    }
  }

  /** On a connection of ours: after an outage, the library listens again after up to a minute, and takes jobs before. */
  private async showPresence(orphans: OutboxOrphans, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      try {
        await orphans.show(ended);
      } catch (error) {
        if (!ended.aborted) this.logger.debug(`Could not show that the workers live: ${String(error)}`);
      }
      await pause(this.settings.restartMs, ended);
    }
  }

  private async releaseOrphans(orphans: OutboxOrphans, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      try {
        const jobs = await orphans.release();
        if (jobs > 0) this.logger.warn(`Released ${jobs} jobs that no worker was at work on`);
      } catch (error) {
        this.logger.debug(`Could not look for orphaned jobs: ${String(error)}`);
      }
      await pause(this.settings.orphansMs, ended);
    }
  }
}

/** A job that is not done within `shutdownTimeoutMs` of a shutdown has failed; another worker tries it again. */
function toTask(handler: ErasedHandler, tracing?: Tracing) {
  return async (payload: unknown, { job, abortSignal }: JobHelpers): Promise<void> => {
    const { id, task_identifier: task, attempts: attempt } = job;
    const signal = abortSignal ?? new AbortController().signal;
    const work = () => handler(payload, { id, attempt, signal });
    const perform = () => unlessAborted(signal, withLanguages(textOf(payload, 'acceptLanguage'), work));
    const traced = { id, task, attempt, traceparent: textOf(payload, 'traceparent') };
    await (tracing ? tracing.traceJob(traced, perform) : perform());
  };
}

/** What the work gives, unless the signal aborts before. */
function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error('The service is shutting down'));
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** What `Outbox.enqueue` wrote into the payload for us. */
function textOf(payload: unknown, field: 'acceptLanguage' | 'traceparent'): string | undefined {
  const own: Partial<Record<typeof field, unknown>> = typeof payload === 'object' && payload !== null ? payload : {};
  return typeof own[field] === 'string' ? own[field] : undefined;
}

/** Sleeps, but not beyond the signal. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
