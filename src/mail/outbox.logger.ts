import { Logger as NestLogger } from '@nestjs/common';
import { Logger } from 'graphile-worker';
import type { Pool } from 'pg';

/**
 * graphile-worker's lines in Nest's log. Only its sentences: the data beside them contains whole jobs, and payloads
 * are nobody's business. What it calls information (each job, each connection) is for debugging here, and what it
 * calls debugging is about its own inside.
 */
export function outboxLogger(): Logger {
  const logger = new NestLogger('Outbox');
  return new Logger(() => (level, message) => {
    if (level === 'error') logger.error(message);
    else if (level === 'warning') logger.warn(message);
    else if (level === 'info') logger.debug(message);
  });
}

/**
 * Listens to the errors of a pool's connections, which would end the process otherwise: the library does so only while it
 * runs, and warns about a pool to which nobody else listens. Whoever uses a broken connection hears of it anyway.
 */
export function handleErrors(pool: Pool): void {
  const logger = new NestLogger('Outbox');
  const broke = (error: Error): void => logger.debug(`A connection broke: ${error.message}`);
  pool.on('error', broke);
  pool.on('connect', (client) => client.on('error', broke));
}
