import { Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Tracing } from './tracing.js';

/** Exports the last spans after the last request and job. */
@Injectable()
class TracingShutdown implements OnApplicationShutdown {
  constructor(private readonly tracing: Tracing) {}

  async onApplicationShutdown(): Promise<void> {
    await this.tracing.stop();
  }
}

/** Provides the `Tracing` of the process to every module. Imported only if tracing is on. */
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
