import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Metrics } from '../metrics/metrics.js';
import { DEAD } from './dead-jobs.js';

// What was queued for a later time, such as a reminder, does not wait before then.
const WAITING = `FROM graphile_worker.jobs WHERE NOT (${DEAD}) AND (attempts > 0 OR run_at <= now())`;
const SINCE = 'CASE attempts WHEN 0 THEN run_at ELSE created_at END';

/** What the outbox still has to do. Each number is a query; all of them throw what the driver throws. */
@Injectable()
export class OutboxBacklog {
  constructor(private readonly dataSource: DataSource) {}

  /** Jobs that are not done, and not dead. */
  waiting(): Promise<number> {
    return this.read(`SELECT count(*)::float8 AS value ${WAITING}`);
  }

  /** Age of the oldest of them, in seconds; 0 without any. */
  oldestSeconds(): Promise<number> {
    return this.read(`SELECT coalesce(extract(epoch FROM now() - min(${SINCE})), 0)::float8 AS value ${WAITING}`);
  }

  /** Jobs that nobody tries again. */
  dead(): Promise<number> {
    return this.read(`SELECT count(*)::float8 AS value FROM graphile_worker.jobs WHERE ${DEAD}`);
  }

  private async read(statement: string): Promise<number> {
    const [row] = await this.dataSource.query<{ value: number }[]>(statement);
    return row?.value ?? 0;
  }
}

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
