import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type SessionEnding, SessionObserver, type SessionOwner } from '../auth/sessions/session.js';
import type { Transaction } from '../json-api/sql/executor.js';
import { Outbox } from '../outbox/outbox.js';
import { EventSubscribers } from './event-subscribers.js';
import type { IamEvent } from './iam-event.js';

/** An event to publish, with the id of its audit event if there is one. */
type NewEvent = Omit<IamEvent, 'id' | 'occurredAt'> & Partial<Pick<IamEvent, 'id'>>;

/**
 * Delivers events to their subscribers through the outbox: if and only if the transaction commits, and at
 * least once. Each subscriber has a job of its own, so that only a failed one is retried.
 */
@Injectable()
export class DomainEvents {
  constructor(
    private readonly subscribers: EventSubscribers,
    private readonly outbox: Outbox,
  ) {}

  /** Publishes an event in the transaction of the action. Without subscribers it costs nothing. */
  async publish(tx: Transaction, { id = uuidv7(), ...rest }: NewEvent): Promise<void> {
    const keys = this.subscribers.of(rest.name);
    if (keys.length === 0) return;
    const event: IamEvent = { id, occurredAt: new Date().toISOString(), ...rest };
    for (const key of keys) await this.outbox.enqueue(tx, `event:${key}`, { event });
  }
}

/** Publishes the start and end of every session. The audit trail records the actions that cause them. */
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
