import { Module, type DynamicModule } from '@nestjs/common';
import { Logger, LoggerModule, PinoLogger, type Params } from 'nestjs-pino';
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import { logOptions } from './log.options.js';

/**
 * What nestjs-pino needs to know for the service's log.
 * @param context what every line carries that is written while a request is served, such as the request's id
 */
export function loggerParams(
  config: Pick<Config, 'environment' | 'logLevel'>,
  context: () => object = () => ({}),
): Params {
  return {
    // It would put serializers of its own in the place of the logger's, which bound what they serialize.
    pinoHttp: { logger: pino(logOptions(config, context)), wrapSerializers: false },
    // Requests are logged by a hook of the server (request-line.ts), which also sees those that reach no route.
    forRoutes: [],
  };
}

/** The same log for Nest itself while it makes the application, when there is no provider yet. */
export const nestLogger = (params: Params): Logger => new Logger(new PinoLogger(params), params);

/** The service's log: JSON on the standard output, readable in development. */
@Module({})
export class LoggingModule {
  static register(params: Params): DynamicModule {
    return { module: LoggingModule, imports: [LoggerModule.forRoot(params)] };
  }
}
