import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Metrics } from '../metrics/metrics.js';
import { countJobs } from './outbox.repository.js';

/** What the outbox still has to do. Each number is a query; all of them throw what the driver throws. */
@Injectable()
export class OutboxBacklog {
  constructor(private readonly dataSource: DataSource) {}

  /** Jobs that are not done, and not dead. */
  waiting(): Promise<number> {
    return countJobs(this.dataSource, 'waiting');
  }

  /** Age of the oldest of them, in seconds; 0 without any. */
  oldestSeconds(): Promise<number> {
    return countJobs(this.dataSource, 'oldestSeconds');
  }

  /** Jobs that failed for good: no worker tries them again. */
  dead(): Promise<number> {
    return countJobs(this.dataSource, 'dead');
  }
}

/** Gauges of the outbox: waiting jobs, the age of the oldest one, and dead jobs. */
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
