import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/json-api/limits.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin } from '../support/factories.js';
import { document, send, type ApiResponse } from '../support/client.js';

/** So many members fit into a body beside what surrounds them. */
const MANY = LIMITS.bodyValues - 20;

/** An object with so many different members. */
const members = (count: number, value: unknown = 1): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, value]));

/** A query of this form, repeated with other names up to what a request line may hold. */
const query = (parameter: (n: number) => string): string => {
  const all: string[] = [];
  for (let n = 0, length = 0; length < 12_000; n++) {
    all.push(parameter(n));
    length += parameter(n).replaceAll(/[[\]]/g, '...').length + 1;
  }
  return all.join('&');
};

describe('An answer, whatever a request gets wrong', () => {
  let app: TestApp;
  let token: string;
  let id: string;

  beforeAll(async () => {
    app = await startApp();
    ({ token } = await admin(app));
    ({ id } = await account(app));
  });
  afterAll(() => app.stop());

  const LARGE = members(MANY);
  const accountWith = (attributes: Record<string, unknown>) =>
    document('iam:accounts', { name: 'Ada', email: 'ada.large@example.com', ...attributes });

  const bodies: [string, string, string, () => unknown][] = [
    ...['login', 'refresh', 'logout'].map((name): [string, string, string, () => unknown] => [
      `unknown members for ${name}`,
      'POST',
      `/auth/${name}`,
      () => LARGE,
    ]),
    ...['request_reset', 'reset', 'change'].map((name): [string, string, string, () => unknown] => [
      `unknown members for ${name}`,
      'POST',
      `/account/passwords/${name}`,
      () => LARGE,
    ]),
    ['unknown attributes of a create', 'POST', '/accounts', () => accountWith(LARGE)],
    ['unknown attributes of an update', 'PATCH', '/accounts/ID', () => document('iam:accounts', LARGE)],
    [
      'unknown keys of role_scope',
      'PATCH',
      '/accounts/ID',
      () => document('iam:accounts', { role_scope: members(MANY / 2, []) }),
    ],
    [
      'relationships that are not written',
      'PATCH',
      '/accounts/ID',
      () => ({ data: { type: 'iam:accounts', relationships: members(MANY / 6, { data: { type: 'x', id: '1' } }) } }),
    ],
  ];

  /** Every error but the last one is a different one, and the last one says that there are more. */
  const expectBounded = ({ status, body, text }: ApiResponse): void => {
    const errors: { status: string; detail: string; source?: object }[] = body.errors;
    expect(errors).toHaveLength(LIMITS.errors);
    expect(new Set(errors.map((error) => error.status))).toEqual(new Set([String(status)]));
    expect(errors.at(-1)?.detail).toBe(
      'There are more errors than the 100 that a response contains: correct these first',
    );
    expect(errors.at(-1)?.source).toBeUndefined();
    expect(errors.slice(0, -1).every(({ source }) => source !== undefined)).toBe(true);
    expect(text.length).toBeLessThan(64 * 1024);
  };

  it.each(bodies)('has at most 100 errors: %s', async (_, method, path, body) => {
    expectBounded(await send(app, method, path.replace('ID', id), { token, body: body() }));
  });

  it.each([
    ['parameters of a route without any', '/health/live', (n: number) => `p${n}`],
    ['parameters of a route with one', '/account/passwords/token_valid', (n: number) => `p${n}`],
    ['parameters of a collection', '/accounts', (n: number) => `p${n}`],
    ['parameters of a resource', '/accounts/ID', (n: number) => `p${n}`],
    ['parameters that cannot be read', '/organizations', (n: number) => `p${n}%`],
    ['types of fields', '/accounts', (n: number) => `fields[x${n}]=a`],
    ['names of fields', '/accounts', (n: number) => `fields[iam:accounts][]=x${n}`],
    ['values of a filter', '/accounts', (n: number) => (n < LIMITS.filterValues ? `filter[id][]=${n}` : `p${n}`)],
    ['parts of page', '/accounts', (n: number) => `page[x${n}]`],
  ])('has at most 100 errors: %s', async (_, path, parameter) => {
    const response = await send(app, 'GET', `${path.replace('ID', id)}?${query(parameter)}`, { token });
    expect(response.status).toBe(400);
    expectBounded(response);
  });

  it('has all the errors when they are 100, and then no word of more', async () => {
    const exactly = await send(app, 'POST', '/auth/refresh', { body: members(100) });
    expect(exactly.body.errors.map(({ source }: { source: object }) => source)).toEqual(
      Object.keys(members(100)).map((name) => ({ pointer: `/${name}` })),
    );
    expectBounded(await send(app, 'POST', '/auth/refresh', { body: members(101) }));
  });

  it('says that a value is forbidden before it says what else is wrong, however much that is', async () => {
    const self = await send(app, 'GET', '/auth/me', { token });
    const path = `/accounts/${self.body.data.id}`;
    const response = await send(app, 'PATCH', path, {
      token,
      body: document('iam:accounts', { ...members(MANY), enabled: false }),
    });
    expect(response.status).toBe(403);
    expect(response.body.errors).toHaveLength(1);
  });

  const LONG = 'a"€\\'.repeat(50_000);
  it.each<[string, string, string, unknown]>([
    ['the name of a member', 'POST', '/auth/refresh', { [LONG]: 1 }],
    ['the name of an attribute', 'PATCH', '/accounts/ID', document('iam:accounts', { [LONG]: 1 })],
    ['a key of role_scope', 'PATCH', '/accounts/ID', document('iam:accounts', { role_scope: { [LONG]: [] } })],
    [
      'the name of a relationship',
      'PATCH',
      '/accounts/ID',
      { data: { type: 'iam:accounts', relationships: { [LONG]: { data: { type: 'x', id: '1' } } } } },
    ],
    [
      'the organizations that do not exist',
      'PATCH',
      '/accounts/ID',
      document('iam:accounts', {
        role_scope: {
          org: Array.from({ length: 1000 }, (_, n) => `01a21043-9037-7447-a044-${String(n).padStart(12, '0')}`),
        },
      }),
    ],
    ['a long e-mail', 'POST', '/accounts', document('iam:accounts', { name: 'Ada', email: LONG })],
    ['a long role', 'PATCH', '/accounts/ID', document('iam:accounts', { role_name: LONG })],
    ['a long token', 'POST', '/account/passwords/reset', { token: LONG, password: LONG }],
  ])('repeats little of the request: %s', async (_, method, path, body) => {
    const response = await send(app, method, path.replace('ID', id), { token, body });
    expect(response.status).toBeGreaterThanOrEqual(400);
    for (const { detail, source } of response.body.errors) {
      expect(detail.length).toBeLessThan(400);
      expect(String(Object.values(source ?? {})[0]).length).toBeLessThanOrEqual(LIMITS.sourceCharacters + 1);
    }
    expect(response.text.length).toBeLessThan(4096);
  });

  it.each([
    ['a name', (text: string) => `/accounts?${text}=1`],
    ['a name in brackets', (text: string) => `/accounts?filter[${text}]=1`],
    ['a sort', (text: string) => `/accounts?sort=${text}`],
    ['an include', (text: string) => `/accounts?include=${text}`],
    ['a field', (text: string) => `/accounts?fields[iam:accounts]=${text}`],
    ['a value of a filter', (text: string) => `/accounts?filter[id]=${text}`],
    ['a cursor', (text: string) => `/accounts?page[after]=${text}`],
  ])('repeats little of the query: %s', async (_, path) => {
    const response = await send(app, 'GET', path('%22%5C'.repeat(1500)), { token });
    expect(response.status).toBe(400);
    expect(response.text.length).toBeLessThan(4096);
  });

  it('repeats a query in its links, each character as at most three, and nowhere else', async () => {
    const text = '"'.repeat(4000);
    const empty = await send(app, 'GET', '/accounts?count=true&filter[name__match]=xyz', { token });
    const { status, text: long } = await send(app, 'GET', `/accounts?count=true&filter[name__match]=${text}`, {
      token,
    });
    expect(status).toBe(200);
    // self, first and last; prev and next of a page that has them make five.
    expect((long.length - empty.text.length) / text.length).toBeLessThanOrEqual(9);
  });
});
