import { defineResource } from '../json-api/resource/resource.js';
import { AuditEvent } from './audit-event.entity.js';

/** What a client may do with the audit trail: read it. */
export const AuditEventResource = defineResource(AuditEvent, {
  type: 'iam:audit_events',
  attributes: {
    action: { filter: ['eq', 'in', 'match'], sort: true },
    actorId: { filter: ['eq', 'in'], sort: true },
    targetType: { filter: ['eq', 'in'], sort: true },
    targetId: { filter: ['eq', 'in'], sort: true },
    details: { schema: { additionalProperties: true } },
    ip: { filter: ['eq'], sort: true },
    requestId: { filter: ['eq'], sort: true },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
  },
  relationships: {
    actor: { one: 'iam:accounts', by: 'actorId' },
  },
});
