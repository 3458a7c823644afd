import { setTimeout as sleep } from 'node:timers/promises';
import { Logger as NestLogger } from '@nestjs/common';
import { Logger, type WorkerEvents, type WorkerPool } from 'graphile-worker';
import type { Pool } from 'pg';

/**
 * The one place that depends on what graphile-worker does inside; its private tables are named in `outbox.repository.ts`
 * alone. `test/outbox/graphile-worker.spec.ts` fails when an update changes either.
 */

/** Settings of PostgreSQL for the connections of the workers. */
export const WORKER_SESSION = {
  // Taking a job and ending it do not wait for the disk: what is lost in a crash of PostgreSQL, of the last moments, is that a job
  // was taken or done, and it runs once more, as it may at any time. Two waits a mail were most of its time.
  synchronous_commit: 'off',
  // The next job is always looked for along the index. The plan is kept, and is mostly made while the queue is empty, where
  // reading and sorting all jobs seems to cost as little; with some thousand jobs it took a millisecond a job.
  enable_sort: 'off',
  plan_cache_mode: 'force_generic_plan',
  // A statement that cannot do without sorting counts as an expensive one, and would be compiled for it.
  jit: 'off',
} as const;

/** Whether the work is over, well or not, within this time in milliseconds. It goes on when it is not. */
export async function settles(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(withinMs, false, { signal: timer.signal }).catch(() => false);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer.abort();
  }
}

/**
 * Ends the workers. The library begins by itself when its schema is migrated to a version that it does not know.
 * @returns false when they have not ended within this time, in milliseconds; they are left behind then
 */
export async function endWorkers(workers: WorkerPool, withinMs: number): Promise<boolean> {
  return settles(workers._shuttingDown ? workers.promise : workers.gracefulShutdown(), withinMs);
}

/**
 * Lets the library return its listening connection twice. It does so when the workers end while that connection breaks, and
 * the pool's error about it would be an unhandled rejection, which ends the process.
 */
export function allowSecondReturn(pool: Pool): void {
  const connect = pool.connect.bind(pool);
  pool.connect = ((callback?: Parameters<typeof connect>[0]) => {
    if (!callback) return connect();
    return connect((error, client, release) => {
      // A pool that has ended gives no function, and the library calls the one that it is given.
      if (error) return callback(error, client, release);
      let isReturned = false;
      callback(error, client, (reason) => {
        if (!isReturned) release(reason);
        isReturned = true;
      });
    });
  }) as typeof pool.connect;
}

/**
 * Resolves with the error when two looks for a job fail with the very same one. The library looks up its tasks once and keeps
 * a failure: its workers would ask in vain for ever, and say so in its level `debug` alone. Any other failure has its own error.
 */
export function keptFailure(events: WorkerEvents): Promise<unknown> {
  return new Promise((resolve) => {
    let last: unknown;
    events.on('worker:getJob:error', ({ error }) => {
      if (error === last) resolve(error);
      last = error;
    });
  });
}

/**
 * graphile-worker's lines in Nest's log. Only its sentences: the data beside them contains whole jobs, and payloads
 * are confidential. Its level `info` (each job, each connection) is `debug` here, and its level
 * `debug`, about its own internals, is not logged.
 */
export function outboxLogger(): Logger {
  const logger = new NestLogger('Outbox');
  return new Logger(() => (level, message) => {
    if (level === 'error') logger.error(message);
    else if (level === 'warning') logger.warn(message);
    else if (level === 'info') logger.debug(message);
  });
}
