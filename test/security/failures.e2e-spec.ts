import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module, type CanActivate, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Replacement } from '../../src/app.extension.js';
import { ActorLoader } from '../../src/auth/sessions/actor-loader.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { CrossSite } from '../../src/auth/authentication/authentication.js';
import { RateLimiter } from '../../src/auth/rate-limit/rate-limiter.js';
import { resetToken, secretsOf } from '../passwords/tokens.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, send, type ApiResponse } from '../support/client.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { pathOf, routesOf } from './routes.js';

const NEW_PASSWORD = 'Another-horse-9';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** A module that puts this guard in front of every route, as a team's own module may. */
function guarding(canActivate: CanActivate['canActivate']): Type<unknown> {
  class Guarding {}
  Module({ providers: [{ provide: APP_GUARD, useValue: { canActivate } }] })(Guarding);
  return Guarding;
}

describe('Lesson 19: a guard that fails', () => {
  const defect = (): never => {
    throw new TypeError('a defect');
  };
  const replaced = (provide: Type<unknown>, useValue: object): Replacement => ({
    in: AuthModule,
    providers: [{ provide, useValue }],
  });

  it.each<[string, { modules?: Type<unknown>[]; replacements?: Replacement[] }]>([
    ['throws', { modules: [guarding(defect)] }],
    ['rejects', { modules: [guarding(async () => defect())] }],
    ['says nothing', { modules: [guarding(() => JSON.parse('null'))] }],
    ['cannot load the actor', { replacements: [replaced(ActorLoader, { load: defect })] }],
    ['cannot check the origin', { replacements: [replaced(CrossSite, { check: defect, checkSameSite: defect })] }],
  ])('#19 denies when it %s: every closed route, and nothing is written', async (_, extension) => {
    const { token, id } = await admin(app);
    const org = await organization(app);
    const rows = async () =>
      app.sql(
        'SELECT id, name, version FROM accounts UNION ALL SELECT id, name, version FROM organizations ORDER BY id',
      );
    const before = await rows();
    const broken = await startApp({ beside: app, extension });
    try {
      const closed = routesOf(broken).filter(
        ({ method, pattern }) =>
          ['GET', 'POST', 'PATCH', 'DELETE'].includes(method) &&
          /^\/(accounts|organizations|account_sessions|audit_events|auth\/me|account\/passwords\/change)(?!.*\/(?:join|invitation))/.test(
            pattern,
          ),
      );
      expect(closed.length).toBeGreaterThan(20);
      for (const route of closed) {
        const path = pathOf(route, route.pattern.startsWith('/organizations') ? org : id);
        const body = { data: { type: `iam:${path.split('/')[1]}`, attributes: { name: 'Changed' } } };
        const writes = route.method === 'POST' || route.method === 'PATCH';
        const response = await send(broken, route.method, path, { token, ...(writes && { body }) });
        expect([403, 405, 500]).toContain(response.status);
        expect(response.text).not.toContain('a defect');
        expect(response.body.data).toBeUndefined();
      }
      expect(await rows()).toEqual(before);
    } finally {
      await broken.stop();
    }
  });

  it('#19 denies guesses when it cannot count them', async () => {
    const attempt = (): never => {
      throw new Error('a defect');
    };
    const broken = await startApp({
      beside: app,
      extension: {
        replacements: [replaced(RateLimiter, { attempt, succeeded: attempt, rejectWithoutRoom: () => undefined })],
      },
    });
    try {
      const { id, email, password } = await account(app);
      const token = await resetToken(app, id);
      const { post, get } = as(broken);
      const responses = [
        await post('/auth/login', { email, password }),
        await post('/account/passwords/reset', { token, password: NEW_PASSWORD }),
        await get(`/account/passwords/token_valid?token=${token}`),
      ];
      expect(responses.map((response) => errorsOf(response)[0])).toEqual(responses.map(() => '500 internal_error'));
      expect(await sessionIds(app, id)).toEqual([]);
      expect((await secretsOf(app, id)).resets).toHaveLength(1);
    } finally {
      await broken.stop();
    }
  });
});

describe('Lesson 19: without its database', () => {
  let proxy: TcpProxy;
  let cut: TestApp;

  beforeAll(async () => {
    proxy = await TcpProxy.open(app.databaseUrl);
    cut = await startApp({ beside: app, env: { DATABASE_URL: proxy.url } });
  });
  afterAll(async () => {
    proxy.mend();
    await cut.stop();
    await proxy.close();
  });

  it('#19 the service returns 503 with Retry-After, authenticates no one, and recovers with the database', async () => {
    const owner = await account(app);
    const { token, refreshToken } = await signIn(cut, owner);
    const reset = await resetToken(app, owner.id);
    const sessions = await sessionIds(app, owner.id);
    const { get, post, patch } = as(cut, token);
    expect((await get('/auth/me')).status).toBe(200);

    proxy.cut();
    // What was remembered of who is signed in counts for one second, no longer.
    await sleep(1_100);
    const asked: Record<string, () => Promise<ApiResponse>> = {
      me: () => get('/auth/me'),
      list: () => get('/accounts'),
      change: () => patch(`/accounts/${owner.id}`, document('iam:accounts', { name: 'Changed' }, owner.id)),
      password: () =>
        post('/account/passwords/change', { current_password: owner.password, new_password: NEW_PASSWORD }),
      'me by cookie': () => as(cut).get('/auth/me', { cookie: cookieHeader({ 'auth-token': token }) }),
      login: () => as(cut).post('/auth/login', { email: owner.email, password: owner.password, cookie: true }),
      'wrong login': () => as(cut).post('/auth/login', { email: owner.email, password: 'wrong' }),
      refresh: () => as(cut).post('/auth/refresh', { refresh_token: refreshToken }),
      'refresh by cookie': () =>
        as(cut).post('/auth/refresh', undefined, { cookie: cookieHeader({ 'refresh-token': refreshToken }) }),
      logout: () => post('/auth/logout'),
      'request of a reset': () => as(cut).post('/account/passwords/request_reset', { email: owner.email }),
      reset: () => as(cut).post('/account/passwords/reset', { token: reset, password: NEW_PASSWORD }),
      'validity of a token': () => as(cut).get(`/account/passwords/token_valid?token=${reset}`),
      join: () => as(cut).patch('/accounts/some-token/join', { password: NEW_PASSWORD }),
      readiness: () => as(cut).get('/health/ready'),
    };
    for (const [name, ask] of Object.entries(asked)) {
      const response = await ask();
      expect([name, errorsOf(response)]).toEqual([name, ['503 unavailable']]);
      expect([name, Number(response.headers.get('retry-after'))]).toEqual([name, expect.any(Number)]);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      // A session that cannot be looked up is not over: its cookies stay.
      expect([name, cookiesOf(response)]).toEqual([name, {}]);
    }
    expect((await as(cut, 'rubbish').get('/auth/me')).status).toBe(401);
    expect((await as(cut).get('/auth/me')).status).toBe(401);
    expect((await as(cut).get('/.well-known/jwks.json')).status).toBe(200);
    expect((await as(cut).get('/health/live')).status).toBe(200);

    proxy.mend();
    expect((await get('/auth/me')).status).toBe(200);
    expect((await as(cut).post('/auth/refresh', { refresh_token: refreshToken })).status).toBe(200);
    expect(await sessionIds(app, owner.id)).toEqual(sessions);
    expect((await as(cut).get('/health/ready')).status).toBe(200);
  });

  it('#19 a session that was signed out meanwhile stays ended', async () => {
    const { account: owner } = await signedIn(app);
    const { token } = await signIn(cut, owner);
    expect((await as(cut, token).get('/auth/me')).status).toBe(200);
    proxy.cut();
    expect((await as(app, token).post('/auth/logout', { everywhere: true })).status).toBe(204);
    await sleep(1_100);
    expect((await as(cut, token).get('/auth/me')).status).toBe(503);
    proxy.mend();
    expect((await as(cut, token).get('/auth/me')).status).toBe(401);
  });
});
