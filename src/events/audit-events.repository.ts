import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { sql, TRUE } from '../json-api/sql/sql.js';
import type { AuditEvent } from './audit-event.entity.js';
import { AuditEventResource } from './audit-event.resource.js';

/** The rows of the audit trail, as far as a caller reaches. */
@Injectable()
export class AuditEventsRepository extends ResourceRepository<AuditEvent, Actor> {
  readonly resource = AuditEventResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    /** What one did oneself. */
    own: (actor: Actor) => sql`row.actor_id = ${actor.id}::uuid`,
  };
}
