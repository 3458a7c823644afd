import type { Params } from 'nestjs-pino';
import type { Config } from './config/config.js';
import { requestContext } from './context/request-context.js';
import { loggerParams } from './logging/logging.module.js';
import { loggedTrace } from './tracing/tracing.js';

/** Logging options of the service: every line of a request or job has its id. */
export const serviceLogging = (config: Pick<Config, 'environment' | 'logLevel'>): Params =>
  loggerParams(config, loggedContext);

/** The log fields of the current request or job. */
function loggedContext(): object {
  const context = requestContext();
  return {
    ...(context?.requestId !== undefined && { requestId: context.requestId }),
    ...loggedTrace(context?.span),
  };
}
