import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { SecondFactors } from '../../src/auth/authentication/second-factors.repository.js';
import { AccountDirectoryRepository } from '../../src/accounts/account-directory.repository.js';
import { ActorCache, ActorLoader } from '../../src/auth/sessions/actor-loader.js';
import type { RefreshToken } from '../../src/auth/tokens/secrets.js';
import { Roles } from '../../src/auth/authorization/roles.js';
import type { LiveSession, SessionEnding, Verdict } from '../../src/auth/sessions/session.js';
import { SessionsRepository } from '../../src/account-sessions/sessions.repository.js';
import { openAuthDatabase, type AuthDatabase } from '../auth/auth-database.js';

const DAY = 24 * 3600;
const ENDING: SessionEnding = { reason: 'signed_out', actorId: null };
const CLIENT = { userAgent: 'Browser/1.0', ip: '203.0.113.9' };

/** What is published to other instances has tests of its own. */
const changes = { publish: async () => undefined };
const store = new SessionsRepository({ sessionIdleSeconds: 14 * DAY, sessionMaxSeconds: 90 * DAY }, changes);
let database: AuthDatabase;
let accountId: string;

beforeAll(async () => {
  database = await openAuthDatabase(20);
});

afterAll(async () => {
  await database.drop();
});

beforeEach(async () => {
  accountId = await database.account();
});

async function start(client = CLIENT, sessions = store): Promise<LiveSession> {
  const session = await database.transactions.run((tx) => sessions.start(tx, accountId, client, ['pwd']));
  if (!session) throw new Error('No session was started');
  return session;
}

type Rotation = ({ readonly outcome: 'rotated' } & LiveSession) | Verdict;

/** What a refresh does: spends the token, or finds out why it cannot. */
async function rotate(token: RefreshToken, sessions = store): Promise<Rotation> {
  const rotated = await sessions.rotate(database.transactions, token);
  if (rotated) return { outcome: 'rotated', ...rotated };
  return database.transactions.run((tx) => sessions.checkReuse(tx, token));
}

/** Rotates where nothing is in the way. */
async function next(token: RefreshToken): Promise<LiveSession> {
  const rotation = await rotate(token);
  if (rotation.outcome !== 'rotated') throw new Error(`Expected a rotation, got ${rotation.outcome}`);
  return rotation;
}

/** Lets time pass for a session, by moving its past back. */
const age = (sessionId: string, seconds: number): Promise<unknown> =>
  database.query(
    `UPDATE account_sessions SET created_at = created_at - $2::interval, refreshed_at = refreshed_at - $2::interval,
                                 expires_at = expires_at - $2::interval WHERE id = $1`,
    [sessionId, `${seconds} seconds`],
  );

const alive = async (): Promise<string[]> =>
  (await database.query<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1', [accountId])).map(
    ({ id }) => id,
  );

describe('a session', () => {
  it('starts with a token that continues it, and says from where it came', async () => {
    const session = await start();
    const rows = await database.query(
      `SELECT account_id, refresh_seq, nonce, user_agent, host(ip::inet) AS ip, version,
              extract(epoch FROM expires_at - created_at)::integer AS life FROM account_sessions WHERE id = $1`,
      [session.sessionId],
    );
    expect(rows).toEqual([
      {
        account_id: accountId,
        refresh_seq: session.seq,
        nonce: session.nonce,
        user_agent: CLIENT.userAgent,
        ip: CLIENT.ip,
        version: 1,
        life: 14 * DAY,
      },
    ]);
  });

  it('keeps 500 characters of the user agent, and no NUL', async () => {
    const { sessionId } = await start({ ...CLIENT, userAgent: `\0${'é'.repeat(499)}🙂🙂` });
    const rows = await database.query('SELECT user_agent FROM account_sessions WHERE id = $1', [sessionId]);
    expect(rows).toEqual([{ user_agent: `${'é'.repeat(499)}🙂` }]);
  });

  it('does not start for an account that is disabled or gone', async () => {
    await database.query('UPDATE accounts SET enabled = false WHERE id = $1', [accountId]);
    await expect(start()).rejects.toThrow('No session was started');
    await database.query('DELETE FROM accounts WHERE id = $1', [accountId]);
    await expect(start()).rejects.toThrow('No session was started');
  });

  it('does not survive an account that is disabled while it starts', async () => {
    let disabled: Promise<unknown> | undefined;
    await database.transactions.run(async (tx) => {
      await store.start(tx, accountId, CLIENT, ['pwd']);
      disabled = database.transactions.run(async (other) => {
        await other.manager.query('UPDATE accounts SET enabled = false WHERE id = $1', [accountId]);
        return store.endAll(other, accountId, ENDING);
      });
      // Time for the other transaction to reach the lock that it must wait for.
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    expect(await disabled).toBe(1);
    expect(await alive()).toEqual([]);
  });

  it('ends alone, only for its own account, and only once', async () => {
    const [session, other] = [await start(), await start()];
    const stranger = await database.account();
    const end = (owner: string): Promise<boolean> =>
      database.transactions.run((tx) => store.end(tx, { accountId: owner, sessionId: session.sessionId }, ENDING));
    expect(await end(stranger)).toBe(false);
    expect(await end(accountId)).toBe(true);
    expect(await end(accountId)).toBe(false);
    expect(await alive()).toEqual([other.sessionId]);
  });

  it('ends with all others of its account, or is spared alone', async () => {
    const sessions = [await start(), await start(), await start()].map(({ sessionId }) => sessionId);
    const endAll = (except?: string): Promise<number> =>
      database.transactions.run((tx) => store.endAll(tx, accountId, ENDING, except));
    expect(await endAll(sessions[1])).toBe(2);
    expect(await alive()).toEqual([sessions[1]]);
    expect(await endAll()).toBe(1);
    expect(await alive()).toEqual([]);
  });
});

describe('a refresh', () => {
  it('spends the token and gives the next one of the same session', async () => {
    const first = await start();
    const second = await next(first);
    expect(second).toMatchObject({ sessionId: first.sessionId, accountId, seq: first.seq + 1 });
    expect(second.nonce).not.toBe(first.nonce);
    expect(await next(second)).toMatchObject({ seq: first.seq + 2 });
  });

  it('by 50 at once makes one chain, and all of them get its end', async () => {
    const first = await start();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => rotate(first)));
    expect(outcomes.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(49);
    const tokens = outcomes.map((rotation) => ('nonce' in rotation ? `${rotation.seq} ${rotation.nonce}` : 'none'));
    expect(new Set(tokens).size).toBe(1);
    const rows = await database.query('SELECT refresh_seq FROM account_sessions WHERE id = $1', [first.sessionId]);
    expect(rows).toEqual([{ refresh_seq: first.seq + 1 }]);
  });

  it('with the immediate predecessor gives the current token again for 10 seconds, and advances nothing', async () => {
    const first = await start();
    const second = await next(first);
    await age(first.sessionId, 9);
    const again = await rotate(first);
    expect(again).toMatchObject({ outcome: 'repeated', seq: second.seq, nonce: second.nonce });
    expect(await next(second)).toMatchObject({ seq: second.seq + 1 });
  });

  it('with the immediate predecessor after 10 seconds ends the session', async () => {
    const first = await start();
    const second = await next(first);
    await age(first.sessionId, 10);
    expect(await rotate(first)).toEqual({ outcome: 'reused', sessionId: first.sessionId, accountId });
    expect(await rotate(second)).toEqual({ outcome: 'rejected' });
    expect(await alive()).toEqual([]);
  });

  it('with an older token than that ends the session at once', async () => {
    const first = await start();
    const third = await next(await next(first));
    expect(await rotate(first)).toMatchObject({ outcome: 'reused' });
    expect(await rotate(third)).toEqual({ outcome: 'rejected' });
  });

  it('by 50 thieves at once ends the session once', async () => {
    const first = await start();
    await next(await next(first));
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => rotate(first)));
    expect(outcomes.filter(({ outcome }) => outcome === 'reused')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'rejected')).toHaveLength(49);
  });

  it('with a token of the future, or the right step with another nonce, ends the session', async () => {
    const one = await start();
    expect(await rotate({ ...one, seq: one.seq + 5 })).toMatchObject({ outcome: 'reused' });
    const other = await start();
    expect(await rotate({ ...other, nonce: 'another' })).toMatchObject({ outcome: 'reused' });
    expect(await alive()).toEqual([]);
  });

  it('touches no other session', async () => {
    const [first, other] = [await start(), await start()];
    await next(await next(first));
    await rotate(first);
    expect(await alive()).toEqual([other.sessionId]);
    expect(await next(other)).toMatchObject({ seq: other.seq + 1 });
  });

  it('is rejected for an account that is disabled or deleted', async () => {
    const session = await start();
    await database.query('UPDATE accounts SET enabled = false WHERE id = $1', [accountId]);
    expect(await rotate(session)).toEqual({ outcome: 'rejected' });
    await database.query('DELETE FROM accounts WHERE id = $1', [accountId]);
    expect(await rotate(session)).toEqual({ outcome: 'rejected' });
  });

  it('lets a session live 14 days idle and 90 days in all', async () => {
    let session: LiveSession = await start();
    const { sessionId } = session;
    for (let days = 13; days < 90; days += 13) {
      await age(sessionId, 13 * DAY);
      session = await next(session);
    }
    const [life] = await database.query<{ days: number }>(
      'SELECT extract(epoch FROM expires_at - created_at)::float / 86400 AS days FROM account_sessions WHERE id = $1',
      [sessionId],
    );
    expect(life?.days).toBeCloseTo(90, 3);
    await age(sessionId, 13 * DAY);
    expect(await rotate(session)).toEqual({ outcome: 'rejected' });

    const idle = await start();
    await age(idle.sessionId, 14 * DAY);
    expect(await rotate(idle)).toEqual({ outcome: 'rejected' });
  });

  it('heeds a shorter absolute life than the session was started with', async () => {
    const session = await start();
    await age(session.sessionId, 2 * DAY);
    const stricter = new SessionsRepository({ sessionIdleSeconds: DAY, sessionMaxSeconds: DAY }, changes);
    expect(await rotate(session, stricter)).toEqual({ outcome: 'rejected' });
  });

  it('that races with the end of the session never brings it back', async () => {
    for (let round = 0; round < 20; round++) {
      const session = await start();
      await Promise.all([
        rotate(session),
        database.transactions.run((tx) => store.endAll(tx, accountId, ENDING)),
        rotate(session),
      ]);
      expect(await alive()).toEqual([]);
    }
  });
});

describe('the actor of a session', () => {
  const roles = new Roles({ rolesFile: fileURLToPath(new URL('../../roles.yml', import.meta.url)) });
  const load = (sessionId: string, account = accountId) =>
    new ActorLoader(
      new AccountDirectoryRepository(database.transactions, new SecondFactors()),
      roles,
      new ActorCache(),
    ).load(sessionId, account);

  it('is its account, with role and scope as they are now', async () => {
    const organizations = [await database.organization(), await database.organization()];
    accountId = await database.account({ roleName: 'org_owner', extra: { region: ['eu'] }, organizations });
    const { sessionId } = await start();
    expect(await load(sessionId)).toMatchObject({
      id: accountId,
      sessionId,
      email: `${accountId}@example.com`,
      name: 'A. Person',
      pictureUrl: null,
      organizationIds: organizations.toSorted(),
      roleScope: { region: ['eu'], org: organizations.toSorted() },
    });
    await database.query(`UPDATE accounts SET role_name = 'admin' WHERE id = $1`, [accountId]);
    expect((await load(sessionId))?.role.name).toBe('admin');
  });

  it('has an empty scope without organizations', async () => {
    const { sessionId } = await start();
    expect(await load(sessionId)).toMatchObject({ organizationIds: [], roleScope: {} });
  });

  it('has no actor for another account, an expired session, a disabled account or a deleted role', async () => {
    const { sessionId } = await start();
    expect(await load(sessionId)).not.toBeNull();
    expect(await load(sessionId, await database.account())).toBeNull();
    await database.query(`UPDATE accounts SET role_name = 'retired' WHERE id = $1`, [accountId]);
    expect(await load(sessionId)).toBeNull();
    await database.query(`UPDATE accounts SET role_name = 'user', enabled = false WHERE id = $1`, [accountId]);
    expect(await load(sessionId)).toBeNull();
    await database.query('UPDATE accounts SET enabled = true WHERE id = $1', [accountId]);
    await age(sessionId, 14 * DAY);
    expect(await load(sessionId)).toBeNull();
  });
});
