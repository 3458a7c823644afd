import { Module } from '@nestjs/common';
import { PoolMetrics } from './database/pool.metrics.js';
import { OutboxMetrics } from './outbox/outbox.backlog.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { HashQueueMetrics } from './passwords/hashing/password.hasher.js';

/** The metrics of all modules, which work without them. */
@Module({ imports: [MetricsModule], providers: [PoolMetrics, OutboxMetrics, HashQueueMetrics] })
export class AppMetricsModule {}
