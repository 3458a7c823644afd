import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin } from '../support/factories.js';
import { encoded, text } from './arbitraries.js';
import { cases, expectProper, fuzz, LONG_LIVED, timeoutMs, tally, Wire } from './fuzz.js';

const CASES = 2000;

const METHODS = [
  ...Array<string>(8).fill('GET'),
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'SEARCH',
];

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  accept: [
    '*/*',
    'application/vnd.api+json',
    'application/vnd.api+json; ext="x"',
    'text/html;q=0.9, */*;q=0',
    ',,;',
    '"',
  ],
  'content-type': [
    'application/vnd.api+json',
    'application/vnd.api+json; charset=utf-8',
    'application/vnd.api+json; profile="x y"',
    'application/json; charset=latin1',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    ';',
  ],
  authorization: [
    'Bearer',
    'Bearer ',
    'Bearer a.b.c',
    'bearer x',
    'Basic cm9vdDpyb290',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ],
  cookie: [
    'auth-token=a.b.c',
    'auth-token=',
    'refresh-token=x; auth-token=y',
    '=',
    ';;',
    'auth-token="',
    '__proto__=1',
  ],
  'if-match': ['*', '"1"', 'W/"1"', '"1-x", "2"', '1', '""', ','],
  'if-none-match': ['*', '"1"', 'W/"1-x"', ','],
  'idempotency-key': ['x', '', 'é', 'x'.repeat(256), 'a b'],
  prefer: ['return=representation', 'return=minimal', ';'],
  origin: ['https://evil.example', 'null', 'x'],
  'sec-fetch-site': ['cross-site', 'same-origin', 'x'],
  'x-request-id': ['mine', 'a b', '', 'x'.repeat(200), '../x'],
  'x-forwarded-for': ['1.2.3.4', 'x', '1.2.3.4, ::1', '[::1', ','],
  host: ['evil.example', 'evil.example:99999', 'a b'],
  'accept-language': ['de', '*', ';q'],
};

describe('Requests of every sort', () => {
  let app: TestApp;
  let wire: Wire;
  let token: string;
  let id: string;

  beforeAll(async () => {
    app = await startApp({ env: LONG_LIVED });
    wire = new Wire(app);
    ({ token } = await admin(app));
    ({ id } = await account(app));
  });
  afterAll(() => {
    wire.close();
    return app.stop();
  });

  /** Addresses that exist, nearly exist, or do not. */
  const paths = (): fc.Arbitrary<string> => {
    const odd = encoded(text()).map((segment) => segment.slice(0, 2000));
    const known = [
      '/accounts',
      `/accounts/${id}`,
      `/accounts/${id}/resend_invitation`,
      '/accounts/unknown/join',
      '/account_sessions',
      `/account_sessions/${id}`,
      '/organizations',
      `/organizations/${id}`,
      '/audit_events',
      '/auth/login',
      '/auth/refresh',
      '/auth/logout',
      '/auth/me',
      '/account/passwords/token_valid?token=x',
      '/account/passwords/change',
      '/.well-known/jwks.json',
      '/health/live',
    ];
    return fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...known) },
      { weight: 2, arbitrary: odd.map((segment) => `/accounts/${segment}`) },
      { weight: 1, arbitrary: odd.map((segment) => `/organizations/${segment}/x`) },
      { weight: 1, arbitrary: odd.map((segment) => `/accounts/${segment}/join`) },
      { weight: 1, arbitrary: odd.map((segment) => `/${segment}`) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '/',
          '//',
          '//accounts',
          '/accounts/',
          '/ACCOUNTS',
          '/accounts/..',
          '/./accounts',
          '/%',
          '/accounts/%',
          '/accounts%00',
          '/accounts;x',
          '/accounts?',
          '/accounts??',
          '/docs/../accounts',
          '*',
        ),
      },
    );
  };

  /** Header values: those above, and any that HTTP has a place for. */
  const headers = (): fc.Arbitrary<Record<string, string>> => {
    const any = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
      maxLength: 30,
    });
    const one = fc
      .constantFrom(...Object.keys(HEADERS))
      .chain((name) =>
        fc.tuple(
          fc.constant(name),
          fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...(HEADERS[name] ?? [])) }, { weight: 1, arbitrary: any }),
        ),
      );
    return fc.array(one, { maxLength: 4 }).map((all) => Object.fromEntries(all));
  };

  it(
    `never fail and are always rejected with a reason, in ${cases(CASES)} cases`,
    async () => {
      const asked = fc.record({
        method: fc.constantFrom(...METHODS),
        path: paths(),
        headers: headers(),
        signedIn: fc.constantFrom(true, true, false),
        body: fc.option(fc.constantFrom('', '{}', '[]', '{"data":{}}', '{'), { nil: undefined }),
      });
      const responses = tally();
      await fuzz(CASES, asked, async ({ method, path, headers: some, signedIn, body }) => {
        // A token that was signed out is not needed again.
        const own: Record<string, string> =
          signedIn && !path.startsWith('/auth') ? { authorization: `Bearer ${token}` } : {};
        const response = await wire.send({
          method,
          path,
          headers: { ...own, ...some },
          ...(body !== undefined && { body }),
        });
        responses.count(response);
        if (method === 'HEAD') return expect([response.status < 500, response.text]).toEqual([true, '']);
        expectProper(response);
      });
      responses.print('Requests');
    },
    timeoutMs(CASES),
  );
});
