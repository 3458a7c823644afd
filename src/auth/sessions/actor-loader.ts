import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Actor, type RoleScope } from '../authorization/actor.js';
import { Roles } from '../authorization/roles.js';

/** How long the cache is trusted after a poll of the feed, in ms (wire contract, section 5). */
const TRUSTED_MS = 1_000;
/**
 * Maximum size of all cached actors, in bytes: a `role_scope` may name thousands of organizations. It bounds their number
 * too, to some 48,000; with `max` the cache would take the arrays for as many at once.
 */
const MAX_BYTES = 64 * 1024 * 1024;
/** How long an actor is cached, in ms, in case a change is ever not published. */
const TTL_MS = 60_000;
/** What an entry takes without its texts, in bytes: actor, maps and their keys, and the cache's own part. */
const ENTRY_BYTES = 1_400;
/** What a string takes besides its characters, in bytes: its head, and its place in a list. */
const STRING_BYTES = 24;

interface Entry {
  readonly actor: Actor;
  /** End of the session or of the key, in ms since the epoch. */
  readonly expiresAt: number;
}

/** The cached actor of an API key. */
export interface KeyEntry extends Entry {
  /** Hex SHA-256 of the key. */
  readonly hash: string;
  /** When the use of the key was last written down, in ms since the epoch. */
  usedAt: number;
}

/**
 * Caches the actors of sessions and API keys, so that an authenticated request needs no query. It is trusted only while the
 * feed of changes was polled less than a second ago; otherwise the database is queried. An LRU cache,
 * bounded in bytes and time.
 */
@Injectable()
export class ActorCache {
  private readonly sessions = new LRUCache<string, Entry | KeyEntry>({
    maxSize: MAX_BYTES,
    ttl: TTL_MS,
    // Without a timer for each millisecond in which it is asked.
    ttlResolution: 0,
    sizeCalculation: ({ actor }) => sizeOf(actor),
    dispose: ({ actor }, sessionId) => this.disposed(actor.id, sessionId),
  });
  private readonly byAccount = new Map<string, Set<string>>();
  /** Incremented with every invalidation, so that an actor that was loaded before is not cached. */
  private generation = 0;
  /** When the last successful poll of the feed began, on the monotonic clock in ms. */
  private polledAt = Number.NEGATIVE_INFINITY;

  /** Whether the feed was polled recently enough to trust the cache. */
  get trusted(): boolean {
    return performance.now() - this.polledAt < TRUSTED_MS;
  }

  /** Estimated size of the cache, in bytes. */
  get bytes(): number {
    return this.sessions.calculatedSize;
  }

  /** The cached actor of a session, if the cache can be trusted. */
  get(sessionId: string, accountId: string): Actor | null {
    const entry = this.trusted ? this.sessions.get(sessionId) : undefined;
    return entry && entry.actor.id === accountId && entry.expiresAt > Date.now() ? entry.actor : null;
  }

  /** To be called before an actor is loaded; the result goes with it to `put`. */
  mark(): number {
    return this.generation;
  }

  /** Caches an actor, unless anything was invalidated since `mark`: the query may have seen the earlier state. */
  put(actor: Actor, expiresAt: Date, mark: number): void {
    this.store(actor.session.sessionId, { actor, expiresAt: expiresAt.getTime() }, mark);
  }

  /** The cached actor of the API key with this finder, if the cache can be trusted. */
  key(finder: string): KeyEntry | null {
    const entry = this.trusted ? this.sessions.get(ofKey(finder)) : undefined;
    return entry && isOfKey(entry) && entry.expiresAt > Date.now() ? entry : null;
  }

  /** Caches the actor of an API key as `put` does that of a session. */
  putKey(finder: string, entry: KeyEntry, mark: number): void {
    this.store(ofKey(finder), entry, mark);
  }

  private store(id: string, entry: Entry, mark: number): void {
    if (mark !== this.generation) return;
    this.sessions.set(id, entry);
    // One that is larger than the whole cache is not stored.
    if (!this.sessions.has(id)) return;
    const accountId = entry.actor.id;
    this.byAccount.set(accountId, (this.byAccount.get(accountId) ?? new Set()).add(id));
  }

  /** Invalidates all sessions and keys of these accounts. */
  forget(accountIds: readonly string[]): void {
    if (accountIds.length === 0) return;
    this.generation++;
    for (const accountId of accountIds) {
      for (const sessionId of this.byAccount.get(accountId) ?? []) this.sessions.delete(sessionId);
    }
  }

  /** Invalidates all sessions and keys. */
  forgetAll(): void {
    this.generation++;
    this.sessions.clear();
  }

  /** Records a successful poll of the feed that began at this time of the monotonic clock, in ms. */
  polled(beganAt: number): void {
    this.polledAt = beganAt;
  }

  /** Removes a session from the index when it leaves the cache. */
  private disposed(accountId: string, sessionId: string): void {
    const sessions = this.byAccount.get(accountId);
    sessions?.delete(sessionId);
    if (sessions?.size === 0) this.byAccount.delete(accountId);
  }
}

const isOfKey = (entry: Entry | KeyEntry): entry is KeyEntry => 'hash' in entry;

/** A key of the cache that no session id is. */
const ofKey = (finder: string): string => `key ${finder}`;

/** What a right of an API key takes besides its text, in bytes: parsed, and in the maps of its role. */
const RIGHT_BYTES = 800;

/** What an actor takes, in bytes. The role of a session is shared. */
function sizeOf({ email, name, pictureUrl, roleScope, role, apiKeyId }: Actor): number {
  const texts = textBytes(email) + textBytes(name) + textBytes(pictureUrl ?? '');
  const rights = apiKeyId === null ? [] : role.rights;
  const own = rights.reduce((bytes, right) => bytes + RIGHT_BYTES + 2 * textBytes(right), 0);
  return ENTRY_BYTES + texts + scopeBytes(roleScope) + own;
}

const scopeBytes = (scope: RoleScope): number =>
  Object.entries(scope)
    .flatMap(([key, values]) => [key, ...values])
    .reduce((bytes, text) => bytes + textBytes(text), 0);

/** Two bytes a character, as outside of Latin-1. */
const textBytes = (text: string): number => STRING_BYTES + 2 * text.length;

/** What an actor is made of, and until when. */
export interface ActorRecord {
  readonly email: string;
  readonly name: string;
  readonly pictureUrl: string | null;
  /** Null where the session has not proved a second factor that the account has, so that it does not count as fresh. */
  readonly authenticatedAt: Date | null;
  /** Whether the account must have a second factor and has none. */
  readonly lacksFactor: boolean;
  readonly locale: string | null;
  readonly roleName: string;
  readonly roleScopeExtra: RoleScope;
  /** Those that are not being deleted. */
  readonly organizationIds: readonly string[];
  /** End of the session. */
  readonly expiresAt: Date;
}

/** Where actors are loaded from; the owner of the table `accounts` implements it. */
export abstract class ActorSource {
  /**
   * The enabled account of a session that has not expired, by one statement; undefined where there is none.
   * @throws what the driver throws when the database does not answer
   */
  abstract findActor(sessionId: string, accountId: string): Promise<ActorRecord | undefined>;
}

/** Loads the actor of a session from the cache, or else from the database. */
@Injectable()
export class ActorLoader {
  constructor(
    private readonly source: ActorSource,
    private readonly roles: Roles,
    private readonly cache: ActorCache,
  ) {}

  /**
   * The actor of a session, at once out of memory or by one query; null when the session ended, its account is disabled or another one, or its
   * role does not stand in the roles file any more.
   * @throws what the driver throws when the database does not answer; the request must then be denied
   */
  load(sessionId: string, accountId: string): Actor | Promise<Actor | null> {
    return this.cache.get(sessionId, accountId) ?? this.query(sessionId, accountId);
  }

  /** The same by one query in any case, for what another instance may have changed a moment ago. */
  reload(sessionId: string, accountId: string): Promise<Actor | null> {
    return this.query(sessionId, accountId);
  }

  private async query(sessionId: string, accountId: string): Promise<Actor | null> {
    const mark = this.cache.mark();
    const record = await this.source.findActor(sessionId, accountId);
    const role = record && this.roles.get(record.roleName);
    if (!role) return null;
    const { email, name, pictureUrl, authenticatedAt, lacksFactor, locale, organizationIds, roleScopeExtra } = record;
    const fields = { email, name, pictureUrl, authenticatedAt, lacksFactor, locale, organizationIds, roleScopeExtra };
    const actor = new Actor({ id: accountId, sessionId, role, ...fields });
    this.cache.put(actor, record.expiresAt, mark);
    return actor;
  }
}
