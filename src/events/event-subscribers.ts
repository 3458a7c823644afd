import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ResourceRegistry } from '../json-api/resource/registry.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { errorsOfActions, OWN_ACTIONS } from './audit-action.js';
import { EVENT_PATTERNS, eventNames, type EventPattern, type IamEvent, patternsOf } from './iam-event.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Delivers one event to one subscriber, by its key. */
    [subscriber: `event:${string}`]: { readonly event: IamEvent };
  }
}

/** A method that is decorated with `@OnIamEvent`. */
interface Subscriber {
  /** `Class.method`: the name of its jobs, stable across releases. */
  readonly key: string;
  readonly patterns: readonly EventPattern[];
  /** False for request-scoped and transient providers. */
  readonly lasts: boolean;
  readonly react: (event: IamEvent) => Promise<void>;
}

/** Maximum length of a key, in characters: graphile-worker's limit for task names, without our prefix. */
const MAX_KEY = 120;

/** Finds the subscribers at startup: every decorated method of every provider of every module. */
@Injectable()
export class EventSubscribers implements OnModuleInit, OnApplicationBootstrap {
  private found: readonly Subscriber[] | null = null;
  private readonly keys = new Map<string, readonly string[]>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly resources: ResourceRegistry,
    private readonly handlers: OutboxHandlers,
    @Inject(OWN_ACTIONS) private readonly ownActions: readonly string[],
  ) {}

  /** @throws Error that stops the start, and names all invalid actions and subscribers */
  onModuleInit(): void {
    const subscribers = this.subscribers();
    assertNone([
      ...errorsOfActions(this.ownActions),
      ...subscribers.flatMap(({ key, lasts }, place) => [
        ...(lasts ? [] : [`${key} reacts to events, so its provider must not be request-scoped or transient.`]),
        ...(key.length > MAX_KEY ? [`${key} is longer than ${MAX_KEY} characters.`] : []),
        ...(subscribers.findIndex((other) => other.key === key) < place ? [`Two subscribers are called ${key}.`] : []),
      ]),
    ]);
    for (const { key, react } of subscribers) {
      this.handlers.register(`event:${key}`, ({ event }) => react(deepFreeze(event)));
    }
  }

  /** Every resource is known by now. @throws Error that stops the start, and names every pattern that fits no event */
  onApplicationBootstrap(): void {
    const names = eventNames(this.resources.types(), this.ownActions);
    const wanted = new Set([...names].flatMap((name) => [...patternsOf(name)]));
    assertNone(
      this.subscribers().flatMap(({ key, patterns }) =>
        patterns
          .filter((pattern) => !wanted.has(pattern))
          .map((pattern) => `${key} reacts to ${JSON.stringify(pattern)}, which matches no event.`),
      ),
    );
  }

  /** The keys of the subscribers to events of this name. */
  of(name: string): readonly string[] {
    const known = this.keys.get(name);
    if (known) return known;
    const wanted = patternsOf(name);
    const keys = this.subscribers().flatMap(({ key, patterns }) =>
      patterns.some((one) => wanted.has(one)) ? key : [],
    );
    this.keys.set(name, keys);
    return keys;
  }

  /** Discovered on first use, since another module may publish an event before this one is initialized. */
  private subscribers(): readonly Subscriber[] {
    this.found ??= this.discover();
    return this.found;
  }

  private discover(): Subscriber[] {
    // One provider may stand in several modules under several tokens, as an alias does.
    const instances = new Map<object, boolean>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null) continue;
      instances.set(instance, wrapper.isDependencyTreeStatic() && !wrapper.isTransient);
    }
    return [...instances].flatMap(([instance, lasts]) => this.reactionsOf(instance, lasts));
  }

  private reactionsOf(instance: object, lasts: boolean): Subscriber[] {
    const prototype: Readonly<Record<string, unknown>> | null = Object.getPrototypeOf(instance);
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const method = prototype?.[name];
      if (typeof method !== 'function') return [];
      const patterns: readonly EventPattern[] | undefined = Reflect.getMetadata(EVENT_PATTERNS, method);
      if (!patterns) return [];
      const react = async (event: IamEvent): Promise<void> => void (await method.call(instance, event));
      return [{ key: `${instance.constructor.name}.${name}`, patterns, lasts, react }];
    });
  }
}

function assertNone(errors: readonly string[]): void {
  if (errors.length > 0) throw new Error(`${errors.join('\n')}\nSee docs/events.md.`);
}

/** Each attempt gets an event of its own, which must not be modified. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
