import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, MEDIA_TYPE, send, type ApiResponse } from '../support/client.js';
import { account, admin, signedIn, signIn } from '../support/factories.js';
import { age, sessionOf } from './sessions.js';
import { Browser, cookieHeader, cookiesOf } from './browser.js';

const DAY = 86_400;
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };
const ELSEWHERE: Record<string, string>[] = [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }, {}];

describe('Refreshing', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const refresh = (token: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> =>
    send(app, 'POST', '/auth/refresh', { body: { refresh_token: token }, headers });

  /** The refresh token of an answer that must have given one. */
  const next = async (token: string): Promise<string> => {
    const response = await refresh(token);
    expect(response.status).toBe(200);
    return response.body.meta.refresh_token;
  };

  const isOver = async (token: string): Promise<void> => {
    const response = await refresh(token);
    expect(errorsOf(response)).toEqual(['401 invalid_refresh_token']);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="iam"');
  };

  describe('with a token in the body', () => {
    it('gives a new pair and the same document as signing in', async () => {
      const { account: owner, token, refreshToken } = await signedIn(app);
      const response = await refresh(refreshToken);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, MEDIA_TYPE]);
      expect(response.body.data).toMatchObject({
        type: 'iam:account_auths',
        id: owner.id,
        attributes: { email: owner.email, role_name: 'user', exp: expect.any(Number) },
        links: { self: '/auth/me' },
      });
      expect(response.body.meta.token).not.toBe(token);
      expect(response.body.meta.refresh_token).not.toBe(refreshToken);
      expect(Object.keys(cookiesOf(response))).toEqual([]);
      expect((await as(app, response.body.meta.token).get('/auth/me')).status).toBe(200);
    });

    it('goes on in the same session, one step further, and lengthens it', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      const before = await sessionOf(app, owner.id);
      await age(app, before.id, DAY);
      await next(await next(refreshToken));
      const after = await sessionOf(app, owner.id);
      expect([after.id, after.refresh_seq]).toEqual([before.id, 2]);
      expect(after.expires_at.getTime()).toBeGreaterThan(before.expires_at.getTime() - 10_000);
    });

    it('knows a new role at once', async () => {
      const { patch } = await admin(app);
      const { refreshToken, account: owner } = await signedIn(app);
      await patch(`/accounts/${owner.id}`, document('iam:accounts', { role_name: 'admin' }, owner.id));
      expect((await refresh(refreshToken)).body.data.attributes.role_name).toBe('admin');
    });

    it.each<[string, unknown, string[]]>([
      ['rubbish', 'rubbish', ['401 invalid_refresh_token']],
      ['nothing', '', ['401 invalid_refresh_token']],
      ['a number', 1, ['422 validation_failed /refresh_token']],
    ])('rejects %s', async (_, token, expected) => {
      expect(errorsOf(await refresh(token))).toEqual(expected);
    });

    it('rejects an unknown member and a body that is no object', async () => {
      const strange = await send(app, 'POST', '/auth/refresh', { body: { refreshToken: 'x' } });
      expect(errorsOf(strange)).toEqual(['422 validation_failed /refreshToken']);
      expect(errorsOf(await send(app, 'POST', '/auth/refresh', { body: [] }))).toEqual(['400 malformed_body ']);
    });

    it('rejects a request that names no token at all', async () => {
      for (const sent of [{}, { body: {} }]) {
        const response = await send(app, 'POST', '/auth/refresh', sent);
        expect(errorsOf(response)).toEqual(['401 invalid_refresh_token']);
        expect(response.body.errors[0].detail).toContain('required, in the body or as a cookie');
      }
    });
  });

  describe('with a spent token', () => {
    it('gives its immediate successor once more within 10 seconds, and advances nothing', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      const successor = await next(refreshToken);
      expect(await next(refreshToken)).toBe(successor);
      await age(app, (await sessionOf(app, owner.id)).id, 9);
      expect(await next(refreshToken)).toBe(successor);
      expect((await sessionOf(app, owner.id)).refresh_seq).toBe(1);
      await next(successor);
      expect((await sessionOf(app, owner.id)).refresh_seq).toBe(2);
    });

    it('ends the session after 10 seconds, for all its tokens', async () => {
      const { refreshToken, account: owner, get } = await signedIn(app);
      const successor = await next(refreshToken);
      await age(app, (await sessionOf(app, owner.id)).id, 11);
      await isOver(refreshToken);
      await isOver(successor);
      expect(errorsOf(await get('/auth/me'))).toEqual(['401 unauthenticated Authorization']);
    });

    it('ends the session at once when it is older than the immediate predecessor', async () => {
      const { refreshToken, get } = await signedIn(app);
      const last = await next(await next(refreshToken));
      await isOver(refreshToken);
      await isOver(last);
      expect((await get('/auth/me')).status).toBe(401);
    });

    it('leaves the other sessions of the account alone', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      const other = await signIn(app, owner);
      await next(await next(refreshToken));
      await isOver(refreshToken);
      expect((await as(app, other.token).get('/auth/me')).status).toBe(200);
      await next(other.refreshToken);
    });
  });

  describe('is over', () => {
    it('once the account is disabled, and stays so when it is enabled again', async () => {
      const { patch } = await admin(app);
      const { refreshToken, account: owner, get } = await signedIn(app);
      const change = (enabled: boolean) =>
        patch(`/accounts/${owner.id}`, document('iam:accounts', { enabled }, owner.id));
      expect((await change(false)).status).toBe(200);
      await isOver(refreshToken);
      expect((await change(true)).status).toBe(200);
      await isOver(refreshToken);
      expect((await get('/auth/me')).status).toBe(401);
    });

    it('once the account is disabled or deleted behind the back of the service', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      await app.sql('UPDATE accounts SET enabled = false WHERE id = $1', [owner.id]);
      await isOver(refreshToken);
      const other = await signedIn(app);
      await app.sql('DELETE FROM accounts WHERE id = $1', [other.account.id]);
      await isOver(other.refreshToken);
    });

    it('14 days after the last refresh', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      const { id } = await sessionOf(app, owner.id);
      await age(app, id, 14 * DAY - 60);
      const successor = await next(refreshToken);
      await age(app, id, 14 * DAY + 1);
      await isOver(successor);
    });

    it('90 days after signing in, however often it was refreshed', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      const { id } = await sessionOf(app, owner.id);
      let token = refreshToken;
      for (let day = 0; day < 84; day += 12) {
        await age(app, id, 12 * DAY);
        token = await next(token);
      }
      const { created_at, expires_at } = await sessionOf(app, owner.id);
      expect((expires_at.getTime() - created_at.getTime()) / 1000).toBeCloseTo(90 * DAY, -1);
      await age(app, id, 6 * DAY + 1);
      await isOver(token);
    });
  });

  describe('with cookies', () => {
    it('sets both anew and says neither in the body', async () => {
      const browser = new Browser(app);
      await browser.signIn(await account(app));
      const before = browser.cookie('refresh-token');
      const response = await browser.send('POST', '/auth/refresh');
      expect(response.status).toBe(200);
      expect(Object.keys(cookiesOf(response)).sort()).toEqual(['auth-token', 'refresh-token']);
      expect(cookiesOf(response)['refresh-token']?.attributes).toMatchObject({ path: '/auth', httponly: true });
      expect(browser.cookie('refresh-token')).not.toBe(before);
      expect(response.body.meta).toBeUndefined();
      expect(response.text).not.toContain(browser.cookie('auth-token'));
      expect((await browser.send('GET', '/auth/me')).status).toBe(200);
    });

    it('works by GET for a page of the same site, and no other', async () => {
      const browser = new Browser(app);
      await browser.signIn(await account(app));
      for (const site of ['same-origin', 'same-site']) {
        const response = await browser.send('GET', '/auth/refresh', { headers: { 'sec-fetch-site': site } });
        expect([response.status, Object.keys(cookiesOf(response))]).toEqual([200, ['auth-token', 'refresh-token']]);
      }
      const spent = browser.cookie('refresh-token');
      for (const headers of ELSEWHERE) {
        expect(errorsOf(await browser.send('GET', '/auth/refresh', { headers }))).toEqual([
          '403 forbidden Sec-Fetch-Site',
        ]);
      }
      expect(browser.cookie('refresh-token')).toBe(spent);
    });

    it('by GET takes no token but the cookie', async () => {
      const { token, refreshToken } = await signedIn(app);
      const bearer = await send(app, 'GET', '/auth/refresh', { token, headers: SAME_ORIGIN });
      expect(errorsOf(bearer)).toEqual(['401 invalid_refresh_token']);
      const query = await send(app, 'GET', `/auth/refresh?refresh_token=${refreshToken}`, { headers: SAME_ORIGIN });
      expect(errorsOf(query)).toEqual(['400 invalid_parameter refresh_token']);
    });

    it('takes stale ones back', async () => {
      const cookie = cookieHeader({ 'auth-token': 'stale', 'refresh-token': 'stale' });
      for (const [method, headers] of [
        ['POST', { cookie }],
        ['GET', { cookie, ...SAME_ORIGIN }],
      ] as const) {
        const response = await send(app, method, '/auth/refresh', { headers });
        expect(errorsOf(response)).toEqual(['401 invalid_refresh_token']);
        for (const name of ['auth-token', 'refresh-token']) {
          expect(cookiesOf(response)[name]).toMatchObject({ value: '', attributes: { 'max-age': '0' } });
        }
      }
    });

    it('lets a token in the body count before the cookie', async () => {
      const browser = new Browser(app);
      await browser.signIn(await account(app));
      const { refreshToken, account: other } = await signedIn(app);
      const response = await browser.send('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
      expect([response.body.data.id, Object.keys(cookiesOf(response))]).toEqual([other.id, []]);
      expect(response.body.meta.refresh_token).toEqual(expect.any(String));
    });
  });
});
