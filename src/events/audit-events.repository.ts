import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import type { Transaction } from '../json-api/sql/executor.js';
import { sql, TRUE } from '../json-api/sql/sql.js';
import type { Sweep } from '../sweeps/sweeps.js';
import type { AuditEvent } from './audit-event.entity.js';
import { AuditEventResource } from './audit-event.resource.js';

/** An audit event to store. */
export type NewAuditEvent = Pick<AuditEvent, 'id' | 'action' | 'actorId' | 'ip' | 'requestId'> & {
  readonly target: { readonly type: string; readonly id: string } | null;
  readonly details: Readonly<Record<string, unknown>>;
};

/** Audit events that are older than `days`. */
export const auditEventsOlderThan = (days: number): Sweep => ({
  table: 'audit_events',
  key: 'id',
  expired: sql`created_at < now() - make_interval(days => ${days})`,
  by: 'created_at',
  everySeconds: 3_600,
  // The trigger that keeps the trail append-only lets only this transaction delete.
  setting: 'iam.audit_retention',
});

/** The audit events in an actor's scope. */
@Injectable()
export class AuditEventsRepository extends ResourceRepository<AuditEvent, Actor> {
  readonly resource = AuditEventResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    /** The actor's own actions. */
    own: (actor: Actor) => sql`row.actor_id = ${actor.id}::uuid`,
  };

  /** Stores an audit event in this transaction. */
  async add({ id, action, actorId, target, details, ip, requestId }: NewAuditEvent, tx: Transaction): Promise<void> {
    await tx.query(sql`
      INSERT INTO audit_events (id, action, actor_id, target_type, target_id, details, ip, request_id)
      VALUES (${id}, ${action}, ${actorId}, ${target?.type ?? null}, ${target?.id ?? null},
              ${JSON.stringify(details)}::jsonb, ${ip}, ${requestId})`);
  }
}
