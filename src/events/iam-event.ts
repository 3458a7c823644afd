import { ACTIONS, type AuditAction, WRITES } from './audit-action.js';

/** Events of sessions, which are not written through their resource. */
export const SESSION_EVENTS = ['iam:account_sessions.created', 'iam:account_sessions.ended'] as const;

/** The name of an event: an audit action, or a session event. */
export type EventName = AuditAction | (typeof SESSION_EVENTS)[number];

/** Which events a subscriber receives: those of one name, all of one type (`iam:organizations.*`), or `*` for all. */
export type EventPattern = EventName | `${string}:${string}.*` | '*';

/** A committed event. It carries names and plain facts; never a secret, a token or a hash. */
export interface IamEvent {
  /** A UUID that is the same whenever the event comes again; of an audited action, the id of its line in the trail. */
  readonly id: string;
  readonly name: EventName;
  /** ISO 8601, in UTC. */
  readonly occurredAt: string;
  /** Account that did it; null when unknown. */
  readonly actorId: string | null;
  /** What it was done to; null when there is none, as for a sign-in with an unknown e-mail. */
  readonly target: { readonly type: string; readonly id: string } | null;
  /** More about it, as in the audit trail; `reason` of a session that ended. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Every name that an event can have, where these are the types of the resources and a team's own actions. */
export function eventNames(types: readonly string[], ownActions: readonly string[] = []): Set<string> {
  return new Set([
    ...types.flatMap((type) => WRITES.map((write) => `${type}.${write}`)),
    ...ACTIONS,
    ...ownActions,
    ...SESSION_EVENTS,
  ]);
}

/** The patterns that match an event of this name. */
export function patternsOf(name: string): Set<string> {
  return new Set([name, `${name.slice(0, name.lastIndexOf('.'))}.*`, '*']);
}

/** Where the patterns of a method are kept. */
export const EVENT_PATTERNS = Symbol('event patterns');

/** A method that reacts to events. What it throws means "try later"; it may be called again after it succeeded. */
type Reaction = (event: IamEvent) => Promise<void> | void;

/**
 * Lets a method of a provider react to events, once they are committed: `@OnIamEvent('iam:organizations.*')`. The start
 * fails for a pattern that matches no event. See docs/events.md.
 */
export function OnIamEvent(...patterns: readonly [EventPattern, ...EventPattern[]]) {
  return <Method extends Reaction>(_prototype: object, _name: string, { value }: TypedPropertyDescriptor<Method>) => {
    if (!value) return;
    const others: readonly EventPattern[] = Reflect.getMetadata(EVENT_PATTERNS, value) ?? [];
    Reflect.defineMetadata(EVENT_PATTERNS, [...patterns, ...others], value);
  };
}
