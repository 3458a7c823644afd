import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resetToken } from '../passwords/tokens.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids, type ApiClient } from '../support/client.js';
import { account, admin, organization, PASSWORD, signedIn } from '../support/factories.js';
import { pathOf, routesOf } from './routes.js';

const UNKNOWN = '0197a1f0-0000-7000-8000-000000000001';

let app: TestApp;
let root: ApiClient & { id: string };

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
});
afterAll(() => app.stop());

describe('Lesson 7: every route', () => {
  /** All routes that neither return 401 nor lead to the sign-in without credentials. Adding a route here is a decision. */
  const OPEN = [
    'GET /',
    'GET /.well-known/jwks.json',
    'GET /.well-known/oauth-authorization-server',
    'GET /.well-known/oauth-authorization-server*',
    'GET /account/passwords/policy',
    'GET /account/passwords/token_valid',
    'GET /accounts/:id/invitation',
    'GET /auth/logout',
    'GET /auth/providers',
    'GET /auth/refresh',
    'GET /auth/sso/:id',
    'GET /auth/sso/:id/callback',
    'GET /confirm-email',
    'GET /confirm-email/done',
    'GET /confirm-identity',
    'GET /confirm-identity/done',
    'GET /docs',
    'GET /docs*',
    'GET /forgot-password',
    'GET /forgot-password/sent',
    'GET /health/live',
    'GET /health/ready',
    'GET /join',
    'GET /join/done',
    'GET /openapi.json',
    'GET /openapi.yaml',
    'GET /reset-password',
    'GET /reset-password/done',
    'GET /revert-email',
    'GET /revert-email/done',
    'GET /sign-in',
    'GET /sign-in/provider',
    'GET /sign-out',
    'GET /sign-out/done',
    'PATCH /accounts/:id/join',
    'POST /account/email/confirm',
    'POST /account/email/revert',
    'POST /account/passwords/request_reset',
    'POST /account/passwords/reset',
    'POST /auth/confirm-identity',
    'POST /auth/continue',
    'POST /auth/login',
    'POST /auth/mfa',
    'POST /auth/passkey',
    'POST /auth/passkey/options',
    'POST /auth/sign-out',
    'POST /auth/sso/:id/backchannel_logout',
    'POST /auth/sso/exchange',
    'POST /auth/token',
    'POST /confirm-email',
    'POST /forgot-password',
    'POST /join',
    'POST /reset-password',
    'POST /revert-email',
    'POST /sign-in',
    'POST /sign-in/passkey',
    'POST /sign-in/password',
    'POST /sign-in/second-step',
    'POST /sign-out',
  ];
  /** Where pages of one's account lead to without a session; the second renews the cookies first, where it can. */
  const TO_SIGN_IN = /^\/(sign-in|auth\/continue)\?return_to=/;

  const fetchStatus = async (method: string, path: string, headers: Record<string, string>): Promise<number> => {
    const body = ['POST', 'PATCH', 'PUT'].includes(method) ? '{}' : null;
    const type: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' };
    const response = await fetch(app.url + path, {
      method,
      headers: { ...type, ...headers },
      body,
      redirect: 'manual',
    });
    await response.arrayBuffer();
    const leadsToSignIn =
      [303, 307].includes(response.status) && TO_SIGN_IN.test(response.headers.get('location') ?? '');
    return leadsToSignIn ? 401 : response.status;
  };

  it.each<[string, Record<string, string>]>([
    ['no credentials', {}],
    ['a bad token', { authorization: 'Bearer rubbish' }],
    ['another scheme', { authorization: 'Basic cm9vdEBleGFtcGxlLmNvbTp4' }],
    ['a stale cookie', { cookie: 'auth-token=rubbish; refresh-token=rubbish' }],
  ])('#7 answers 401 to %s, unless it is meant to be public', async (_, headers) => {
    const { id } = await account(app);
    const open = new Set<string>();
    for (const route of routesOf(app)) {
      if (route.method === 'OPTIONS') continue;
      const status = await fetchStatus(route.method, pathOf(route, id), headers);
      expect(status).toBeLessThan(500);
      // HEAD is GET without a body.
      if (![401, 405].includes(status)) open.add(`${route.method.replace('HEAD', 'GET')} ${route.pattern}`);
    }
    const expected = 'cookie' in headers ? [...OPEN, 'POST /auth/logout'] : OPEN;
    expect([...open].sort()).toEqual(expected.toSorted());
  });

  it('#7 takes no credentials out of the query or the body', async () => {
    const { token } = await signedIn(app);
    for (const name of ['token', 'access_token', 'auth-token', 'authorization']) {
      expect((await as(app).get(`/accounts?${name}=${token}`)).status).toBe(401);
      expect((await as(app).post('/accounts', { [name]: token })).status).toBe(401);
    }
  });
});

describe('Lesson 8: identity and role', () => {
  /** Everything that a body might try to say about it. */
  const claims = (id: string): Record<string, unknown> => ({
    id,
    account_id: id,
    accountId: id,
    sub: id,
    role: 'admin',
    role_name: 'admin',
    roleName: 'admin',
    role_rights: ['*.*.*'],
    role_scope_extra: { region: ['eu'] },
    enabled: false,
    joined_at: '2020-01-01T00:00:00.000Z',
    email: 'taken-over@example.com',
    email_key: 'taken-over@example.com',
    hashed_password: '$2b$04$abcdefghijklmnopqrstuuNOBODYNOBODYNOBODYNOBODYNOBODYu',
    invitation_token: 'x',
    invitation_expired_at: '2020-01-01T00:00:00.000Z',
    password_reset_token: 'x',
    sso_channel: 'x',
    version: 99,
    created_at: '2020-01-01T00:00:00.000Z',
  });

  /** The accounts as their table has them, but for names and times of the last change. */
  const table = () =>
    app.sql(
      `SELECT to_jsonb(accounts) - ARRAY['name', 'picture_url', 'updated_at', 'version'] AS row, to_jsonb(credentials) AS password
       FROM accounts LEFT JOIN account_credentials credentials ON account_id = id ORDER BY id`,
    );

  it('#8 is never taken from a document: each attribute that a user may not set is rejected, and nothing is written', async () => {
    const { account: self, patch } = await signedIn(app);
    const before = await table();
    for (const [name, value] of Object.entries(claims(root.id))) {
      const response = await patch(
        `/accounts/${self.id}`,
        document('iam:accounts', { name: 'New', [name]: value }, self.id),
      );
      expect([name, errorsOf(response).map((error) => error.slice(0, 3))]).toEqual([
        name,
        [expect.stringMatching(/403|422/)],
      ]);
    }
    expect(await table()).toEqual(before);
  });

  it('#8 is never taken from a document by an owner or an admin either, beyond what they may set', async () => {
    const org = await organization(app);
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const member = await account(app, { org: [org] });
    const before = await table();
    for (const [actor, mayNot] of [
      [owner, ['role_name']],
      [root, []],
    ] as [ApiClient, string[]][]) {
      const settable = ['role_name', 'enabled'].filter((name) => !mayNot.includes(name));
      for (const [name, value] of Object.entries(claims(owner.account.id))) {
        if (settable.includes(name)) continue;
        const response = await actor.patch(
          `/accounts/${member.id}`,
          document('iam:accounts', { [name]: value }, member.id),
        );
        expect([name, errorsOf(response)[0]?.slice(0, 3)]).toEqual([name, expect.stringMatching(/403|422/)]);
      }
    }
    expect(await table()).toEqual(before);
  });

  it('#8 is never taken from a new account: it is not joined, without a password, and under an id of the service', async () => {
    const email = 'created@example.com';
    for (const [name, value] of Object.entries(claims(UNKNOWN))) {
      if (['role_name', 'enabled', 'email'].includes(name)) continue;
      const response = await root.post('/accounts', document('iam:accounts', { name: 'New', email, [name]: value }));
      expect([name, errorsOf(response)]).toEqual([name, [`422 validation_failed /data/attributes/${name}`]]);
    }
    const chosen = await root.post('/accounts', document('iam:accounts', { name: 'New', email }, UNKNOWN));
    expect(errorsOf(chosen)).toEqual(['403 forbidden /data/id']);
    const { body } = await root.post('/accounts', document('iam:accounts', { name: 'New', email }));
    expect(body.data.id).not.toBe(UNKNOWN);
    expect(body.data.attributes).toMatchObject({ joined_at: null, role_name: 'user' });
  });

  it('#8 is never taken from the body of signing in or of a password operation', async () => {
    const { account: self, post, refreshToken } = await signedIn(app);
    const before = await table();
    const token = await resetToken(app, self.id);
    const bodies: [string, object][] = [
      ['/auth/login', { email: self.email, password: PASSWORD }],
      ['/auth/refresh', { refresh_token: refreshToken }],
      ['/auth/logout', {}],
      ['/account/passwords/request_reset', { email: self.email }],
      ['/account/passwords/reset', { token, password: 'Another-horse-9' }],
      ['/account/passwords/change', { current_password: PASSWORD, new_password: 'Another-horse-9' }],
    ];
    for (const [path, body] of bodies) {
      const extra = Object.fromEntries(Object.entries(claims(root.id)).filter(([name]) => name !== 'email'));
      const response = await post(path, { ...body, ...extra });
      expect([path, errorsOf(response)]).toEqual([
        path,
        expect.arrayContaining(Object.keys(extra).map((name) => `422 validation_failed /${name}`)),
      ]);
    }
    expect(await table()).toEqual(before);
  });

  it('#8 is never taken from headers', async () => {
    const { get, account: self } = await signedIn(app);
    const headers = { 'x-user-id': root.id, 'x-account-id': root.id, 'x-role': 'admin', 'x-organization-id': UNKNOWN };
    expect((await get('/auth/me', headers)).body.data).toMatchObject({
      id: self.id,
      attributes: { role_name: 'user' },
    });
    expect(ids(await get('/accounts', headers))).toEqual([self.id]);
  });
});
