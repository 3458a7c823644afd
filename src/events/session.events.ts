import { Injectable } from '@nestjs/common';
import { type SessionEnding, SessionObserver, type SessionOwner } from '../auth/sessions/session.js';
import type { Transaction } from '../json-api/sql/executor.js';
import { DomainEvents } from './domain-events.js';

/** Tells of sessions, whichever way they start and end. The audit trail tells of the acts that do it. */
@Injectable()
export class SessionEvents extends SessionObserver {
  constructor(private readonly events: DomainEvents) {
    super();
  }

  async started(tx: Transaction, session: SessionOwner): Promise<void> {
    await this.events.publish(tx, {
      name: 'iam:account_sessions.created',
      actorId: session.accountId,
      ...targetOf(session),
      details: { account_id: session.accountId },
    });
  }

  async ended(tx: Transaction, session: SessionOwner, { reason, actorId }: SessionEnding): Promise<void> {
    await this.events.publish(tx, {
      name: 'iam:account_sessions.ended',
      actorId,
      ...targetOf(session),
      details: { account_id: session.accountId, reason },
    });
  }
}

const targetOf = ({ sessionId }: SessionOwner) => ({ target: { type: 'iam:account_sessions', id: sessionId } });
