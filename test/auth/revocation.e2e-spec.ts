import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { AuthChangeFeed } from '../../src/auth/sessions/auth-change.feed.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, send } from '../support/client.js';
import { account, admin, organization, signedIn, signIn, type SignedIn } from '../support/factories.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** What the contract allows every other instance, in ms. */
const WITHIN_MS = 1_000;

describe('An ended session or a changed right', () => {
  let here: TestApp;
  let there: TestApp;
  let proxy: TcpProxy;

  beforeAll(async () => {
    here = await startApp();
    proxy = await TcpProxy.open(here.databaseUrl);
    there = await startApp({ beside: here, env: { DATABASE_URL: proxy.url } });
  });
  afterAll(async () => {
    await there.stop();
    await proxy.close();
    await here.stop();
  });

  const status = async (app: TestApp, token: string): Promise<number> =>
    (await send(app, 'GET', '/auth/me', { token })).status;

  /** A signed-in user in the actor caches of both instances. */
  async function known(options: Parameters<typeof signedIn>[1] = {}): Promise<SignedIn> {
    const user = await signedIn(here, options);
    expect([await status(here, user.token), await status(there, user.token)]).toEqual([200, 200]);
    return user;
  }

  const ends: [string, (user: SignedIn) => Promise<unknown>][] = [
    ['signing out', ({ token }) => send(here, 'POST', '/auth/logout', { token })],
    [
      'signing out everywhere',
      ({ token }) => send(here, 'POST', '/auth/logout', { token, body: { everywhere: true } }),
    ],
    [
      'deleting the session',
      async ({ token, get }) => {
        const [session] = (await get('/account_sessions')).body.data;
        return send(here, 'DELETE', `/account_sessions/${session.id}`, { token });
      },
    ],
    [
      'disabling the account',
      async ({ account: { id } }) =>
        (await admin(here)).patch(`/accounts/${id}`, document('iam:accounts', { enabled: false })),
    ],
    ['deleting the account', async ({ account: { id } }) => (await admin(here)).delete(`/accounts/${id}`)],
    [
      'changing the password on another device',
      async ({ account: { email, password } }) => {
        const { token } = await signIn(here, { email, password });
        const body = { current_password: password, new_password: 'Another-horse-8' };
        return send(here, 'POST', '/account/passwords/change', { token, body });
      },
    ],
    [
      'showing a refresh token long after it was spent',
      async ({ refreshToken }) => {
        const refresh = () => send(here, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
        await refresh();
        await here.sql("UPDATE account_sessions SET refreshed_at = refreshed_at - interval '1 minute'");
        return refresh();
      },
    ],
  ];

  it.each(ends)('counts at once here and within a second there, after %s', async (_, end) => {
    const user = await known();
    await end(user);
    const endedAt = performance.now();
    expect(await status(here, user.token)).toBe(401);
    while ((await status(there, user.token)) === 200) {
      expect(performance.now() - endedAt).toBeLessThan(WITHIN_MS);
      await sleep(10);
    }
    expect(await status(there, user.token)).toBe(401);
  });

  it('counts for roles and organizations as well', async () => {
    const org = await organization(here);
    const user = await known({ role: 'org_owner', org: [org] });
    const me = async (app: TestApp) => (await send(app, 'GET', '/auth/me', { token: user.token })).body.data.attributes;
    const root = await admin(here);
    await root.patch(`/accounts/${user.account.id}`, document('iam:accounts', { role_name: 'user' }));
    await root.delete(`/organizations/${org}`);
    expect(await me(here)).toMatchObject({ role_name: 'user', role_scope: {} });
    await sleep(WITHIN_MS);
    expect(await me(there)).toMatchObject({ role_name: 'user', role_scope: {} });
  });

  it('costs no query per request once it is cached', async () => {
    const { token } = await known();
    const pool = poolOf(here.nest.get(DataSource)) as unknown as { query: () => Promise<unknown> };
    const queries = jest.spyOn(pool, 'query');
    const connects = jest.spyOn(pool as unknown as { connect: () => unknown }, 'connect');
    for (let i = 0; i < 50; i++) expect(await status(here, token)).toBe(200);
    // The feed has a connection of its own, and asks three times a second however many requests there are.
    expect(queries.mock.calls.length + connects.mock.calls.length).toBe(0);
    jest.restoreAllMocks();
  });

  it('is never missed by an instance that lost the feed: it asks the database, and denies when it cannot', async () => {
    const user = await known();
    proxy.cut();
    await send(here, 'POST', '/auth/logout', { token: user.token });
    await sleep(WITHIN_MS);
    expect(await status(there, user.token)).toBe(503);
    proxy.mend();
    expect(await status(there, user.token)).toBe(401);
    const other = await signIn(here, await account(here));
    expect(await status(there, other.token)).toBe(200);
  });

  it('is not missed either while the feed alone stands still', async () => {
    const user = await known();
    const stuck = jest
      .spyOn(there.nest.get(AuthChangeFeed, { strict: false }), 'poll')
      .mockRejectedValue(new Error('stuck'));
    await sleep(WITHIN_MS);
    await send(here, 'POST', '/auth/logout', { token: user.token });
    expect(await status(there, user.token)).toBe(401);
    stuck.mockRestore();
  });
});
