import { Injectable, Module, type Type } from '@nestjs/common';
import type { Extension } from '../../src/app.extension.js';
import { type EventPattern, type IamEvent, OnIamEvent } from '../../src/events/iam-event.js';
import { MailModule } from '../../src/mail/mail.module.js';
import { OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { eventually, PatientSettings } from '../outbox/outbox-fixture.js';
import type { TestApp } from '../support/app.js';

type React = (event: IamEvent) => Promise<void> | void;

/** A module of a team with a subscriber of that name. */
export function listener(name: string, react: React, pattern: EventPattern = '*'): Type<unknown> {
  @Injectable()
  class Listener {
    @OnIamEvent(pattern)
    hear(event: IamEvent): Promise<void> | void {
      return react(event);
    }
  }
  // The key of a subscriber is made of its class's name.
  Object.defineProperty(Listener, 'name', { value: name });

  @Module({ providers: [Listener] })
  class ListenerModule {}
  return ListenerModule;
}

/** What a team adds: these modules, in a hurry. */
export const listening = (...modules: Type<unknown>[]): Extension => ({
  modules,
  replacements: [{ in: MailModule, providers: [{ provide: OutboxSettings, useClass: PatientSettings }] }],
});

/** Waits until all committed events have been delivered. */
export async function settled(app: TestApp): Promise<void> {
  await eventually(async () => (await app.sql('SELECT FROM graphile_worker.jobs')).length === 0);
}
