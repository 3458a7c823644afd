import { Module, type DynamicModule } from '@nestjs/common';
import { Config } from './config.js';

/** Gives every module the one `Config` that the process was started with. */
@Module({})
export class ConfigModule {
  /** The configuration is loaded before Nest starts, so that a wrong one stops the boot at once. */
  static register(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: Config, useValue: config }],
      exports: [Config],
    };
  }
}
