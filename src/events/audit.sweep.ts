import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { sql } from '../json-api/sql/sql.js';
import { Sweeps } from '../sweeps/sweeps.js';

/** Lines of the audit trail are deleted when they are older than AUDIT_RETENTION_DAYS. */
@Injectable()
export class AuditSweep implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly sweeps: Sweeps,
  ) {}

  onModuleInit(): void {
    this.sweeps.register({
      table: 'audit_events',
      key: 'id',
      expired: sql`created_at < now() - make_interval(days => ${this.config.auditRetentionDays})`,
      by: 'created_at',
      everySeconds: 3_600,
      // The trigger that keeps the trail append-only lets only this transaction delete.
      setting: 'iam.audit_retention',
    });
  }
}
