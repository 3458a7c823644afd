import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Metrics } from '../metrics/metrics.js';

/** Counters of the `pg` pool. */
interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** Metrics of the connection pool. */
@Injectable()
export class PoolMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    const pool = (): PoolCounts => (this.dataSource.driver as PostgresDriver).master as PoolCounts;
    this.metrics.gauge('iam_pool_connections', 'Open connections to the database', () => pool().totalCount);
    this.metrics.gauge('iam_pool_idle', 'Connections that wait for work', () => pool().idleCount);
    this.metrics.gauge('iam_pool_waiting', 'Requests that wait for a connection', () => pool().waitingCount);
    // PostgreSQL's estimate: an exact count would read every session.
    this.metrics.gauge('iam_sessions_estimated', 'Sessions, expired ones included', () => this.estimate());
  }

  private async estimate(): Promise<number> {
    const [row] = await this.dataSource.query<{ rows: number }[]>(
      `SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = 'account_sessions'::regclass`,
    );
    return row?.rows ?? 0;
  }
}
