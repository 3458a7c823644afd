import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IDEMPOTENCY_LIFE } from './idempotency.js';
import { Recurring } from './recurring.js';
import { sql } from './sql.js';
import { Transactions } from './transaction.js';

/** Time between two sweeps, in ms. One reads the whole table, which holds the keys of little more than a day. */
const EVERY_MS = 3_600_000;

/** Deletes idempotency keys that have expired. Several instances may do it at once. */
@Injectable()
export class IdempotencySweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IdempotencySweep.name);
  private sweeping: Recurring | undefined;

  constructor(private readonly transactions: Transactions) {}

  onApplicationBootstrap(): void {
    const failed = (error: unknown): void => this.logger.warn(`Keys were not swept: ${String(error)}`);
    this.sweeping = new Recurring({ everyMs: EVERY_MS, run: () => this.sweep(), failed });
  }

  async onModuleDestroy(): Promise<void> {
    await this.sweeping?.stop();
  }

  /** Deletes what has expired, but for keys that are being claimed just now, and gives their number. */
  async sweep(): Promise<number> {
    const deleted = await this.transactions.query(sql`
        DELETE FROM idempotency_keys WHERE key IN (
          SELECT key FROM idempotency_keys WHERE created_at < now() - ${IDEMPOTENCY_LIFE} FOR UPDATE SKIP LOCKED
        ) RETURNING key`);
    return deleted.length;
  }
}
