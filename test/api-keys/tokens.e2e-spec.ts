import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'openid-client';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, ids, type ApiClient } from '../support/client.js';
import { admin, organization, signedIn } from '../support/factories.js';
import { keyOf, serviceAccount, type TestKey } from './keys.js';

const FORM = 'application/x-www-form-urlencoded';

describe('POST /auth/token', () => {
  let app: TestApp;
  let root: ApiClient;
  let org: string;
  let service: string;
  let key: TestKey;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
    org = await organization(app);
    service = await serviceAccount(root, { role_name: 'org_owner', role_scope: { org: [org] } });
    key = await keyOf(app, root, ['iam:organizations.read.org'], { account_id: service });
  });
  afterAll(() => app.stop());

  async function ask(fields: Record<string, string> | string, headers: Record<string, string> = {}) {
    const response = await fetch(`${app.url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': FORM, ...headers },
      body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
    });
    const body = (await response.json()) as Record<string, string>;
    return { status: response.status, headers: response.headers, body };
  }
  const good = (): Record<string, string> => ({
    grant_type: 'client_credentials',
    client_id: key.id,
    client_secret: key.key,
  });
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });

  it.each([
    ['in the form', oauth.ClientSecretPost],
    ['by HTTP Basic', oauth.ClientSecretBasic],
  ] as const)('gives openid-client a token, with the key %s', async (_, method) => {
    const metadata = await (await fetch(`${app.url}/.well-known/oauth-authorization-server`)).json();
    const server = { ...(metadata as oauth.ServerMetadata), token_endpoint: `${app.url}/auth/token` };
    const client = new oauth.Configuration(server, key.id, key.key, method(key.key));
    oauth.allowInsecureRequests(client);
    const { access_token: token, expires_in: seconds } = await oauth.clientCredentialsGrant(client);
    expect(seconds).toBe(3600);
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt' });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      sub: service,
      client_id: key.id,
      rights: ['iam:organizations.read.org'],
      role_scope: { org: [org] },
      iss: 'https://app.example.com',
      aud: 'iam',
    });
    expect(Object.keys(claims)).not.toContain('role_name');
    expect(Object.keys(claims)).not.toContain('sid');
    expect(ids(await as(app, token).get('/organizations'))).toEqual([org]);
    expect((await as(app, token).get('/auth/me')).body.meta).toEqual({ api_key_id: key.id });
  });

  it('answers as RFC 6749 says, and nothing of it is stored', async () => {
    const { status, headers, body } = await ask(good());
    expect([status, Object.keys(body)]).toEqual([200, ['access_token', 'token_type', 'expires_in']]);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each<readonly [string, () => Promise<{ status: number; body: Record<string, string> }>, number, string]>([
    ['another grant', () => ask({ ...good(), grant_type: 'password' }), 400, 'unsupported_grant_type'],
    ['no grant', () => ask({ client_id: key.id, client_secret: key.key }), 400, 'invalid_request'],
    ['a scope', () => ask({ ...good(), scope: 'everything' }), 400, 'invalid_scope'],
    ['a parameter twice', () => ask(`${new URLSearchParams(good())}&client_id=${key.id}`), 400, 'invalid_request'],
    ['both ways', () => ask(good(), basic(key.id, key.key)), 400, 'invalid_request'],
    ['no client', () => ask({ grant_type: 'client_credentials' }), 401, 'invalid_client'],
    ['another id', () => ask({ ...good(), client_id: service }), 401, 'invalid_client'],
    ['an id that is none', () => ask({ ...good(), client_id: "' OR 1=1" }), 401, 'invalid_client'],
    ['another secret', () => ask({ ...good(), client_secret: `${key.key}x` }), 401, 'invalid_client'],
    [
      'a bad header',
      () => ask({ grant_type: 'client_credentials' }, { authorization: 'Basic ?' }),
      401,
      'invalid_client',
    ],
    [
      'the key as a bearer',
      () => ask({ grant_type: 'client_credentials' }, { authorization: `Bearer ${key.key}` }),
      401,
      'invalid_client',
    ],
    ['JSON', () => ask(JSON.stringify(good()), { 'content-type': 'application/json' }), 415, 'invalid_request'],
    ['40 KiB', () => ask({ ...good(), more: 'x'.repeat(40_000) }), 413, 'invalid_request'],
  ])('rejects %s as section 5.2 says', async (_, request, status, error) => {
    const response = await request();
    expect([response.status, response.body['error']]).toEqual([status, error]);
    expect(JSON.stringify(response.body)).not.toContain(key.key.slice(14, 50));
  });

  it('says the same of an unknown client, a wrong secret and a revoked key, with the challenge of its scheme', async () => {
    const revoked = await keyOf(app, root, ['iam:accounts.read.*']);
    await root.post(`/api_keys/${revoked.id}/revoke`);
    const answers = [
      await ask({ ...good(), client_id: '01900000-0000-7000-8000-000000000000' }),
      await ask({ ...good(), client_secret: revoked.key }),
      await ask({ ...good(), client_id: revoked.id, client_secret: revoked.key }),
    ];
    for (const { status, headers, body } of answers) {
      expect([status, body]).toEqual([401, answers[0]?.body]);
      expect(headers.get('www-authenticate')).toContain('Basic');
    }
  });

  it('gives tokens that end with their key: revoked, rotated, expired, or its owner disabled', async () => {
    const tokenOf = async ({ id, key: secret }: TestKey) =>
      as(app, (await ask({ ...good(), client_id: id, client_secret: secret })).body['access_token']);
    const user = await signedIn(app);
    const [revoked, rotated, short] = [
      await keyOf(app, user, ['iam:accounts.read.own']),
      await keyOf(app, user, ['iam:accounts.read.own']),
      await keyOf(app, user, ['iam:accounts.read.own'], { expires_at: new Date(Date.now() + 60_000).toISOString() }),
    ];
    const clients = [await tokenOf(revoked), await tokenOf(rotated)];
    for (const client of clients) expect((await client.get('/auth/me')).status).toBe(200);
    await user.post(`/api_keys/${revoked.id}/revoke`);
    await user.post(`/api_keys/${rotated.id}/rotate`);
    for (const client of clients) expect((await client.get('/auth/me')).status).toBe(401);
    const { body } = await ask({ ...good(), client_id: short.id, client_secret: short.key });
    expect(Number(body['expires_in'])).toBeLessThanOrEqual(60);
    const last = as(app, body['access_token']);
    await root.patch(`/accounts/${user.account.id}`, document('iam:accounts', { enabled: false }));
    expect((await last.get('/auth/me')).status).toBe(401);
  });

  it('gives tokens that no cookie carries, and that end no session', async () => {
    const token = (await ask(good())).body['access_token'];
    expect((await as(app).get('/auth/me', { cookie: `auth-token=${token}` })).status).toBe(401);
    expect((await as(app, token).post('/auth/logout')).status).toBe(401);
  });

  it('is limited by address', async () => {
    const limited = await startApp({ beside: app, env: { THROTTLE_DISABLED: 'false', THROTTLE_PER_ADDRESS: '1' } });
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const response = await fetch(`${limited.url}/auth/token`, {
          method: 'POST',
          body: new URLSearchParams(good()),
        });
        return `${response.status} ${((await response.json()) as { error?: string }).error ?? ''}`;
      }),
    );
    expect(statuses.filter((status) => status === '200 ')).toHaveLength(10);
    expect(statuses.filter((status) => status === '429 temporarily_unavailable')).toHaveLength(2);
    await limited.stop();
  });

  it('is described where openid-client looks for it, with the path of the issuer behind', async () => {
    const issuer = 'https://id.example.com/tenants/one';
    const prefixed = await startApp({
      beside: app,
      env: { JWT_ISSUER: issuer, API_PREFIX: 'api/v1', PUBLIC_PATH: '/iam' },
    });
    const asked: string[] = [];
    const found = await oauth.discovery(new URL(issuer), 'client', undefined, undefined, {
      algorithm: 'oauth2',
      [oauth.customFetch]: (url, options) => {
        asked.push(url);
        return fetch(prefixed.url + new URL(url).pathname, options as RequestInit);
      },
    });
    expect(asked).toEqual(['https://id.example.com/.well-known/oauth-authorization-server/tenants/one']);
    expect(found.serverMetadata()).toMatchObject({
      issuer,
      token_endpoint: 'https://app.example.com/iam/api/v1/auth/token',
      jwks_uri: 'https://app.example.com/iam/.well-known/jwks.json',
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
    expect((await fetch(`${prefixed.url}/.well-known/oauth-authorization-server/other`)).status).toBe(404);
    await prefixed.stop();
  });
});
