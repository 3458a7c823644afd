import { Injectable } from '@nestjs/common';
import { WriteObserver, type WriteEvent } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/executor.js';
import { Audit } from './audit.js';

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
