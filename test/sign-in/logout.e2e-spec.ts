import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, send, type ApiResponse } from '../support/client.js';
import { account, signedIn, signIn } from '../support/factories.js';
import { Browser, cookieHeader, cookiesOf } from './browser.js';
import { age, sessionIds, sessionOf } from './sessions.js';

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };
const ELSEWHERE: Record<string, string>[] = [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }, {}];

describe('Signing out', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const refresh = (refreshToken: string): Promise<ApiResponse> =>
    send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });

  const noSession = (response: ApiResponse, challenge = 'Bearer realm="iam", error="invalid_token"'): void => {
    expect(errorsOf(response)).toEqual(['401 unauthenticated Authorization']);
    expect(response.headers.get('www-authenticate')).toBe(challenge);
  };

  const clearsCookies = (response: ApiResponse): void => {
    const cleared = {
      value: '',
      attributes: expect.objectContaining({ 'max-age': '0', httponly: true, secure: true }),
    };
    expect(cookiesOf(response)).toEqual({ 'auth-token': cleared, 'refresh-token': cleared });
    expect(cookiesOf(response)['auth-token']?.attributes['path']).toBe('/');
    expect(cookiesOf(response)['refresh-token']?.attributes['path']).toBe('/auth');
  };

  describe('with a bearer token', () => {
    it('ends the session at once, and no other of the account', async () => {
      const { token, refreshToken, account: owner, get } = await signedIn(app);
      const other = await signIn(app, owner);
      const response = await send(app, 'POST', '/auth/logout', { token });
      expect([response.status, response.text]).toEqual([204, '']);
      noSession(await get('/auth/me'));
      expect(errorsOf(await refresh(refreshToken))).toEqual(['401 invalid_refresh_token']);
      expect((await as(app, other.token).get('/auth/me')).status).toBe(200);
      expect((await refresh(other.refreshToken)).status).toBe(200);
    });

    it('everywhere ends every session of the account, and no others', async () => {
      const { post, account: owner } = await signedIn(app);
      const others = [await signIn(app, owner), await signIn(app, owner)];
      const stranger = await signedIn(app);
      expect((await post('/auth/logout', { everywhere: true })).status).toBe(204);
      expect(await sessionIds(app, owner.id)).toEqual([]);
      for (const other of others) {
        expect((await as(app, other.token).get('/auth/me')).status).toBe(401);
        expect((await refresh(other.refreshToken)).status).toBe(401);
      }
      expect((await stranger.get('/auth/me')).status).toBe(200);
    });

    it('of the others ends every session of the account but this one', async () => {
      const { post, get, account: owner, refreshToken } = await signedIn(app);
      const others = [await signIn(app, owner), await signIn(app, owner)];
      const stranger = await signedIn(app);
      expect((await post('/auth/logout', { others: true })).status).toBe(204);
      for (const other of others) {
        expect((await as(app, other.token).get('/auth/me')).status).toBe(401);
        expect((await refresh(other.refreshToken)).status).toBe(401);
      }
      expect((await get('/auth/me')).status).toBe(200);
      expect((await refresh(refreshToken)).status).toBe(200);
      expect((await stranger.get('/auth/me')).status).toBe(200);
    });

    it('of the others and everywhere is rejected, and ends nothing', async () => {
      const { post, get } = await signedIn(app);
      const response = await post('/auth/logout', { others: true, everywhere: true });
      expect(errorsOf(response)).toEqual(['400 malformed_body /others']);
      expect((await get('/auth/me')).status).toBe(200);
    });

    it('of a session that ended ends nothing, least of all everywhere', async () => {
      const { post, account: owner } = await signedIn(app);
      const other = await signIn(app, owner);
      expect((await post('/auth/logout')).status).toBe(204);
      noSession(await post('/auth/logout'));
      noSession(await post('/auth/logout', { everywhere: true }));
      noSession(await post('/auth/logout', { others: true }));
      expect((await as(app, other.token).get('/auth/me')).status).toBe(200);
    });

    it('of a session that expired ends nothing but that session', async () => {
      const { post, account: owner } = await signedIn(app);
      await age(app, (await sessionOf(app, owner.id)).id, 15 * 86_400);
      const other = await signIn(app, owner);
      noSession(await post('/auth/logout', { everywhere: true }));
      expect((await as(app, other.token).get('/auth/me')).status).toBe(200);
    });

    it('that is malformed is rejected', async () => {
      noSession(await send(app, 'POST', '/auth/logout', { token: 'rubbish' }));
    });

    it('does not fall back on cookies', async () => {
      const browser = new Browser(app);
      await browser.signIn(await account(app));
      noSession(await browser.send('POST', '/auth/logout', { token: 'rubbish' }));
      expect((await browser.send('GET', '/auth/me')).status).toBe(200);
    });

    it('by 20 requests at once, everywhere, succeeds for one of them', async () => {
      const { account: owner } = await signedIn(app);
      const tokens = await Promise.all(Array.from({ length: 20 }, () => signIn(app, owner)));
      const responses = await Promise.all(
        tokens.map(({ token }) => send(app, 'POST', '/auth/logout', { token, body: { everywhere: true } })),
      );
      expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
      expect(responses.filter(({ status }) => status === 401)).toHaveLength(19);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    });
  });

  describe('with a refresh token in the body', () => {
    const logout = (refreshToken: string, everywhere = false): Promise<ApiResponse> =>
      send(app, 'POST', '/auth/logout', { body: { refresh_token: refreshToken, everywhere } });

    it('ends the session when the access token is gone', async () => {
      const { refreshToken, get } = await signedIn(app);
      expect((await logout(refreshToken)).status).toBe(204);
      expect((await get('/auth/me')).status).toBe(401);
      noSession(await logout(refreshToken), 'Bearer realm="iam"');
    });

    it('ends every session, when asked', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      await signIn(app, owner);
      expect((await logout(refreshToken, true)).status).toBe(204);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    });

    it('ends the session also for a tab that lost the race to refresh', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      await refresh(refreshToken);
      expect((await logout(refreshToken)).status).toBe(204);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    });

    it('rejects one that was spent before, or has expired', async () => {
      const { refreshToken, account: owner } = await signedIn(app);
      const { id } = await sessionOf(app, owner.id);
      await refresh(refreshToken);
      await age(app, id, 11);
      noSession(await logout(refreshToken, true), 'Bearer realm="iam"');
      const other = await signIn(app, owner);
      const otherSession = await sessionOf(app, owner.id);
      await age(app, otherSession.id, 15 * 86_400);
      noSession(await logout(other.refreshToken, true), 'Bearer realm="iam"');
      expect(await sessionIds(app, owner.id)).toContain(id);
    });
  });

  describe('with cookies', () => {
    it('ends the session and takes the cookies back', async () => {
      const owner = await account(app);
      const browser = new Browser(app);
      await browser.signIn(owner);
      const response = await browser.send('POST', '/auth/logout');
      expect(response.status).toBe(204);
      clearsCookies(response);
      expect(await sessionIds(app, owner.id)).toEqual([]);
      // What is left says which accounts signed in here before, and is no credential.
      expect(Object.keys(browser.cookiesFor('/'))).toEqual(['device']);
    });

    it('works by GET for a page of the same site, and no other', async () => {
      const owner = await account(app);
      const browser = new Browser(app);
      await browser.signIn(owner);
      for (const headers of ELSEWHERE) {
        expect(errorsOf(await browser.send('GET', '/auth/logout', { headers }))).toEqual([
          '403 forbidden Sec-Fetch-Site',
        ]);
      }
      expect(await sessionIds(app, owner.id)).toHaveLength(1);
      const response = await browser.send('GET', '/auth/logout', { headers: SAME_ORIGIN });
      expect(response.status).toBe(204);
      clearsCookies(response);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    });

    it('of the others ends these, and keeps the cookies', async () => {
      const owner = await account(app);
      const other = await signIn(app, owner);
      const browser = new Browser(app);
      await browser.signIn(owner);
      const response = await browser.send('POST', '/auth/logout', { body: { others: true } });
      expect([response.status, cookiesOf(response)]).toEqual([204, {}]);
      expect((await browser.send('GET', '/auth/me')).status).toBe(200);
      expect((await as(app, other.token).get('/auth/me')).status).toBe(401);
    });

    it('works with the refresh cookie alone, once the access cookie has run out', async () => {
      const owner = await account(app);
      const browser = new Browser(app);
      await browser.signIn(owner);
      const cookie = cookieHeader({ 'refresh-token': browser.cookie('refresh-token') ?? '' });
      expect((await send(app, 'POST', '/auth/logout', { headers: { cookie } })).status).toBe(204);
      expect(await sessionIds(app, owner.id)).toEqual([]);
    });

    it('takes stale ones back without a complaint, and ends nothing', async () => {
      const owner = await account(app);
      const [browser, other] = [new Browser(app), new Browser(app)];
      await browser.signIn(owner);
      await other.signIn(owner);
      const stale = browser.cookiesFor('/auth');
      await browser.send('POST', '/auth/logout');
      const cookies = [stale, { 'auth-token': 'rubbish' }, { 'refresh-token': 'rubbish' }];
      for (const cookie of cookies.map(cookieHeader)) {
        const response = await send(app, 'POST', '/auth/logout', { headers: { cookie }, body: { everywhere: true } });
        expect(response.status).toBe(204);
        clearsCookies(response);
      }
      expect((await other.send('GET', '/auth/me')).status).toBe(200);
    });
  });

  it.each<[string, unknown, string[]]>([
    ['everywhere that is no boolean', { everywhere: 'yes' }, ['422 validation_failed /everywhere']],
    ['a token that is no text', { refresh_token: 1 }, ['422 validation_failed /refresh_token']],
    ['a strange member', { session_id: 'x' }, ['422 validation_failed /session_id']],
    ['no object', [true], ['400 malformed_body ']],
  ])('rejects %s', async (_, body, expected) => {
    const { post, get } = await signedIn(app);
    expect(errorsOf(await post('/auth/logout', body))).toEqual(expected);
    expect((await get('/auth/me')).status).toBe(200);
  });

  it('rejects a request that names no session', async () => {
    noSession(await send(app, 'POST', '/auth/logout'), 'Bearer realm="iam"');
  });
});
