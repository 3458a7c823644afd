import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, send, type ApiResponse } from '../support/client.js';
import { APP_URL } from '../support/environment.js';
import { account, admin, signedIn, type TestAccount } from '../support/factories.js';
import { Browser, cookieHeader, cookiesOf } from './browser.js';

const ALLOWED = 'https://shop.example.org';
const FOREIGN = 'https://evil.example.net';

/** Where a page may be from, as its browser says: the headers, and whether it may act with cookies. */
const PAGES: [string, Record<string, string>, boolean][] = [
  ['its own page', { origin: APP_URL, 'sec-fetch-site': 'same-site' }, true],
  ['an allow-listed page', { origin: ALLOWED, 'sec-fetch-site': 'cross-site' }, true],
  ['no browser at all', {}, true],
  ['a browser that hides the origin, on its own page', { 'sec-fetch-site': 'same-origin' }, true],
  ['a browser that hides the origin, on a sister page', { 'sec-fetch-site': 'same-site' }, true],
  ['the address bar', { 'sec-fetch-site': 'none' }, true],
  ['a browser that hides the origin, on a foreign page', { 'sec-fetch-site': 'cross-site' }, false],
  ['a foreign page', { origin: FOREIGN, 'sec-fetch-site': 'cross-site' }, false],
  ['a foreign page in an old browser', { origin: FOREIGN }, false],
  ['a foreign page that claims to be near', { origin: FOREIGN, 'sec-fetch-site': 'same-origin' }, false],
  ['a page in a sandbox', { origin: 'null', 'sec-fetch-site': 'cross-site' }, false],
  ['the same host in clear', { origin: APP_URL.replace('https', 'http') }, false],
  ['a host that begins alike', { origin: `${APP_URL}.evil.net` }, false],
  ['a host that ends alike', { origin: 'https://evilapp.example.com' }, false],
  ['another port of an allowed host', { origin: `${ALLOWED}:8443` }, false],
];

describe('A browser', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { CORS_ORIGINS: `${ALLOWED}, https://second.example.org` } });
  });
  afterAll(() => app.stop());

  const signedInBrowser = async (): Promise<{ browser: Browser; owner: TestAccount }> => {
    const owner = await account(app);
    const browser = new Browser(app);
    await browser.signIn(owner);
    return { browser, owner };
  };

  describe.each(PAGES)('with cookies, from %s', (_, headers, allowed) => {
    it(`${allowed ? 'may' : 'may not'} change something`, async () => {
      const { browser, owner } = await signedInBrowser();
      const change = document('iam:accounts', { name: 'New name' }, owner.id);
      const unsafe: [string, string, unknown][] = [
        ['PATCH', `/accounts/${owner.id}`, change],
        ['POST', '/account/passwords/change', { current_password: 'x', new_password: 'x' }],
        ['POST', '/auth/refresh', undefined],
        ['DELETE', '/account_sessions/0197a1f0-0000-7000-8000-000000000001', undefined],
        ['POST', '/auth/logout', undefined],
      ];
      const expected = allowed ? [200, 422, 200, 404, 204] : [403, 403, 403, 403, 403];
      const responses: ApiResponse[] = [];
      for (const [method, path, body] of unsafe) responses.push(await browser.send(method, path, { body, headers }));
      expect(responses.map(({ status }) => status)).toEqual(expected);
      if (!allowed) for (const response of responses) expect(errorsOf(response)).toEqual(['403 forbidden Origin']);
    });

    it('may read', async () => {
      const { browser } = await signedInBrowser();
      expect((await browser.send('GET', '/auth/me', { headers })).status).toBe(200);
      expect((await browser.send('GET', '/accounts', { headers })).status).toBe(200);
    });

    it('may change something with a bearer token, which no page can steal from a browser', async () => {
      const { browser } = await signedInBrowser();
      const { token, account: owner } = await signedIn(app);
      const change = document('iam:accounts', { name: 'New name' }, owner.id);
      const response = await browser.send('PATCH', `/accounts/${owner.id}`, { token, body: change, headers });
      expect(response.status).toBe(200);
    });

    it(`${allowed ? 'may' : 'may not'} sign out or in with the cookies of a signed-in user`, async () => {
      const { browser, owner } = await signedInBrowser();
      const body = { email: owner.email, password: owner.password, cookie: true };
      expect((await browser.send('POST', '/auth/login', { body, headers })).status).toBe(allowed ? 200 : 403);
    });
  });

  it('is taken for its own page when the page was served by the very host that it calls', async () => {
    const { browser, owner } = await signedInBrowser();
    const change = document('iam:accounts', { name: 'New name' }, owner.id);
    const request = (origin: string) =>
      browser.send('PATCH', `/accounts/${owner.id}`, { body: change, headers: { origin } });
    expect((await request(app.url)).status).toBe(200);
    expect((await request('http://127.0.0.1:1')).status).toBe(403);
  });

  it('is rejected before its token is verified, so that the response reveals nothing to another site', async () => {
    const headers = { origin: FOREIGN, cookie: cookieHeader({ 'auth-token': 'stale' }) };
    expect((await send(app, 'POST', '/accounts', { body: {}, headers })).status).toBe(403);
  });

  it('keeps a session in cookies that a foreign page cannot refresh or end by GET', async () => {
    const { browser } = await signedInBrowser();
    for (const path of ['/auth/refresh', '/auth/logout']) {
      const response = await browser.send('GET', path, { headers: { 'sec-fetch-site': 'cross-site' } });
      expect([response.status, cookiesOf(response)]).toEqual([403, {}]);
    }
    expect((await browser.send('GET', '/auth/me')).status).toBe(200);
  });

  describe('on a page of another origin', () => {
    const preflight = (
      at: TestApp,
      origin: string,
      asked = 'authorization,content-type,if-match',
    ): Promise<ApiResponse> =>
      send(at, 'OPTIONS', '/accounts', {
        headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': asked },
      });

    it('gets the same answer to a preflight request, however many headers that asks for', async () => {
      const sizes = ['if-match', Array.from({ length: 1500 }, (_, n) => `x-${n}`).join(',')].map(async (asked) => {
        const { status, headers } = await preflight(app, ALLOWED, asked);
        return [status, [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary')];
      });
      const [few, many] = await Promise.all(sizes);
      expect(many).toEqual(few);
    });

    it('is allowed by CORS_ORIGINS, with credentials and with the headers that a client needs', async () => {
      for (const origin of [ALLOWED, 'https://second.example.org']) {
        const asked = await preflight(app, origin);
        expect(asked.status).toBe(204);
        expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
        expect(asked.headers.get('access-control-allow-credentials')).toBe('true');
        expect(asked.headers.get('access-control-allow-headers')?.split(', ')).toEqual([
          ...['Accept', 'Accept-Language', 'Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match'],
          ...['If-None-Match', 'Prefer', 'Traceparent', 'Tracestate', 'X-Request-Id'],
        ]);
        const methods = asked.headers.get('access-control-allow-methods')?.split(/, ?/) ?? [];
        expect(methods).toEqual(expect.arrayContaining(['GET', 'POST', 'PATCH', 'DELETE']));
        expect(asked.headers.get('vary')).toMatch(/\bOrigin\b/i);
        const { get } = await admin(app);
        const response = await get('/accounts', { origin });
        expect(response.headers.get('access-control-allow-origin')).toBe(origin);
        const exposed = response.headers.get('access-control-expose-headers')?.split(/, ?/).sort();
        expect(exposed).toEqual([
          'ETag',
          'Location',
          'RateLimit-Limit',
          'RateLimit-Remaining',
          'RateLimit-Reset',
          'Retry-After',
          'X-Request-Id',
        ]);
        expect(response.headers.get('vary')).toMatch(/\bOrigin\b/i);
      }
    });

    it('may read errors too', async () => {
      const response = await send(app, 'GET', '/auth/me', { headers: { origin: ALLOWED } });
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, ALLOWED]);
    });

    it.each([FOREIGN, 'null', `${ALLOWED}.evil.net`, APP_URL])('is not allowed from %s', async (origin) => {
      expect((await preflight(app, origin)).headers.get('access-control-allow-origin')).toBeNull();
      const { get } = await admin(app);
      expect((await get('/accounts', { origin })).headers.get('access-control-allow-origin')).toBeNull();
    });

    it('is not allowed from anywhere by default', async () => {
      const closed = await startApp({ beside: app });
      try {
        for (const origin of [ALLOWED, FOREIGN, 'null', closed.url]) {
          const asked = await preflight(closed, origin);
          const response = await send(closed, 'GET', '/auth/me', { headers: { origin } });
          for (const { headers } of [asked, response]) {
            expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
          }
        }
      } finally {
        await closed.stop();
      }
    });
  });

  it('gets security headers with every response', async () => {
    for (const path of ['/auth/me', '/accounts', '/nowhere', '/.well-known/jwks.json', '/health/live']) {
      const { headers } = await send(app, 'GET', path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('strict-transport-security')).toMatch(/max-age=\d{7,}/);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
  });

  it('may run the scripts of the documentation, and of no other site, on its page', async () => {
    const { headers } = await fetch(`${app.url}/docs`);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; /);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('Behind a path prefix', () => {
  const PREFIX = '/api/v1/iam';
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { API_PREFIX: 'api/v1/iam' } });
  });
  afterAll(() => app.stop());

  const login = async () => {
    const { email, password, id } = await account(app);
    const response = await send(app, 'POST', `${PREFIX}/auth/login`, { body: { email, password, cookie: true } });
    return { id, response, cookies: cookiesOf(response) };
  };

  it('the refresh cookie is for the prefixed path, and links carry the prefix', async () => {
    const { id, response, cookies } = await login();
    expect(response.status).toBe(200);
    expect(response.body.data.links.self).toBe(`${PREFIX}/auth/me`);
    expect(cookies['auth-token']?.attributes['path']).toBe('/');
    expect(cookies['refresh-token']?.attributes['path']).toBe(`${PREFIX}/auth`);
    expect(cookies['device']?.attributes['path']).toBe('/');
    const token = cookies['auth-token']?.value ?? '';
    const { body } = await send(app, 'GET', `${PREFIX}/accounts`, { token });
    expect(body.links.self).toMatch(new RegExp(`^${PREFIX}/accounts\\?`));
    expect(body.data[0].links.self).toBe(`${PREFIX}/accounts/${id}`);
    const sessions = await send(app, 'GET', `${PREFIX}/account_sessions`, { token });
    expect(sessions.body.data[0].relationships.account.links.related).toBe(`${PREFIX}/accounts/${id}`);
  });

  it('the cookies are taken back for the prefixed path', async () => {
    const { cookies } = await login();
    const cookie = cookieHeader({ 'auth-token': cookies['auth-token']?.value ?? '' });
    const response = await send(app, 'POST', `${PREFIX}/auth/logout`, { headers: { cookie } });
    expect(cookiesOf(response)['refresh-token']?.attributes).toMatchObject({ path: `${PREFIX}/auth`, 'max-age': '0' });
  });

  it('operations are found there only, and what is no operation is not', async () => {
    for (const path of ['/auth/me', '/accounts', '/account/passwords/token_valid?token=x']) {
      expect((await send(app, 'GET', path)).status).toBe(404);
    }
    expect((await send(app, 'GET', `${PREFIX}/auth/me`)).status).toBe(401);
    expect((await send(app, 'HEAD', `${PREFIX}/auth/me`)).status).toBe(405);
    for (const path of ['/.well-known/jwks.json', '/health/live', '/health/ready', '/openapi.json']) {
      expect([path, (await send(app, 'GET', path)).status]).toEqual([path, 200]);
      expect([path, (await send(app, 'GET', PREFIX + path)).status]).toEqual([path, 404]);
    }
  });
});
