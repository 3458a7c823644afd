import { describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Scope, type Provider, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { EventSubscribers } from '../../src/events/audit.js';
import { OWN_ACTIONS } from '../../src/events/audit-action.js';
import { eventNames, type EventPattern, OnIamEvent, patternsOf } from '../../src/events/iam-event.js';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import { OutboxHandlers } from '../../src/outbox/outbox.handlers.js';

const TYPES = ['iam:accounts', 'iam:organizations', 'iam:teams'];

@Injectable()
class Everything {
  readonly name = 'a subscriber of everything';
  @OnIamEvent('*')
  hear(): void {}
}

@Injectable()
class Particular {
  @OnIamEvent('iam:accounts.joined', 'iam:teams.*')
  one(): void {}

  @OnIamEvent('iam:account_sessions.ended')
  @OnIamEvent('iam:accounts.deleted')
  another(): void {}

  notDecorated(): void {}
}

/** Nest's start with these providers, and who subscribes then. */
async function start(providers: Provider[], controllers: Type<unknown>[] = [], ownActions: string[] = []) {
  const registry = { provide: ResourceRegistry, useValue: { types: () => TYPES } };
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [
      EventSubscribers,
      OutboxHandlers,
      registry,
      { provide: OWN_ACTIONS, useValue: ownActions },
      ...providers,
    ],
    controllers,
  }).compile();
  await module.init();
  await module.close();
  return {
    subscribers: module.get(EventSubscribers),
    tasks: module
      .get(OutboxHandlers)
      .entries()
      .map(([task]) => task),
  };
}

/** A provider that reacts to this; the compiler would reject most of the patterns below. */
function reacting(pattern: string): Type<unknown> {
  class Reacting {
    @OnIamEvent(pattern as EventPattern)
    react(): void {}
  }
  return Injectable()(Reacting) ?? Reacting;
}

describe('Event patterns', () => {
  it('are the name, its type, and everything', () => {
    expect([...patternsOf('iam:organizations.created')]).toEqual([
      'iam:organizations.created',
      'iam:organizations.*',
      '*',
    ]);
  });

  it('can name the writes of every resource, the other actions, and what becomes of sessions', () => {
    const names = eventNames(['iam:teams']);
    for (const name of ['iam:teams.deleted', 'iam:accounts.joined', 'iam:account_sessions.ended']) {
      expect(names).toContain(name);
    }
    expect(names).not.toContain('iam:teams.joined');
    expect(eventNames(['iam:teams'], ['iam:teams.joined'])).toContain('iam:teams.joined');
  });
});

describe('Event subscribers', () => {
  it('are the decorated methods of providers and controllers, by the events that they want', async () => {
    @Controller('routes')
    class Routes {
      @OnIamEvent('iam:organizations.deleted')
      forget(): void {}
    }
    const { subscribers, tasks } = await start([Everything, Particular, { provide: 'plain', useValue: 7 }], [Routes]);
    expect(tasks.sort()).toEqual([
      'event:Everything.hear',
      'event:Particular.another',
      'event:Particular.one',
      'event:Routes.forget',
    ]);
    expect(subscribers.of('iam:accounts.joined')).toEqual(['Everything.hear', 'Particular.one']);
    expect(subscribers.of('iam:teams.updated')).toEqual(['Everything.hear', 'Particular.one']);
    expect(subscribers.of('iam:account_sessions.ended')).toEqual(['Everything.hear', 'Particular.another']);
    expect(subscribers.of('iam:accounts.deleted')).toEqual(['Everything.hear', 'Particular.another']);
    expect(subscribers.of('iam:organizations.deleted')).toEqual(['Everything.hear', 'Routes.forget']);
    expect(subscribers.of('iam:accounts.created')).toEqual(['Everything.hear']);
  });

  it('are one under all their names', async () => {
    const { tasks } = await start([Everything, { provide: 'alias', useExisting: Everything }]);
    expect(tasks).toEqual(['event:Everything.hear']);
  });

  it.each([
    'iam:organisations.created',
    'iam:organizations',
    'iam:organizations.',
    'iam:organizations.crated',
    'iam:organizations.create*',
    'iam:*',
    '*.created',
    '',
    'iam:sessions.*',
  ])('cannot react to %j', async (pattern) => {
    await expect(start([reacting(pattern)])).rejects.toThrow(
      `Reacting.react reacts to "${pattern}", which matches no event.`,
    );
  });

  it('cannot be made anew for each request, or have the same name', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Fleeting {
      @OnIamEvent('*')
      hear(): void {}
    }
    const twin = { provide: 'twin', useFactory: () => new Everything() };
    await expect(start([Everything, twin, Fleeting])).rejects.toThrow(
      [
        'Two subscribers are called Everything.hear.',
        'Fleeting.hear reacts to events, so its provider must not be request-scoped or transient.',
        'See docs/events.md.',
      ].join('\n'),
    );
  });

  it('react to actions of a team, by name and by type', async () => {
    const provider = reacting('iam:parcels.sent');
    await expect(start([provider])).rejects.toThrow('which matches no event');
    const { subscribers } = await start([provider, Everything], [], ['iam:parcels.sent']);
    expect(subscribers.of('iam:parcels.sent').toSorted()).toEqual(['Everything.hear', 'Reacting.react']);
  });

  it.each([
    ['sent', 'The action "sent" must have a name such as "iam:teams.member_added".'],
    ['iam:Parcels.sent', 'The action "iam:Parcels.sent" must have a name such as "iam:teams.member_added".'],
    ['iam:accounts.joined', 'There are two actions called iam:accounts.joined.'],
  ])('cannot be served when a team calls an action %j', async (name, error) => {
    await expect(start([Everything], [], [name])).rejects.toThrow(error);
  });

  it('are rejected with all wrong patterns at once', async () => {
    @Injectable()
    class Hasty {
      @OnIamEvent('iam:tames.*')
      react(): void {}
    }
    await expect(start([reacting('iam:*'), Hasty])).rejects.toThrow(
      'Reacting.react reacts to "iam:*", which matches no event.\nHasty.react reacts to "iam:tames.*", which mat',
    );
  });
});
