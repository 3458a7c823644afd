import { Module, type DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import { logOptions } from './log.options.js';

/** The service's log: JSON on the standard output, readable in development. */
@Module({})
export class LoggingModule {
  /** @param context what every line carries that is written while a request is served, such as the request's id */
  static register(config: Pick<Config, 'environment' | 'logLevel'>, context: () => object = () => ({})): DynamicModule {
    return {
      module: LoggingModule,
      imports: [
        LoggerModule.forRoot({
          // It would put serializers of its own in the place of the logger's, which bound what they serialize.
          pinoHttp: { logger: pino(logOptions(config, context)), wrapSerializers: false },
          // Requests are logged by a hook of the server (request-line.ts), which also sees those that reach no route.
          forRoutes: [],
        }),
      ],
    };
  }
}
