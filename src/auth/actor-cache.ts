import { Injectable } from '@nestjs/common';
import type { Actor } from './actor.js';

/** A remembered actor is only as good as the last look at what changed, in ms (wire contract, section 5). */
const TRUSTED_MS = 1_000;
/** How many sessions are remembered: some 50 MB at most. */
const REMEMBERED = 50_000;

interface Entry {
  readonly actor: Actor;
  /** End of the session, in ms since the epoch. */
  readonly expiresAt: number;
}

/**
 * Remembers who stands behind a session, so that an authenticated request needs no query. It is trusted only while the
 * feed of changes was read under a second ago; otherwise it knows nothing, and the database is asked.
 */
@Injectable()
export class ActorCache {
  private readonly sessions = new Map<string, Entry>();
  private readonly byAccount = new Map<string, Set<string>>();
  /** Grows with everything that is forgotten: what was loaded before, may be what was forgotten. */
  private generation = 0;
  /** When the last good look at the feed began, on the monotonic clock in ms. */
  private lookedAt = Number.NEGATIVE_INFINITY;

  /** Whether the feed was read recently enough to believe what is remembered. */
  get trusted(): boolean {
    return performance.now() - this.lookedAt < TRUSTED_MS;
  }

  /** The actor of a session, if it is remembered and can be trusted. */
  get(sessionId: string, accountId: string): Actor | null {
    const entry = this.trusted ? this.sessions.get(sessionId) : undefined;
    return entry && entry.actor.id === accountId && entry.expiresAt > Date.now() ? entry.actor : null;
  }

  /** To be called before an actor is loaded; the result goes with it to `put`. */
  mark(): number {
    return this.generation;
  }

  /** Remembers an actor, unless anything was forgotten since `mark`: the query may have seen the state before. */
  put(actor: Actor, expiresAt: Date, mark: number): void {
    if (mark !== this.generation) return;
    const oldest = this.sessions.keys().next();
    if (this.sessions.size >= REMEMBERED && !oldest.done) this.drop(oldest.value);
    this.sessions.set(actor.sessionId, { actor, expiresAt: expiresAt.getTime() });
    const sessions = this.byAccount.get(actor.id) ?? new Set();
    this.byAccount.set(actor.id, sessions.add(actor.sessionId));
  }

  /** Forgets every session of these accounts. */
  forget(accountIds: readonly string[]): void {
    if (accountIds.length === 0) return;
    this.generation++;
    for (const accountId of accountIds) {
      for (const sessionId of this.byAccount.get(accountId) ?? []) this.sessions.delete(sessionId);
      this.byAccount.delete(accountId);
    }
  }

  /** Forgets everybody. */
  forgetAll(): void {
    this.generation++;
    this.sessions.clear();
    this.byAccount.clear();
  }

  /** Notes a good look at the feed that began at this time of the monotonic clock, in ms. */
  looked(beganAt: number): void {
    this.lookedAt = beganAt;
  }

  private drop(sessionId: string): void {
    const accountId = this.sessions.get(sessionId)?.actor.id;
    this.sessions.delete(sessionId);
    if (accountId === undefined) return;
    const sessions = this.byAccount.get(accountId);
    sessions?.delete(sessionId);
    if (sessions?.size === 0) this.byAccount.delete(accountId);
  }
}
