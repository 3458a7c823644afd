import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { OutboxBacklog } from './outbox.backlog.js';

/** How much waits in the outbox, for how long, and what nobody will try again. */
@Injectable()
export class OutboxMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly backlog: OutboxBacklog,
  ) {}

  onModuleInit(): void {
    const { metrics, backlog } = this;
    metrics.gauge('iam_outbox_waiting', 'Jobs of the outbox that are not done', () => backlog.waiting());
    metrics.gauge('iam_outbox_oldest_seconds', 'Age of the oldest job that is not done', () => backlog.oldestSeconds());
    metrics.gauge('iam_outbox_dead', 'Jobs that failed for good; see docs/operating.md', () => backlog.dead());
  }
}
