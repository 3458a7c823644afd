import { Logger as NestLogger } from '@nestjs/common';
import { Logger, type WorkerEvents, type WorkerPool } from 'graphile-worker';
import type { PoolClient } from 'pg';
import { settles } from './settles.js';

/**
 * The one place that depends on what graphile-worker does inside; its private tables are named in `outbox.repository.ts`
 * alone. `test/outbox/graphile-worker.spec.ts` fails when an update changes either.
 */

/**
 * Ends the workers. The library begins by itself when its schema is migrated to a version that it does not know.
 * @returns false when they have not ended within this time, in milliseconds; they are left behind then
 */
export async function endWorkers(workers: WorkerPool, withinMs: number): Promise<boolean> {
  return settles(workers._shuttingDown ? workers.promise : workers.gracefulShutdown(), withinMs);
}

/**
 * Resolves with the error when a worker cannot look for a job before any of them has. The library looks up its tasks then,
 * once, and keeps a failure: its workers would ask in vain for ever, and say so in its level `debug` alone.
 */
export function failedFirstLook(events: WorkerEvents): Promise<unknown> {
  return new Promise((resolve) => {
    const failed = ({ error }: { error: unknown }): void => resolve(error);
    const forget = (): void => void events.off('worker:getJob:error', failed);
    events.on('worker:getJob:error', failed);
    for (const looked of ['worker:getJob:empty', 'job:start'] as const) events.once(looked, forget);
  });
}

/** Calls back with the connection on which the library listens, once that takes statements. */
export function onListening(events: WorkerEvents, listener: (client: PoolClient) => void): void {
  events.on('pool:listen:success', ({ client }) => {
    // The library says so before it sends its LISTEN, and a connection takes one statement at a time.
    client.once('drain', () => listener(client));
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
