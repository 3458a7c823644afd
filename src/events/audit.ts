import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Config } from '../config/config.js';
import { requestContext } from '../context/request-context.js';
import { type WriteEvent, WriteObserver } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/executor.js';
import { Metrics } from '../metrics/metrics.js';
import { Sweeps } from '../sweeps/sweeps.js';
import type { AuditAction } from './audit-action.js';
import { AuditEventsRepository, auditEventsOlderThan } from './audit-events.repository.js';
import { DomainEvents } from './domain-events.js';

/** An audit event to record. */
export interface AuditRecord {
  readonly action: AuditAction;
  /** Account that does it; null when unknown. */
  readonly actorId: string | null;
  readonly target?: { readonly type: string; readonly id: string };
  /** Names and plain facts; never a secret, a token or a hash. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Writes the audit trail, and publishes each entry as a domain event. */
@Injectable()
export class Audit {
  constructor(
    private readonly rows: AuditEventsRepository,
    private readonly metrics: Metrics,
    private readonly events: DomainEvents,
  ) {}

  /** Records an audit event in the transaction of the action, so that both are committed or neither. */
  async record(tx: Transaction, { action, actorId, details = {}, ...record }: AuditRecord): Promise<void> {
    const target = record.target ?? null;
    const { ip, requestId = null } = requestContext() ?? {};
    const id = uuidv7();
    this.rows.add({ id, action, actorId, target, details, ip: ip?.() ?? null, requestId }, tx);
    await this.events.publish(tx, { id, name: action, actorId, target, details });
    tx.afterCommit(() => this.metrics.actions.inc({ action }));
  }
}

/** Records every create, update and delete of every resource, including resources that a team adds. */
@Injectable()
export class AuditObserver extends WriteObserver {
  constructor(private readonly audit: Audit) {
    super();
  }

  async onWrite({ verb, type, id, actorId, attributes }: WriteEvent, tx: Transaction): Promise<void> {
    await this.audit.record(tx, {
      action: `${type}.${verb}` as `${string}:${string}.${WriteEvent['verb']}`,
      actorId,
      target: { type, id },
      ...(attributes.length > 0 && { details: { attributes } }),
    });
  }
}

/** Deletes audit events that are older than AUDIT_RETENTION_DAYS. */
@Injectable()
export class AuditSweep implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly sweeps: Sweeps,
  ) {}

  onModuleInit(): void {
    this.sweeps.register(auditEventsOlderThan(this.config.auditRetentionDays));
  }
}
