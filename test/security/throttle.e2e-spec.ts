import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CountingConnections } from '../../src/auth/rate-limit/attempts.repository.js';
import { PasswordHasher } from '../../src/passwords/hashing/password.hasher.js';
import { resetToken } from '../passwords/tokens.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, send, type ApiResponse } from '../support/client.js';
import { account, signedIn, signIn } from '../support/factories.js';

const NEW_PASSWORD = 'Another-horse-9';

/** Limits small enough to be reached, and two instances that share them. */
const LIMITS = {
  THROTTLE_DISABLED: 'false',
  THROTTLE_PER_EMAIL_AND_ADDRESS: '5',
  THROTTLE_PER_ADDRESS: '40',
  THROTTLE_PER_EMAIL: '8',
  TRUSTED_PROXIES: '127.0.0.1',
};

let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  app = await startApp({ env: LIMITS });
  other = await startApp({ env: LIMITS, beside: app });
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});
afterEach(() => void jest.restoreAllMocks());

let addresses = 0;
/** The headers of an address of its own, as the proxy in front passes it on. */
const fresh = (): Record<string, string> => {
  addresses += 1;
  return { 'x-forwarded-for': `198.51.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}` };
};

const login = (email: string, password: string, headers = fresh(), at = app): Promise<ApiResponse> =>
  send(at, 'POST', '/auth/login', { body: { email, password }, headers });

const statuses = (responses: readonly ApiResponse[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

const expectRateLimited = (response: ApiResponse): void => {
  expect(errorsOf(response)).toEqual(['429 too_many_requests']);
  const seconds = Number(response.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(900);
};

describe('Lesson 12: guesses', () => {
  it('#12 of one password, 200 at once on two instances: at most 5 are evaluated', async () => {
    const { email } = await account(app);
    const hashers = [app, other].map(({ nest }) => jest.spyOn(nest.get(PasswordHasher, { strict: false }), 'verify'));
    const headers = fresh();
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, n) => login(email, `Wrong-horse-${n}`, headers, n % 2 === 0 ? app : other)),
    );
    const evaluated = hashers.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    expect(evaluated).toBeLessThanOrEqual(5);
    const { 503: unavailable = 0, ...others } = statuses(responses);
    expect(others).toEqual({ 401: evaluated, 429: 200 - evaluated - unavailable });
    responses.filter(({ status }) => status === 429).forEach(expectRateLimited);
  });

  it('#12 of one password come to nothing after five, even with the right one', async () => {
    const { email, password } = await account(app);
    const headers = fresh();
    for (let n = 0; n < 5; n++) expect((await login(email, 'Wrong-horse-7', headers)).status).toBe(401);
    expectRateLimited(await login(email, password, headers));
    expectRateLimited(await login(email.toUpperCase(), password, headers));
    expect((await login(email, password)).status).toBe(200);
  });

  it('#12 are counted for an unknown e-mail in the same way', async () => {
    const headers = fresh();
    const responses = [];
    for (let n = 0; n < 7; n++) responses.push((await login('nobody@example.com', 'Wrong-horse-7', headers)).status);
    expect(responses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('#12 are forgotten after a sign-in that succeeds', async () => {
    const { email, password } = await account(app);
    const headers = fresh();
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 3; n++) await login(email, 'Wrong-horse-7', headers);
      expect((await login(email, password, headers)).status).toBe(200);
    }
  });

  it('#12 of many people from one address are limited too, and an IPv6 address counts by its /64', async () => {
    for (const address of [() => '203.0.113.77', (n: number) => `2001:db8:0:7::${n.toString(16)}`]) {
      const responses = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          login(`nobody-${n}@example.com`, 'Wrong-horse-7', { 'x-forwarded-for': address(n + 1) }),
        ),
      );
      expect(statuses(responses)).toEqual({ 401: 40, 429: 20 });
    }
  });

  it('#12 are rejected before the body is read, whatever it contains', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.78', 'content-type': 'application/json' };
    const unreadable = () => fetch(`${app.url}/auth/login`, { method: 'POST', headers, body: '{' });
    const responses = [];
    for (let n = 0; n < 41; n++) responses.push((await unreadable()).status);
    expect(responses).toEqual([...Array(40).fill(400), 429]);
    const huge = await fetch(`${app.url}/auth/login`, { method: 'POST', headers, body: 'x'.repeat(2 ** 21) });
    expect(huge.status).toBe(429);
  });

  it('#12 of one person from many addresses are limited too; but not the device that signed in there before', async () => {
    const { email, password } = await account(app);
    const { device } = cookiesOf(await login(email, password));
    const responses = await Promise.all(Array.from({ length: 20 }, () => login(email, 'Wrong-horse-7')));
    expect(statuses(responses)[429]).toBeGreaterThanOrEqual(12);
    expectRateLimited(await login(email, password));
    const known = { ...fresh(), cookie: cookieHeader({ device: device?.value ?? '' }) };
    expect((await login(email, password, known)).status).toBe(200);
    const others = cookieHeader({
      device: (device?.value ?? '').replace(/.(?=.{9}$)/, (one) => (one === 'A' ? 'B' : 'A')),
    });
    expectRateLimited(await login(email, password, { ...fresh(), cookie: others }));
  });

  it('#12 of a known device are counted as well', async () => {
    const { email, password } = await account(app);
    const cookie = cookieHeader({ device: cookiesOf(await login(email, password))['device']?.value ?? '' });
    const responses = await Promise.all(
      Array.from({ length: 30 }, () => login(email, 'Wrong-horse-7', { ...fresh(), cookie })),
    );
    // On a busy machine a request may be 503, which is not counted.
    const { 401: failed = 0, 503: unavailable = 0, ...others } = statuses(responses);
    expect(failed).toBeLessThanOrEqual(8);
    expect(others).toEqual({ 429: 30 - failed - unavailable });
  });

  it('#12 of ten devices of one person share one budget', async () => {
    const { email, password } = await account(app);
    const cookies: string[] = [];
    for (let n = 0; n < 10; n++) {
      const { device } = cookiesOf(await login(email, password, { ...fresh(), cookie: cookies[0] ?? '' }));
      cookies.push(cookieHeader({ device: device?.value ?? '' }));
    }
    const responses = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        login(email, 'Wrong-horse-7', { ...fresh(), cookie: cookies[n % cookies.length] ?? '' }),
      ),
    );
    expect(responses.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(8);
    expect(statuses(responses)[429]).toBeGreaterThanOrEqual(22);
  });

  it('#12 of a device that signed in with an earlier password are a stranger’s', async () => {
    const { id, email, password } = await account(app);
    const before = cookieHeader({ device: cookiesOf(await login(email, password))['device']?.value ?? '' });
    const reset = { token: await resetToken(app, id), password: NEW_PASSWORD };
    expect((await as(app).post('/account/passwords/reset', reset, fresh())).status).toBe(204);
    const after = cookieHeader({ device: cookiesOf(await login(email, NEW_PASSWORD))['device']?.value ?? '' });
    const responses = await Promise.all(Array.from({ length: 20 }, () => login(email, 'Wrong-horse-7')));
    expect(statuses(responses)[429]).toBeGreaterThanOrEqual(12);
    expectRateLimited(await login(email, NEW_PASSWORD, { ...fresh(), cookie: before }));
    expect((await login(email, NEW_PASSWORD, { ...fresh(), cookie: after })).status).toBe(200);
  });

  it.each<[string, (n: number) => [method: string, path: string, body?: unknown]]>([
    ['reset', (n) => ['POST', '/account/passwords/reset', { token: `guess-${n}`, password: NEW_PASSWORD }]],
    ['join', (n) => ['PATCH', `/accounts/guess-${n}/join`, { password: NEW_PASSWORD }]],
    ['token_valid', (n) => ['GET', `/account/passwords/token_valid?token=guess-${n}`]],
    ['invitation', (n) => ['GET', `/accounts/guess-${n}/invitation`]],
    ['confirm', (n) => ['POST', '/account/email/confirm', { token: `guess-${n}` }]],
    ['revert', (n) => ['POST', '/account/email/revert', { token: `guess-${n}` }]],
  ])('#12 of a token, 200 at once on two instances at %s: no more are evaluated than the limit', async (_, guess) => {
    const headers = fresh();
    const hash = [app, other].map(({ nest }) => jest.spyOn(nest.get(PasswordHasher, { strict: false }), 'hash'));
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_each, n) => {
        const [method, path, body] = guess(n);
        return send(n % 2 === 0 ? app : other, method, path, { headers, ...(body !== undefined && { body }) });
      }),
    );
    // On a busy machine a request may be 503, before or after being counted.
    const { 429: rejected = 0, 503: unavailable = 0 } = statuses(responses);
    expect(rejected).toBeGreaterThanOrEqual(160 - unavailable);
    expect(rejected).toBeLessThanOrEqual(160);
    responses.filter(({ status }) => status === 429).forEach(expectRateLimited);
    expect(hash.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBe(0);
  });

  it('#12 over the limit, 500 at once, cost no statement and do not wait for others', async () => {
    const headers = fresh();
    const guess = (): Promise<ApiResponse> => login('nobody-at-all@example.com', 'Wrong-horse-7', headers);
    await Promise.all(Array.from({ length: 45 }, guess));
    const sent = jest.spyOn(app.nest.get(CountingConnections, { strict: false }), 'query');
    const responses = await Promise.all(Array.from({ length: 500 }, guess));
    expect(statuses(responses)).toEqual({ 429: 500 });
    // One is asked for again every ten seconds, should the machine be that slow.
    expect(sent.mock.calls.length).toBeLessThan(20);
  });

  it('#12 are reported in every response, with how many are left', async () => {
    const { email, password } = await account(app);
    const headers = fresh();
    const left = ({ headers: got }: ApiResponse): (string | null)[] =>
      ['ratelimit-limit', 'ratelimit-remaining'].map((name) => got.get(name));
    expect(left(await login(email, 'Wrong-horse-7', headers))).toEqual(['5', '4']);
    expect(left(await login(email, password, headers))).toEqual(['5', '3']);
    for (let n = 0; n < 5; n++) await login(email, 'Wrong-horse-7', headers);
    const rejected = await login(email, 'Wrong-horse-7', headers);
    expect(left(rejected)).toEqual(['5', '0']);
    expect(rejected.headers.get('ratelimit-reset')).toBe(rejected.headers.get('retry-after'));
    const token = await send(app, 'GET', '/account/passwords/token_valid?token=x', { headers: fresh() });
    expect(left(token)).toEqual(['40', '39']);
    expect((await send(app, 'GET', '/health/live')).headers.has('ratelimit-limit')).toBe(false);
  });

  it('#12 of many /64 from one /48 of IPv6 are limited too', async () => {
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        send(app, 'GET', `/account/passwords/token_valid?token=${n}`, {
          headers: { 'x-forwarded-for': `2001:db8:9:${n.toString(16)}::1` },
        }),
      ),
    );
    expect(statuses(responses)).toEqual({ 200: 160, 429: 40 });
  });

  it('#12 of a token do not stop others, who hold one', async () => {
    const { id } = await account(app);
    const token = await resetToken(app, id);
    const response = await send(app, 'POST', '/account/passwords/reset', {
      body: { token, password: NEW_PASSWORD },
      headers: fresh(),
    });
    expect(response.status).toBe(204);
  });

  it('#12 of the current password are limited, also with a stolen session', async () => {
    const owner = await account(app);
    const { token } = await signIn(app, owner);
    const headers = fresh();
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        as(app, token).post(
          '/account/passwords/change',
          { current_password: `Wrong-${n}`, new_password: NEW_PASSWORD },
          headers,
        ),
      ),
    );
    expect(statuses(responses)).toEqual({ 422: 5, 429: 15 });
  });

  it('#12 cannot fill a mailbox: resets are limited by e-mail and address', async () => {
    const { email } = await account(app);
    const headers = fresh();
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        send(app, 'POST', '/account/passwords/request_reset', { body: { email }, headers }),
      ),
    );
    expect(statuses(responses)).toEqual({ 204: 5, 429: 15 });
  });
});

describe('Lesson 13: X-Forwarded-For', () => {
  /** Believes no proxy, and one that does. What counts here is the e-mail and address. */
  let direct: TestApp;
  let trusting: TestApp;

  beforeAll(async () => {
    const env = { ...LIMITS, THROTTLE_PER_ADDRESS: '1000' };
    direct = await startApp({ beside: app, env: { ...env, TRUSTED_PROXIES: '' } });
    trusting = await startApp({ beside: app, env });
  });
  afterAll(async () => {
    await direct.stop();
    await trusting.stop();
  });

  let people = 0;
  /** Each test guesses at an account of its own. */
  let email: string;
  beforeEach(() => {
    email = `somebody-${++people}@example.com`;
  });

  /** Sign-ins with headers that may be there several times; fetch would join them. */
  const raw = async (at: TestApp, headers: Record<string, string | string[]>): Promise<number | undefined> => {
    const body = JSON.stringify({ email, password: 'Wrong-horse-7' });
    return new Promise((resolve, reject) => {
      const sent = request(
        `${at.url}/auth/login`,
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        (response) => void text(response).then(() => resolve(response.statusCode), reject),
      );
      sent.on('error', reject);
      sent.end(body);
    });
  };

  it('#13 does not lift a limit when no proxy is trusted, however many addresses it names', async () => {
    const responses: (number | undefined)[] = [];
    for (let n = 0; n < 8; n++) {
      responses.push(
        await raw(direct, {
          'x-forwarded-for': [`203.0.113.${n}`, `198.51.100.${n}`],
          forwarded: `for=203.0.113.${n}`,
        }),
      );
    }
    expect(responses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  });

  it.each([
    ['malformed', (n: number) => `garbage-${n}`],
    ['empty', () => ''],
    ['a list of nothing', (n: number) => ','.repeat(n + 1)],
    ['an address with rubbish behind', (n: number) => `203.0.113.${n} (evil)`],
    ['a header in the header', (n: number) => [`203.0.113.${n}`, `x${n}`]],
    ['a very long list', (n: number) => Array<string>(400).fill(`x${n}`).join(',')],
  ])(
    '#13 that is %s counts as the trusted proxy itself: the limit applies to all its clients, never to none',
    async (_, value) => {
      const responses: (number | undefined)[] = [];
      for (let n = 0; n < 8; n++) responses.push(await raw(trusting, { 'x-forwarded-for': value(n) }));
      expect(responses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    },
  );

  it('#13 cannot be lengthened by the client: what the trusted proxy appended counts', async () => {
    const responses: (number | undefined)[] = [];
    for (let n = 0; n < 7; n++) {
      responses.push(await raw(trusting, { 'x-forwarded-for': [`203.0.113.${n}`, '198.51.100.99'] }));
    }
    expect(responses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('#13 is not what a session stores, unless the peer is trusted', async () => {
    const stored = async (at: TestApp, forwarded: string): Promise<string> => {
      const { email, password } = await account(app);
      const response = await login(email, password, { 'x-forwarded-for': forwarded }, at);
      const [row] = await app.sql<{ ip: string }>('SELECT ip FROM account_sessions WHERE account_id = $1', [
        response.body.data.id,
      ]);
      return row?.ip ?? '';
    };
    expect(await stored(direct, '203.0.113.9')).toBe('127.0.0.1');
    expect(await stored(trusting, 'garbage')).toBe('127.0.0.1');
    expect(await stored(trusting, '203.0.113.9')).toBe('203.0.113.9');
  });

  it('#13 and its likes open nothing by themselves', async () => {
    const { token } = await signedIn(trusting);
    for (const name of ['x-forwarded-for', 'x-real-ip', 'x-forwarded-user', 'x-remote-user', 'x-authenticated-user']) {
      expect((await send(app, 'GET', '/auth/me', { headers: { [name]: '127.0.0.1' } })).status).toBe(401);
      expect((await send(app, 'GET', '/auth/me', { token, headers: { [name]: 'garbage' } })).status).toBe(200);
    }
  });
});
