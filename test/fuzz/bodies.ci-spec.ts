import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { json, mutation, PROTOTYPE_NAMES, text } from './arbitraries.js';
import { cases, expectProper, fuzz, LONG_LIVED, timeoutMs, tally, Wire, type RawRequest } from './fuzz.js';

const CASES = 2500;
const MEDIA_TYPES = ['application/vnd.api+json', 'application/json'];

/** Attributes of resources and members of flat bodies, including those that no actor may set. */
const NAMES = [
  'name',
  'email',
  'enabled',
  'role_name',
  'role_scope',
  'picture_url',
  'joined_at',
  'created_at',
  'id',
  'version',
  'hashed_password',
  'email_key',
  'password',
  'token',
  'current_password',
  'new_password',
  'refresh_token',
  'cookie',
  'everywhere',
  ...PROTOTYPE_NAMES,
];

describe('Bodies of every sort', () => {
  let app: TestApp;
  let wire: Wire;
  let tokens: string[];
  let people: string[];
  let organizations: string[];

  beforeAll(async () => {
    app = await startApp({ env: LONG_LIVED });
    wire = new Wire(app);
    organizations = [await organization(app), await organization(app)];
    people = [];
    for (let n = 0; n < 10; n++) people.push((await account(app, { org: organizations.slice(n % 2) })).id);
    const owner = await signedIn(app, { role: 'org_owner', org: organizations });
    const user = await signedIn(app, { org: organizations });
    const { token } = await admin(app);
    tokens = [token, token, token, owner.token, user.token, ''];
  });
  afterAll(() => {
    wire.close();
    return app.stop();
  });

  /** Where bodies go, and one that is right there. */
  const operations = (): fc.Arbitrary<readonly [method: string, path: string, body: object]> => {
    const id = fc.constantFrom(...people);
    const org = fc.constantFrom(...organizations);
    const fresh = fc.constant(null).map(() => `${uuidv7()}@example.com`);
    const document = (type: string, attributes: object, of?: string) => ({
      data: { type, ...(of && { id: of }), attributes },
    });
    return fc.oneof(
      fc.tuple(fresh, org).map(([email, one]) => {
        const attributes = { name: 'Somebody', email, role_scope: { org: [one] } };
        return ['POST', '/accounts', document('iam:accounts', attributes)] as const;
      }),
      id.map((of) => {
        const attributes = { name: 'Somebody else', picture_url: null, enabled: true };
        return ['PATCH', `/accounts/${of}`, document('iam:accounts', attributes, of)] as const;
      }),
      fc.constant(['POST', '/organizations', document('iam:organizations', { name: 'Acme' })] as const),
      org.map((of) => ['PATCH', `/organizations/${of}`, document('iam:organizations', { name: 'Acme' }, of)] as const),
      fc.constantFrom(
        ['PATCH', '/accounts/unknown-token/join', { password: 'Correct-horse-8', name: 'Me' }] as const,
        ['POST', '/account/passwords/request_reset', { email: 'nobody@example.com' }] as const,
        ['POST', '/account/passwords/reset', { token: 'unknown', password: 'Correct-horse-8' }] as const,
        ['POST', '/account/passwords/change', { current_password: 'wrong', new_password: 'Correct-horse-8' }] as const,
        ['POST', '/auth/login', { email: 'nobody@example.com', password: 'wrong', cookie: false }] as const,
        ['POST', '/auth/refresh', { refresh_token: 'unknown' }] as const,
      ),
    );
  };

  /** Makes something wrong, or odd, somewhere in a body. */
  function spoil(): fc.Arbitrary<(body: object) => string> {
    const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: text() });
    const any = fc.oneof(
      json(),
      text().map((plain) => JSON.stringify(plain)),
    );
    // Put in as text, so that names such as __proto__ stand there as a client may send them.
    const added = fc.tuple(name, any).map(([key, value]) => (body: object) => {
      const right = JSON.stringify(body);
      const inside = right.includes('"attributes":{') ? '"attributes":{' : '{';
      return right.replace(inside, () => `${inside}${JSON.stringify(key)}:${value},`);
    });
    const scope = fc
      .tuple(fc.constantFrom('org', 'region', ...PROTOTYPE_NAMES), any)
      .map(([key, value]) => (body: object) => {
        const without = JSON.stringify(body).replace(/,?"role_scope":\{[^}]*\}/, '');
        return without.replace('"attributes":{', () => `"attributes":{"role_scope":{"${key}":${value}},`);
      });
    const members = ['data', 'type', 'id', 'attributes', 'relationships', 'links', 'meta', ...NAMES];
    const replaced = fc.tuple(fc.constantFrom(...members), any).map(
      ([key, value]) =>
        (body: object) =>
          JSON.stringify(body, (at, kept) => (at === key ? '@@' : kept)).replace('"@@"', () => value),
    );
    const related = fc.tuple(fc.constantFrom('organizations', 'accounts', ...PROTOTYPE_NAMES), any).map(
      ([key, data]) =>
        (body: object) =>
          JSON.stringify(body).replace(
            '"attributes"',
            () => `"relationships":{"${key}":{"data":${data}}},"attributes"`,
          ),
    );
    return fc.oneof(
      { weight: 1, arbitrary: fc.constant((body: object) => JSON.stringify(body)) },
      { weight: 5, arbitrary: added },
      { weight: 5, arbitrary: replaced },
      { weight: 1, arbitrary: related },
      { weight: 1, arbitrary: scope },
      { weight: 1, arbitrary: mutation().map((mutate) => (body: object) => mutate(JSON.stringify(body))) },
      { weight: 2, arbitrary: fc.oneof(any, text()).map((whole) => () => whole) },
    );
  }

  it(
    `never fail and are always rejected with a reason, in ${cases(CASES)} cases`,
    async () => {
      const asked = fc
        .record({
          operation: operations(),
          spoilt: spoil(),
          token: fc.constantFrom(...tokens),
          type: fc.constantFrom(...MEDIA_TYPES),
        })
        .map(({ operation: [method, path, body], spoilt, ...rest }) => ({ method, path, body: spoilt(body), ...rest }));
      const responses = tally();
      await fuzz(CASES, asked, async ({ method, path, token, type, body }) => {
        const headers = { 'content-type': type, ...(token && { authorization: `Bearer ${token}` }) };
        const response = await wire.send({ method, path, headers, body });
        responses.count(response);
        expectProper(response);
      });
      responses.print('Bodies');
      expect(responses.of(200)).toBeGreaterThan(cases(CASES) / 20);
    },
    timeoutMs(CASES),
  );

  it('leave all accounts unchanged, and change no prototype', async () => {
    const request: RawRequest = { method: 'GET', path: '/auth/me' };
    for (const token of tokens.filter((one) => one !== '')) {
      const response = await wire.send({ ...request, headers: { authorization: `Bearer ${token}` } });
      expect(response.status).toBe(200);
    }
    const clean: Record<string, unknown> = {};
    for (const name of [...NAMES, 'org', 'nope'].filter((one) => !PROTOTYPE_NAMES.includes(one))) {
      expect([name, clean[name]]).toEqual([name, undefined]);
    }
  });
});
