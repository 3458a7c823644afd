import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { Actor, Role } from '../../src/auth/authorization/actor.js';
import { ActorCache } from '../../src/auth/sessions/actor-loader.js';
import { AuthChangeFeed, MAX_CHANGES } from '../../src/auth/sessions/auth-change.feed.js';
import { AuthChanges } from '../../src/auth/sessions/auth-changes.js';
import { withClient } from '../support/database.js';
import { openAuthDatabase, type AuthDatabase } from './auth-database.js';

const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

/** Changes written on one instance, and the feed of another one. */
describe('The feed of changes', () => {
  let database: AuthDatabase;
  let cache: ActorCache;
  let feed: AuthChangeFeed;
  const changes = new AuthChanges(new ActorCache());

  beforeAll(async () => {
    database = await openAuthDatabase(5);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    cache = new ActorCache();
    feed = new AuthChangeFeed(database.dataSource, cache);
    await feed.poll();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await feed.onModuleDestroy();
  });

  /** Puts an account into the cache, and gives its id. */
  function remembered(): string {
    const id = uuidv7();
    const actor = new Actor({
      id,
      sessionId: id,
      email: 'jane@example.com',
      name: 'Jane',
      pictureUrl: null,
      role: new Role({ name: 'user', rank: 10, assignable: true, rights: [] }),
      organizationIds: [],
      roleScopeExtra: {},
    });
    cache.put(actor, IN_AN_HOUR, cache.mark());
    return id;
  }
  const isRemembered = (id: string): boolean => cache.get(id, id) !== null;
  const publish = (ids: readonly string[]) => database.transactions.run((tx) => changes.publish(tx, ids));
  /** In batches, as ending many sessions does. */
  const publishMany = (count: number) =>
    // On a connection without the limits of requests.
    withClient(database.url, (client) =>
      client.query(
        'INSERT INTO auth_changes (id, account_id) SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)',
        [count],
      ),
    );

  it('is heard once, by the accounts that it names', async () => {
    const [jane, john] = [remembered(), remembered()];
    await publish([jane]);
    const forget = jest.spyOn(cache, 'forget');
    await feed.poll();
    expect([isRemembered(jane), isRemembered(john)]).toEqual([false, true]);
    await feed.poll();
    await feed.poll();
    expect(forget.mock.calls).toEqual([[[jane]], [[]], [[]]]);
  });

  it('misses nothing of transactions that commit in another order than they began, and reads nothing twice', async () => {
    const [early, late, open] = [remembered(), remembered(), remembered()];
    const forget = jest.spyOn(cache, 'forget');
    const insert = 'INSERT INTO auth_changes (id, account_id) VALUES (gen_random_uuid(), $1)';
    await withClient(database.url, (first) =>
      withClient(database.url, (second) =>
        withClient(database.url, async (third) => {
          for (const client of [first, second, third]) await client.query('BEGIN');
          await first.query(insert, [late]);
          await second.query(insert, [early]);
          await third.query(insert, [open]);
          await second.query('COMMIT');
          await feed.poll();
          expect([isRemembered(early), isRemembered(late), isRemembered(open)]).toEqual([false, true, true]);
          await publish([uuidv7()]);
          await feed.poll();
          await first.query('COMMIT');
          await feed.poll();
          expect([isRemembered(late), isRemembered(open)]).toEqual([false, true]);
          await third.query('ROLLBACK');
          await feed.poll();
          expect(isRemembered(open)).toBe(true);
        }),
      ),
    );
    const heard = forget.mock.calls.flatMap(([ids]) => ids);
    expect(heard).toHaveLength(3);
    expect(new Set(heard).size).toBe(3);
  });

  it('is right under writers that overlap at random', async () => {
    const all = Array.from({ length: 120 }, () => remembered());
    const forget = jest.spyOn(cache, 'forget');
    let isDone = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (const id of all.filter((__, i) => i % 4 === writer)) {
        await database.transactions.run(async (tx) => {
          await changes.publish(tx, [id]);
          await sleep(Math.random() * 20);
        });
      }
    });
    const writing = Promise.all(writers).then(() => (isDone = true));
    while (!isDone) await feed.poll();
    await writing;
    await feed.poll();
    expect(forget.mock.calls.flatMap(([ids]) => ids).sort()).toEqual(all.sort());
  });

  it('survives ten times as many changes at once as it reads: all actors are forgotten, and only as many rows are read as it takes to know', async () => {
    const jane = remembered();
    await publishMany(10 * MAX_CHANGES);
    const forget = jest.spyOn(cache, 'forget');
    const began = performance.now();
    await feed.poll();
    const tookMs = performance.now() - began;
    expect(isRemembered(jane)).toBe(false);
    expect(forget).not.toHaveBeenCalled();
    expect(tookMs).toBeLessThan(3_000);
    // And goes on from there: what was not read is not read later either.
    const john = remembered();
    await publish([uuidv7()]);
    await feed.poll();
    expect(isRemembered(john)).toBe(true);
    expect(forget.mock.calls.flatMap(([ids]) => ids)).toHaveLength(1);
  }, 60_000);

  it('stands for all accounts where there are too many', async () => {
    const jane = remembered();
    await database.transactions.run((tx) => changes.publishAll(tx));
    await feed.poll();
    expect(isRemembered(jane)).toBe(false);
    const john = remembered();
    await publishMany(MAX_CHANGES);
    await feed.poll();
    expect(isRemembered(john)).toBe(true);
  });

  it('reads nothing again beside a transaction that stays open', async () => {
    await withClient(database.url, async (old) => {
      await old.query('BEGIN; SELECT pg_current_xact_id()');
      await publishMany(2_000);
      const forget = jest.spyOn(cache, 'forget');
      for (let i = 0; i < 5; i++) await feed.poll();
      expect(forget.mock.calls.map(([ids]) => ids.length)).toEqual([2_000, 0, 0, 0, 0]);
      await old.query('ROLLBACK');
    });
  });

  it('does not wait for the pool of the requests', async () => {
    const jane = remembered();
    const busy = Array.from({ length: 20 }, () => database.query('SELECT pg_sleep(1)'));
    await sleep(50);
    const began = performance.now();
    for (let i = 0; i < 3; i++) await feed.poll();
    expect(performance.now() - began).toBeLessThan(900);
    expect(isRemembered(jane)).toBe(true);
    await Promise.all(busy);
  });

  it('clears the actor cache when its connection was lost, since it may have missed changes', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const jane = remembered();
    const cut = (): Promise<unknown> =>
      database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'iam feed' AND datname = current_database()",
      );
    await cut();
    await expect(feed.poll()).rejects.toThrow();
    await feed.poll();
    expect(isRemembered(jane)).toBe(false);
    const john = remembered();
    await publish([john]);
    await feed.poll();
    expect(isRemembered(john)).toBe(false);
    expect(warn).not.toHaveBeenCalled();
  });
});
