import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { mailsTo } from '../accounts/mails.js';
import { resetToken } from '../passwords/tokens.js';
import { Browser } from '../sign-in/browser.js';
import { age, sessionIds, sessionOf } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, send, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, signedIn, signIn } from '../support/factories.js';

const NEW_PASSWORD = 'Another-horse-9';
const SAME_ORIGIN = { headers: { 'sec-fetch-site': 'same-origin' } };

let app: TestApp;
let root: ApiClient & { id: string };

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
});
afterAll(() => app.stop());

const refresh = (refreshToken: string, at = app): Promise<ApiResponse> =>
  send(at, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });

const login = (email: string, password: string): Promise<ApiResponse> =>
  send(app, 'POST', '/auth/login', { body: { email, password } });

const enable = async (id: string, enabled: boolean): Promise<void> => {
  const { status } = await root.patch(`/accounts/${id}`, document('iam:accounts', { enabled }, id));
  expect(status).toBe(200);
};

describe('Lesson 1: a disabled account', () => {
  it('#1 loses its sessions, and no path gives it a token', async () => {
    const { account: owner, token, refreshToken } = await signedIn(app);
    const [posting, getting] = [new Browser(app), new Browser(app)];
    await posting.signIn(owner);
    await getting.signIn(owner);
    expect(await sessionIds(app, owner.id)).toHaveLength(3);
    await enable(owner.id, false);
    expect(await sessionIds(app, owner.id)).toEqual([]);
    const reset = await resetToken(app, owner.id);
    const responses = {
      access: await as(app, token).get('/auth/me'),
      again: await as(app, token).post('/auth/reauthenticate', { password: owner.password }),
      body: await refresh(refreshToken),
      cookie: await posting.send('POST', '/auth/refresh'),
      get: await getting.send('GET', '/auth/refresh', SAME_ORIGIN),
      login: await login(owner.email, owner.password),
      reset: await send(app, 'POST', '/account/passwords/reset', { body: { token: reset, password: NEW_PASSWORD } }),
    };
    expect(Object.entries(responses).map(([path, response]) => `${path}: ${errorsOf(response)[0]}`)).toEqual([
      'access: 401 unauthenticated Authorization',
      'again: 401 unauthenticated Authorization',
      'body: 401 invalid_refresh_token',
      'cookie: 401 invalid_refresh_token',
      'get: 401 invalid_refresh_token',
      'login: 401 account_disabled',
      'reset: 404 invalid_token',
    ]);
    expect(await sessionIds(app, owner.id)).toEqual([]);
  });

  it('#1 cannot be joined, and is not mailed a reset', async () => {
    const email = 'invited-and-disabled@example.com';
    const created = await root.post('/accounts', document('iam:accounts', { name: 'Ada', email }));
    const [mail] = await mailsTo(app, email);
    const token = /token=([\w-]+)/.exec(mail?.parsed.text ?? '')?.[1];
    await enable(created.body.data.id, false);
    const prefer = { prefer: 'return=representation' };
    const joined = await send(app, 'PATCH', `/accounts/${token}/join`, {
      headers: prefer,
      body: { password: NEW_PASSWORD },
    });
    expect(errorsOf(joined)).toEqual(['404 invalid_token']);
    await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
    while ((await app.sql('SELECT id FROM graphile_worker.jobs')).length > 0) await sleep(10);
    expect(await mailsTo(app, email)).toHaveLength(1);
  });

  it('#1 gets none of its old tokens back when it is enabled again', async () => {
    const { account: owner, get, refreshToken } = await signedIn(app);
    const reset = await resetToken(app, owner.id);
    await enable(owner.id, false);
    await enable(owner.id, true);
    expect((await get('/auth/me')).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    const response = await send(app, 'POST', '/account/passwords/reset', {
      body: { token: reset, password: NEW_PASSWORD },
    });
    expect(errorsOf(response)).toEqual(['404 invalid_token']);
    expect((await login(owner.email, owner.password)).status).toBe(200);
  });

  it('#1 has no session left when it signs in and refreshes while it is being disabled', async () => {
    for (let round = 0; round < 3; round++) {
      const { account: owner, refreshToken } = await signedIn(app);
      await Promise.all([
        ...Array.from({ length: 5 }, () => login(owner.email, owner.password)),
        enable(owner.id, false),
        ...Array.from({ length: 5 }, () => refresh(refreshToken)),
        ...Array.from({ length: 5 }, () => login(owner.email, owner.password)),
      ]);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    }
  });

  it('#1 is rejected within a second on every other instance', async () => {
    const other = await startApp({ beside: app });
    try {
      const { account: owner, token, refreshToken } = await signedIn(other);
      expect((await as(other, token).get('/auth/me')).status).toBe(200);
      await enable(owner.id, false);
      expect((await refresh(refreshToken, other)).status).toBe(401);
      await sleep(1000);
      expect((await as(other, token).get('/auth/me')).status).toBe(401);
    } finally {
      await other.stop();
    }
  });
});

describe('Lesson 2: refreshing at the same time', () => {
  it('#2 by 50 requests on two instances makes one chain, and all of them get its end', async () => {
    const other = await startApp({ beside: app });
    try {
      const { account: owner, refreshToken } = await signedIn(app);
      const responses = await Promise.all(
        Array.from({ length: 50 }, (_, n) => refresh(refreshToken, n % 2 === 0 ? app : other)),
      );
      expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
      const tokens = new Set(responses.map(({ body }) => body.meta.refresh_token));
      expect(tokens.size).toBe(1);
      expect((await sessionOf(app, owner.id)).refresh_seq).toBe(1);
      const [successor] = tokens;
      expect((await refresh(successor)).status).toBe(200);
      expect((await sessionOf(app, owner.id)).refresh_seq).toBe(2);
    } finally {
      await other.stop();
    }
  });

  it('#2 with a token that was spent long since ends the session, and that is recorded', async () => {
    const { account: owner, refreshToken, get } = await signedIn(app);
    const { id } = await sessionOf(app, owner.id);
    const successor = (await refresh(refreshToken)).body.meta.refresh_token;
    await age(app, id, 11);
    expect(errorsOf(await refresh(refreshToken))).toEqual(['401 invalid_refresh_token']);
    expect(errorsOf(await refresh(successor))).toEqual(['401 invalid_refresh_token']);
    expect((await get('/auth/me')).status).toBe(401);
    const recorded = await root.get(
      '/audit_events?filter[action]=iam:account_auths.refresh_reused&sort=-id&page[size]=1',
    );
    expect(recorded.body.data[0].attributes).toMatchObject({
      actor_id: null,
      target_type: 'iam:account_sessions',
      target_id: id,
      details: { account_id: owner.id },
      ip: '127.0.0.1',
    });
  });

  it('#2 by the attacker and the owner signs both out, in either order', async () => {
    for (const [first, second] of [
      ['thief', 'owner'],
      ['owner', 'thief'],
    ] as const) {
      const { account: owner, refreshToken: stolen } = await signedIn(app);
      const { id } = await sessionOf(app, owner.id);
      const current = { thief: stolen, owner: stolen };
      current[first] = (await refresh(stolen)).body.meta.refresh_token;
      await age(app, id, 11);
      expect((await refresh(current[second])).status).toBe(401);
      expect((await refresh(current[first])).status).toBe(401);
    }
  });

  it('#2 by 50 requests with a token of long ago ends the session once', async () => {
    const { account: owner, refreshToken } = await signedIn(app);
    const { id } = await sessionOf(app, owner.id);
    await refresh((await refresh(refreshToken)).body.meta.refresh_token);
    const responses = await Promise.all(Array.from({ length: 50 }, () => refresh(refreshToken)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
    expect(await sessionIds(app, owner.id)).toEqual([]);
    const lines = await app.sql(
      `SELECT 1 FROM audit_events WHERE action = 'iam:account_auths.refresh_reused' AND audit_events::text LIKE '%' || $1 || '%'`,
      [id],
    );
    expect(lines).toHaveLength(1);
  });

  it('#2 and signing out leaves no session, in whatever order they arrive', async () => {
    for (let round = 0; round < 5; round++) {
      const { account: owner, refreshToken, token } = await signedIn(app);
      await Promise.all([
        ...Array.from({ length: 5 }, () => refresh(refreshToken)),
        send(app, 'POST', '/auth/logout', { token }),
        ...Array.from({ length: 5 }, () => refresh(refreshToken)),
      ]);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    }
  });
});

describe('Lesson 3: a restart', () => {
  it('#3 ends no session, and forgets nothing that was spent: tokens, sessions that ended, reuse', async () => {
    const owner = await account(app);
    let service = await startApp({ beside: app });
    const restart = async (): Promise<void> => {
      await service.stop();
      service = await startApp({ beside: app });
    };
    try {
      const kept = await signIn(service, owner);
      const ended = await signIn(service, owner);
      await as(service, ended.token).post('/auth/logout');
      const reused = await account(app);
      const first = await signIn(service, reused);
      const { id } = await sessionOf(app, reused.id);
      const second = (await refresh(first.refreshToken, service)).body.meta.refresh_token;
      await age(app, id, 11);
      await restart();
      expect((await as(service, kept.token).get('/auth/me')).status).toBe(200);
      expect((await refresh(kept.refreshToken, service)).status).toBe(200);
      expect((await as(service, ended.token).get('/auth/me')).status).toBe(401);
      expect((await refresh(ended.refreshToken, service)).status).toBe(401);
      expect((await refresh(first.refreshToken, service)).status).toBe(401);
      await restart();
      expect((await refresh(second, service)).status).toBe(401);
      expect((await as(service, first.token).get('/auth/me')).status).toBe(401);
    } finally {
      await service.stop();
    }
  });
});
