import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Recurring } from '../json-api/recurring.js';
import { sql } from '../json-api/sql.js';
import { Transactions } from '../json-api/transaction.js';

/** Time between two sweeps, in ms. */
const EVERY_MS = 3_600_000;
/** Rows of one transaction: few enough to hold no lock for long. */
const BATCH = 5_000;

/** Deletes lines of the audit trail that are older than AUDIT_RETENTION_DAYS. Several instances may do it at once. */
@Injectable()
export class AuditRetention implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AuditRetention.name);
  private sweeping: Recurring | undefined;

  constructor(
    private readonly config: Config,
    private readonly transactions: Transactions,
  ) {}

  onApplicationBootstrap(): void {
    const failed = (error: unknown): void => this.logger.warn(`The audit trail was not swept: ${String(error)}`);
    this.sweeping = new Recurring({ everyMs: EVERY_MS, run: (signal) => this.sweep(signal), failed });
  }

  async onModuleDestroy(): Promise<void> {
    await this.sweeping?.stop();
  }

  /** Deletes what is too old, batch by batch until the signal, and gives the number of lines. */
  async sweep(signal?: AbortSignal): Promise<number> {
    for (let total = 0; ;) {
      const deleted = await this.transactions.run(async (tx) => {
        // The trigger lets only this transaction delete.
        await tx.query(sql`SELECT set_config('iam.audit_retention', 'on', true)`);
        return tx.query(sql`
          DELETE FROM audit_events WHERE id IN (
            SELECT id FROM audit_events
            WHERE created_at < now() - make_interval(days => ${this.config.auditRetentionDays})
            ORDER BY created_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
          ) RETURNING id`);
      });
      total += deleted.length;
      if (deleted.length < BATCH || signal?.aborted) return total;
    }
  }
}
