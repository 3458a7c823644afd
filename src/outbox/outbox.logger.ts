import { Logger as NestLogger } from '@nestjs/common';
import { Logger } from 'graphile-worker';

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
