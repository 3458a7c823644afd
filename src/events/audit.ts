import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { v7 as uuidv7 } from 'uuid';
import { type SessionEnding, SessionObserver, type SessionOwner } from '../auth/sessions/session.js';
import { Config } from '../config/config.js';
import { requestContext } from '../context/request-context.js';
import { ResourceRegistry } from '../json-api/resource/registry.js';
import { type WriteEvent, WriteObserver } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { Metrics } from '../metrics/metrics.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { type AuditAction, errorsOfActions, OWN_ACTIONS } from './audit-action.js';
import { AuditEventsRepository, auditEventsOlderThan } from './audit-events.repository.js';
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

function assertNone(errors: readonly string[]): void {
  if (errors.length > 0) throw new Error(`${errors.join('\n')}\nSee docs/events.md.`);
}

/** Each attempt gets an event of its own, which must not be modified. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

/** An audit event to record. */
export interface AuditRecord {
  readonly action: AuditAction;
  /** Account that does it; null when unknown. */
  readonly actorId: string | null;
  readonly target?: { readonly type: string; readonly id: string };
  /** Names and plain facts; never a secret, a token or a hash. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Writes the audit trail, and publishes each entry as a domain event. */
@Injectable()
export class Audit {
  constructor(
    private readonly rows: AuditEventsRepository,
    private readonly metrics: Metrics,
    private readonly events: DomainEvents,
  ) {}

  /** Records an audit event in the transaction of the action, so that both are committed or neither. */
  async record(tx: Transaction, { action, actorId, details = {}, ...record }: AuditRecord): Promise<void> {
    const target = record.target ?? null;
    const { ip, requestId = null } = requestContext() ?? {};
    const id = uuidv7();
    this.rows.add({ id, action, actorId, target, details, ip: ip?.() ?? null, requestId }, tx);
    await this.events.publish(tx, { id, name: action, actorId, target, details });
    tx.afterCommit(() => this.metrics.actions.inc({ action }));
  }
}

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

/** Deletes audit events that are older than AUDIT_RETENTION_DAYS. */
@Injectable()
export class AuditSweep implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly sweeps: Sweeps,
  ) {}

  onModuleInit(): void {
    this.sweeps.register(auditEventsOlderThan(this.config.auditRetentionDays));
  }
}
