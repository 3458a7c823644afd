import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PendingMigrations } from '../database/pending-migrations.js';
import { EventLoop } from './event-loop.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';
import { Shutdown } from './shutdown.js';

/** Health checks. Each module may add its own. */
@Global()
@Module({
  // Failures are logged by the error filter.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [EventLoop, PendingMigrations, Readiness, Shutdown],
  exports: [Readiness],
})
export class HealthModule {}
