import { Module, type DynamicModule } from '@nestjs/common';
import { Logger, LoggerModule, PinoLogger, type Params } from 'nestjs-pino';
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import { logOptions } from './log.options.js';

/**
 * Options of nestjs-pino.
 * @param context fields of every line that is written during a request, such as its id
 */
export function loggerParams(
  config: Pick<Config, 'environment' | 'logLevel'>,
  context: () => object = () => ({}),
): Params {
  return {
    // Otherwise its own serializers would replace those of the logger, which bound what they serialize.
    pinoHttp: { logger: pino(logOptions(config, context)), wrapSerializers: false },
    // Requests are logged by a hook of the server (request-line.ts), also those without a route.
    forRoutes: [],
  };
}

/** The logger for Nest before the application and its providers exist. */
export const nestLogger = (params: Params): Logger => new Logger(new PinoLogger(params), params);

/** The service's log: JSON on the standard output, readable in development. */
@Module({})
export class LoggingModule {
  static register(params: Params): DynamicModule {
    return { module: LoggingModule, imports: [LoggerModule.forRoot(params)] };
  }
}
