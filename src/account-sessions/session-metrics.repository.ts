import { Injectable, type OnModuleInit } from '@nestjs/common';
import { sql, Transactions } from '../json-api/sql/sql.js';
import { Metrics } from '../metrics/metrics.js';

/** The metric of the table of sessions. */
@Injectable()
export class SessionMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge('iam_sessions_estimated', 'Sessions, expired ones included', () => this.estimate());
  }

  /** PostgreSQL's estimate: an exact count would read every session. */
  private async estimate(): Promise<number> {
    const [row] = await this.transactions.query<{ rows: number }>(
      sql`SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = 'account_sessions'::regclass`,
    );
    return row?.rows ?? 0;
  }
}
