import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { generateSigningKey } from '../../src/config/signing-keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, MEDIA_TYPE, send } from '../support/client.js';
import { APP_URL } from '../support/environment.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';
import { Browser } from './browser.js';
import { sessionOf } from './sessions.js';

describe('An access token', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** As another service verifies it: nothing but jose and the published keys. */
  const verify = (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL('/.well-known/jwks.json', app.url)), {
      issuer: APP_URL,
      audience: 'iam',
      typ: 'at+jwt',
      algorithms: ['ES256', 'EdDSA'],
    });

  it('is verified by another service with the published keys alone', async () => {
    const org = await organization(app);
    const { token, account: owner } = await signedIn(app, { role: 'org_owner', org: [org] });
    const { payload, protectedHeader } = await verify(token);
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) });
    expect(payload).toEqual({
      iss: APP_URL,
      aud: 'iam',
      sub: owner.id,
      sid: (await sessionOf(app, owner.id)).id,
      amr: ['pwd'],
      auth_time: expect.any(Number),
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      role_name: 'org_owner',
      role_scope: { org: [org] },
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 900,
    });
    expect(Math.abs((payload.iat ?? 0) - Date.now() / 1000)).toBeLessThan(10);
  });

  it('has an id of its own each time', async () => {
    const { token, refreshToken } = await signedIn(app);
    const refreshed = await send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
    const [first, second] = [await verify(token), await verify(refreshed.body.meta.token)];
    expect(second.payload['sid']).toBe(first.payload['sid']);
    expect(second.payload.jti).not.toBe(first.payload.jti);
  });

  it('leaves out a role scope of more than 2 KiB', async () => {
    const org = await Promise.all(Array.from({ length: 60 }, () => organization(app)));
    const { token, get } = await signedIn(app, { org });
    const { payload } = await verify(token);
    expect(payload).not.toHaveProperty('role_scope');
    expect(token.length).toBeLessThan(1024);
    expect((await get('/auth/me')).body.data.attributes.role_scope).toEqual({ org: org.toSorted() });
  });

  it('is EdDSA with an Ed25519 key, for the configured issuer and audience and time', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const other = await startApp({
      beside: app,
      env: {
        JWT_PRIVATE_KEY: key,
        JWT_ISSUER: 'https://id.example.com',
        JWT_AUDIENCE: 'shop',
        ACCESS_TOKEN_SECONDS: '60',
      },
    });
    try {
      const { token } = await signIn(other, await account(app));
      const keys: JSONWebKeySet = (await send(other, 'GET', '/.well-known/jwks.json')).body;
      const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
        issuer: 'https://id.example.com',
        audience: 'shop',
      });
      expect(protectedHeader.alg).toBe('EdDSA');
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
      expect(errorsOf(await as(app, token).get('/auth/me'))).toEqual(['401 unauthenticated Authorization']);
    } finally {
      await other.stop();
    }
  });

  it('outlives a change of keys, as long as the old key is still listed', async () => {
    const owner = await account(app);
    const { token } = await signIn(app, owner);
    const both = `${generateSigningKey()}\n${app.config.jwtPrivateKey}`;
    const rotated = await startApp({ beside: app, env: { JWT_PRIVATE_KEY: both } });
    try {
      expect((await as(rotated, token).get('/auth/me')).status).toBe(200);
      const fresh = await signIn(rotated, owner);
      const { keys } = (await send(rotated, 'GET', '/.well-known/jwks.json')).body;
      const kids = [fresh.token, token].map((text) => decodeProtectedHeader(text).kid);
      expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual(kids);
    } finally {
      await rotated.stop();
    }
  });

  it('is checked against keys that are published without their private parts, cacheable by any client', async () => {
    const response = await send(app, 'GET', '/.well-known/jwks.json');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.body).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          x: expect.any(String),
          y: expect.any(String),
          kid: expect.any(String),
          alg: 'ES256',
          use: 'sig',
        },
      ],
    });
  });

  it('says who is signed in', async () => {
    const { get, account: owner, token } = await signedIn(app);
    const response = await get('/auth/me');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, MEDIA_TYPE]);
    expect(response.body).toEqual({
      jsonapi: { version: '1.1' },
      data: {
        type: 'iam:account_auths',
        id: owner.id,
        attributes: {
          email: owner.email,
          name: owner.name,
          picture_url: null,
          role_name: 'user',
          role_scope: {},
          role_rights: expect.arrayContaining(['iam:accounts.read.own']),
          exp: (await verify(token)).payload.exp,
        },
        links: { self: '/auth/me' },
      },
    });
    expect(errorsOf(await get('/auth/me?fields=name'))).toEqual(['400 invalid_parameter fields']);
  });

  it('knows a new name, role and scope at once', async () => {
    const root = await admin(app);
    const org = await organization(app);
    const { get, account: owner } = await signedIn(app);
    const changes = { name: 'Somebody else', role_name: 'org_owner', role_scope: { org: [org] } };
    expect((await root.patch(`/accounts/${owner.id}`, document('iam:accounts', changes, owner.id))).status).toBe(200);
    expect((await get('/auth/me')).body.data.attributes).toMatchObject(changes);
    expect((await get('/accounts')).status).toBe(200);
  });

  it('counts before the cookie when both come', async () => {
    const browser = new Browser(app);
    const inCookie = await account(app);
    await browser.signIn(inCookie);
    const { token, account: owner } = await signedIn(app);
    expect((await browser.send('GET', '/auth/me')).body.data.id).toBe(inCookie.id);
    expect((await browser.send('GET', '/auth/me', { token })).body.data.id).toBe(owner.id);
    expect((await browser.send('GET', '/auth/me', { token: 'rubbish' })).status).toBe(401);
  });

  describe('that is missing or bad', () => {
    it.each([
      ['GET', '/auth/me'],
      ['GET', '/accounts'],
      ['POST', '/accounts'],
      ['PATCH', '/accounts/0197a1f0-0000-7000-8000-000000000001'],
      ['DELETE', '/organizations/0197a1f0-0000-7000-8000-000000000001'],
      ['GET', '/account_sessions'],
      ['POST', '/account/passwords/change'],
    ])('is answered with a challenge by %s %s', async (method, path) => {
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
      const missing = await send(app, method, path, body);
      expect(errorsOf(missing)).toEqual(['401 unauthenticated Authorization']);
      expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="iam"');
      const bad = await send(app, method, path, { ...body, token: 'rubbish' });
      expect(errorsOf(bad)).toEqual(['401 unauthenticated Authorization']);
      expect(bad.headers.get('www-authenticate')).toBe('Bearer realm="iam", error="invalid_token"');
    });

    it('is asked for before parameters are looked at', async () => {
      expect((await send(app, 'GET', '/accounts?nonsense=1')).status).toBe(401);
    });
  });

  it('is never kept by a cache: nothing personal is', async () => {
    const { get, post, refreshToken, account: owner } = await signedIn(app);
    const responses = [
      await post('/auth/login', { email: owner.email, password: owner.password }),
      await post('/auth/refresh', { refresh_token: refreshToken }),
      await get('/auth/me'),
      await get('/accounts'),
      await get(`/accounts/${owner.id}`),
      await get('/account_sessions'),
      await get('/nowhere'),
      await get('/account/passwords/token_valid?token=x'),
      await send(app, 'GET', '/auth/me'),
      await post('/auth/logout'),
    ];
    expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual(responses.map(() => 'no-store'));
  });

  it.each(['me', 'login', 'refresh', 'logout'])('is not asked for by HEAD /auth/%s, which is 405', async (name) => {
    const { token, get } = await signedIn(app);
    const headers = { 'sec-fetch-site': 'same-origin' };
    expect((await send(app, 'HEAD', `/auth/${name}`, { token, headers })).status).toBe(405);
    expect((await get('/auth/me')).status).toBe(200);
  });

  it('cannot be spent by a HEAD in another spelling of the path', async () => {
    const browser = new Browser(app);
    await browser.signIn(await account(app));
    for (const path of ['/%61uth/logout', '/auth/%6cogout', '/auth/logout?a', '/auth/logout/', '//auth/logout']) {
      const headers = { 'sec-fetch-site': 'same-origin' };
      expect([404, 405]).toContain((await browser.send('HEAD', path, { headers })).status);
    }
    expect((await browser.send('GET', '/auth/me')).status).toBe(200);
  });
});
