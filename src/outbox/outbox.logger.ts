import { Logger as NestLogger } from '@nestjs/common';
import { Logger } from 'graphile-worker';

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
