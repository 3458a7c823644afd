import type { EventPattern, IamEvent } from './iam-event.js';

/** Where the patterns of a method are kept. */
export const EVENT_PATTERNS = Symbol('event patterns');

/** A method that reacts to events. What it throws means "try later"; it may be called again after it succeeded. */
type Reaction = (event: IamEvent) => Promise<void> | void;

/**
 * Lets a method of a provider react to events, once they are committed: `@OnIamEvent('iam:organizations.*')`. The start
 * refuses a pattern that no event fits. See docs/events.md.
 */
export function OnIamEvent(...patterns: readonly [EventPattern, ...EventPattern[]]) {
  return <Method extends Reaction>(_prototype: object, _name: string, { value }: TypedPropertyDescriptor<Method>) => {
    if (!value) return;
    const others: readonly EventPattern[] = Reflect.getMetadata(EVENT_PATTERNS, value) ?? [];
    Reflect.defineMetadata(EVENT_PATTERNS, [...patterns, ...others], value);
  };
}
