import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { type Sql, sql, type Transaction, type Transactions, TRUE } from '../json-api/sql/sql.js';
import type { Sweep } from '../sweeps/sweeps.js';
import type { AuditEvent } from './audit-event.entity.js';
import { AuditEventResource } from './audit-event.resource.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** What an account did, and what others did to it, without from where. */
export const PERSONAL_EVENTS: PersonalTable = {
  table: 'audit_events',
  key: 'id',
  accounts: { actor_id: [], target_id: ['ip', 'request_id'] },
};

/** An audit event to store. */
export type NewAuditEvent = Pick<AuditEvent, 'id' | 'action' | 'actorId' | 'ip' | 'requestId'> & {
  readonly target: { readonly type: string; readonly id: string } | null;
  readonly details: Readonly<Record<string, unknown>>;
};

/** An audit event, as its account reads it. */
export type AuditEntry = Pick<AuditEvent, 'action' | 'actorId' | 'targetType' | 'targetId' | 'ip' | 'createdAt'>;

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

/** Events that one statement erases, so that none comes near the limit of time. */
const ERASED_AT_ONCE = 1_000;

/** The audit events in an actor's scope. */
@Injectable()
export class AuditEventsRepository extends ResourceRepository<AuditEvent, Actor> {
  readonly resource = AuditEventResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    /** The actor's own actions. */
    own: (actor: Actor) => sql`row.actor_id = ${actor.id}::uuid`,
  };

  /**
   * Leaves nothing but ids in the audit events by and about an account and its sessions. Who did something to it from which
   * address stays, where that was another account.
   */
  async erase(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`SELECT set_config('iam.audit_erasure', 'on', true)`);
    const isOwn = sql`(event.actor_id = ${accountId}::uuid OR event.actor_id IS NULL)`;
    let erased: unknown[];
    do {
      erased = await tx.query(sql`
        UPDATE audit_events AS event SET details = '{}',
          ip = CASE WHEN ${isOwn} THEN NULL ELSE ip END, request_id = CASE WHEN ${isOwn} THEN NULL ELSE request_id END
        WHERE id IN (
          SELECT event.id FROM audit_events event JOIN (
            SELECT id FROM audit_events WHERE actor_id = ${accountId}::uuid
            UNION SELECT id FROM audit_events WHERE target_id = ${accountId}::uuid
            UNION SELECT id FROM audit_events WHERE target_id IN (
              SELECT target_id FROM audit_events
              WHERE actor_id = ${accountId}::uuid AND target_type = 'iam:account_sessions')
          ) AS named ON named.id = event.id
          WHERE event.details <> '{}' OR (${isOwn} AND (event.ip IS NOT NULL OR event.request_id IS NOT NULL))
          LIMIT ${ERASED_AT_ONCE})
        RETURNING 1`);
    } while (erased.length > 0);
  }

  /** The latest events by and about an account, newest first. Every account may see these, whatever its rights. */
  latestAbout(database: Pick<Transactions, 'query'>, accountId: string, limit: number): Promise<AuditEntry[]> {
    // Each half reads as many events of an index of its own.
    const latest = (where: Sql): Sql =>
      sql`(SELECT * FROM audit_events WHERE ${where} ORDER BY id DESC LIMIT ${limit})`;
    return database.query<AuditEntry>(sql`
      SELECT DISTINCT ON (id) action, actor_id AS "actorId", target_type AS "targetType", target_id AS "targetId", ip,
        created_at AS "createdAt"
      FROM (${latest(sql`actor_id = ${accountId}::uuid`)}
            UNION ALL ${latest(sql`target_id = ${accountId}::uuid`)}) event
      ORDER BY id DESC LIMIT ${limit}`);
  }

  /** Stores an audit event in this transaction. */
  add({ id, action, actorId, target, details, ip, requestId }: NewAuditEvent, tx: Transaction): void {
    tx.send(sql`
      INSERT INTO audit_events (id, action, actor_id, target_type, target_id, details, ip, request_id)
      VALUES (${id}, ${action}, ${actorId}, ${target?.type ?? null}, ${target?.id ?? null},
              ${JSON.stringify(details)}::jsonb, ${ip}, ${requestId})`);
  }
}
