import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { poolOf } from '../json-api/sql/sql.js';
import { Metrics } from '../metrics/metrics.js';

/** Metrics of the connection pool. */
@Injectable()
export class PoolMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    const pool = (): Pool => poolOf(this.dataSource);
    this.metrics.gauge('iam_pool_connections', 'Open connections to the database', () => pool().totalCount);
    this.metrics.gauge('iam_pool_idle', 'Connections that wait for work', () => pool().idleCount);
    this.metrics.gauge('iam_pool_waiting', 'Requests that wait for a connection', () => pool().waitingCount);
  }
}
