import { Module } from '@nestjs/common';
import { SessionMetrics } from './account-sessions/session-metrics.repository.js';
import { PoolMetrics } from './database/pool.metrics.js';
import { OutboxMetrics } from './outbox/outbox.backlog.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { HashQueueMetrics } from './passwords/hashing/password.hasher.js';

/** The metrics of all modules, which work without them. */
@Module({ imports: [MetricsModule], providers: [PoolMetrics, SessionMetrics, OutboxMetrics, HashQueueMetrics] })
export class AppMetricsModule {}
