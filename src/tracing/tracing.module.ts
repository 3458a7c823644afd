import { Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Tracing } from './tracing.js';

/** Sends the last spans when the last request and the last job have ended. */
@Injectable()
class TracingShutdown implements OnApplicationShutdown {
  constructor(private readonly tracing: Tracing) {}

  async onApplicationShutdown(): Promise<void> {
    await this.tracing.stop();
  }
}

/** Gives every module the `Tracing` that the process was started with. Only a part of the service that is traced. */
@Module({})
export class TracingModule {
  static register(tracing: Tracing): DynamicModule {
    return {
      module: TracingModule,
      global: true,
      providers: [{ provide: Tracing, useValue: tracing }, TracingShutdown],
      exports: [Tracing],
    };
  }
}
