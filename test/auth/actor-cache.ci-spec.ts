import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ActorCache } from '../../src/auth/sessions/actor-loader.js';
import { Actor, Role } from '../../src/auth/authorization/actor.js';

const IN_AN_HOUR = new Date(Date.now() + 3_600_000);
const MIB = 1024 * 1024;
const ROLE = new Role({ name: 'user', rank: 10, assignable: true, rights: [] });

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** In bytes, of what is still needed. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('Remembered actors', () => {
  let cache: ActorCache;

  beforeEach(() => {
    cache = new ActorCache();
    cache.polled(performance.now());
  });
  afterEach(() => void jest.restoreAllMocks());

  function remember({ id = randomUUID(), organizations = 0, picture = '' } = {}): Actor {
    const actor = new Actor({
      id,
      sessionId: randomUUID(),
      email: 'jane@example.com',
      name: 'Jane',
      pictureUrl: picture,
      role: ROLE,
      organizationIds: Array.from({ length: organizations }, () => randomUUID()),
      roleScopeExtra: {},
    });
    cache.put(actor, IN_AN_HOUR, cache.mark());
    return actor;
  }
  const isRemembered = ({ id, session }: Actor): boolean => {
    cache.polled(performance.now());
    return cache.get(session.sessionId, id) !== null;
  };

  it('take no memory before there are any', () => {
    const before = heap();
    const caches = Array.from({ length: 20 }, () => new ActorCache());
    expect(heap() - before).toBeLessThan(MIB);
    expect(caches.every(({ bytes }) => bytes === 0)).toBe(true);
  });

  it('take a bounded part of memory, however many organizations they belong to', () => {
    const before = heap();
    const first = remember();
    // 300 MB and more, if all of them were kept.
    for (let n = 0; n < 4_000; n++) remember({ organizations: 1_000 });
    const last = remember();
    expect(heap() - before).toBeLessThan(80 * MIB);
    expect(cache.bytes).toBeGreaterThan(32 * MIB);
    expect(cache.bytes).toBeLessThanOrEqual(64 * MIB);
    expect(isRemembered(first)).toBe(false);
    expect(isRemembered(last)).toBe(true);
  });

  it('take a bounded part of memory, however many they are', () => {
    const before = heap();
    const first = remember();
    for (let n = 0; n < 60_000; n++) remember();
    expect(heap() - before).toBeLessThan(80 * MIB);
    expect(cache.bytes).toBeLessThanOrEqual(64 * MIB);
    expect(isRemembered(first)).toBe(false);
  });

  it('that were used last stay', () => {
    const used = remember();
    for (let n = 0; n < 55_000; n++) {
      remember();
      if (n % 1_000 === 0) expect(isRemembered(used)).toBe(true);
    }
    expect(isRemembered(used)).toBe(true);
  });

  it('are not kept at all when one is larger than the whole memory, and no part of it either', () => {
    const small = remember();
    const large = remember({ picture: 'x'.repeat(40 * MIB) });
    expect(isRemembered(large)).toBe(false);
    expect(isRemembered(small)).toBe(true);
    cache.forget([large.id]);
    expect(isRemembered(small)).toBe(true);
  });

  it('are loaded again after a minute, although no change of them was published', () => {
    const actor = remember();
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 59_000);
    expect(isRemembered(actor)).toBe(true);
    clock.mockReturnValue(now + 61_000);
    expect(isRemembered(actor)).toBe(false);
  });

  it('go with all their sessions when their account changes, and others stay', () => {
    const id = randomUUID();
    const [here, there, other] = [remember({ id }), remember({ id }), remember()];
    cache.forget([id]);
    expect([here, there, other].map(isRemembered)).toEqual([false, false, true]);
    const again = remember({ id });
    expect(isRemembered(again)).toBe(true);
    cache.forgetAll();
    expect([again, other].map(isRemembered)).toEqual([false, false]);
  });

  it('go when their account changes after others pushed a session of it out', () => {
    const id = randomUUID();
    const pushedOut = remember({ id });
    for (let n = 0; n < 50_000; n++) remember();
    const kept = remember({ id });
    expect([pushedOut, kept].map(isRemembered)).toEqual([false, true]);
    cache.forget([id]);
    expect(isRemembered(kept)).toBe(false);
  });

  it('are not remembered when something was forgotten while they were loaded', () => {
    const mark = cache.mark();
    cache.forget([randomUUID()]);
    const actor = remember();
    cache.forgetAll();
    cache.put(actor, IN_AN_HOUR, mark);
    expect(isRemembered(actor)).toBe(false);
  });

  it('are not trusted a second after the feed was last read', () => {
    const actor = remember();
    const now = performance.now();
    jest.spyOn(performance, 'now').mockReturnValue(now + 1_100);
    expect(cache.get(actor.session.sessionId, actor.id)).toBeNull();
  });
});
