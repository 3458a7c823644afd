import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../json-api/sql/executor.js';
import { Outbox } from '../outbox/outbox.js';
import { EventSubscribers } from './event-subscribers.js';
import type { IamEvent } from './iam-event.js';

/** What happens right now; it has an id already where something else is called by the same. */
type Happening = Omit<IamEvent, 'id' | 'occurredAt'> & Partial<Pick<IamEvent, 'id'>>;

/**
 * Carries what was done to whoever subscribes to it: through the outbox, so if and only if it was committed, and at
 * least once. Each subscriber has a job of its own, so that one that fails is tried again alone.
 */
@Injectable()
export class DomainEvents {
  constructor(
    private readonly subscribers: EventSubscribers,
    private readonly outbox: Outbox,
  ) {}

  /** Tells of something in the transaction in which it is done. Without subscribers it costs nothing. */
  async publish(tx: Transaction, { id = uuidv7(), ...happening }: Happening): Promise<void> {
    const keys = this.subscribers.of(happening.name);
    if (keys.length === 0) return;
    const event: IamEvent = { id, occurredAt: new Date().toISOString(), ...happening };
    for (const key of keys) await this.outbox.enqueue(tx, `event:${key}`, { event });
  }
}
