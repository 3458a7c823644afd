import type { Params } from 'nestjs-pino';
import type { Config } from './config/config.js';
import { requestContext } from './context/request-context.js';
import { loggerParams } from './logging/logging.module.js';
import { loggedTrace } from './tracing/tracing.js';

/** How the service logs: every line says of which request or job it is, if it is of one. */
export const serviceLogging = (config: Pick<Config, 'environment' | 'logLevel'>): Params =>
  loggerParams(config, loggedContext);

/** What a line of the log says of the request or job during which it is written. */
function loggedContext(): object {
  const context = requestContext();
  return {
    ...(context?.requestId !== undefined && { requestId: context.requestId }),
    ...loggedTrace(context?.span),
  };
}
