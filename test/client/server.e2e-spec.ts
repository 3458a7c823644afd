import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { APP_GUARD, NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessTokenError, Rights, verifyAccessToken, type VerifyOptions } from 'iam-client/server';
import { AccessGuard, type AccessRequest, Needs } from '../../packages/client/examples/access.guard.js';
// @ts-expect-error a sample in JavaScript
import { createServer as createFastify } from '../../packages/client/examples/fastify.js';
// @ts-expect-error a sample in JavaScript
import { createPages as pagesOf } from '../../packages/client/examples/pages.js';
import { startApp, type TestApp } from '../support/app.js';
import { APP_URL } from '../support/environment.js';
import { account, admin, PASSWORD, signedIn, type TestAccount } from '../support/factories.js';
import { PageBrowser } from './page-browser.js';

const ROLES = `
extends: default
scope_aliases: { as_org_owner: org }
resources: { 'dataset:projects': { actions: [read, submit], scopes: [as_user, org, '*'] } }
roles:
  user: { rights: [dataset:projects.read.as_user] }
  researcher: { rank: 12, rights: ['dataset:projects.*.*'] }
  org_owner: { rights: [dataset:projects.read.as_org_owner] }
`;

describe('On a server,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iam-client-server-'));
  let app: TestApp;
  let options: VerifyOptions;
  let tokens: Record<'user' | 'researcher' | 'org_owner' | 'admin', string>;
  let user: TestAccount;

  beforeAll(async () => {
    const ROLES_FILE = join(folder, 'roles.yml');
    writeFileSync(ROLES_FILE, ROLES);
    app = await startApp({ env: { ROLES_FILE, ACCESS_TOKEN_CLAIMS: 'rights' } });
    options = { issuer: APP_URL, jwks: `${app.url}/.well-known/jwks.json`, scopeAliases: { as_org_owner: 'org' } };
    const tokenOf = async (role: string): Promise<string> => (await signedIn(app, { role })).token;
    user = await account(app);
    tokens = {
      user: await tokenOf('user'),
      researcher: await tokenOf('researcher'),
      org_owner: await tokenOf('org_owner'),
      admin: (await admin(app)).token,
    };
  });
  afterAll(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  describe('an access token', () => {
    it('is verified by the keys of the service, and says who it is for', async () => {
      const access = await verifyAccessToken(`Bearer ${tokens.user}`, options);
      expect(access).toMatchObject({ roleName: 'user', roleScope: {}, apiKeyId: undefined });
      expect([access.accountId, access.sessionId]).toEqual([access.claims.sub, access.claims['sid']]);
      expect(access.rights.can('dataset:projects', 'read')).toBe(true);
      expect(access.rights.can('dataset:projects', 'submit')).toBe(false);
    });

    it('is rejected when it is missing, changed, for another audience or of another issuer', async () => {
      const [head, claims = '', signature] = tokens.user.split('.');
      const changed = JSON.parse(Buffer.from(claims, 'base64url').toString());
      const forged = Buffer.from(JSON.stringify({ ...changed, rights: ['*.*.*'] })).toString('base64url');
      const rejected: [token: string | undefined, expected?: Partial<VerifyOptions>][] = [
        [undefined],
        [''],
        ['no token'],
        [[head, forged, signature].join('.')],
        [tokens.user, { audience: 'another' }],
        [tokens.user, { issuer: 'https://another.example.com' }],
      ];
      for (const [token, expected] of rejected) {
        await expect(verifyAccessToken(token, { ...options, ...expected })).rejects.toBeInstanceOf(AccessTokenError);
      }
    });

    it('is not called bad when the keys cannot be fetched', async () => {
      const away = { ...options, jwks: 'http://127.0.0.1:1/jwks.json' };
      const error = await verifyAccessToken(tokens.user, away).catch((thrown: unknown) => thrown);
      expect(error).not.toBeInstanceOf(AccessTokenError);
    });
  });

  it.each<[string[], string, string, string | undefined, boolean]>([
    [['dataset:projects.read.own'], 'dataset:projects', 'read', undefined, true],
    [['dataset:projects.read.own'], 'dataset:projects', 'read', 'own', true],
    [['dataset:projects.read.own'], 'dataset:projects', 'read', 'org', false],
    [['dataset:projects.read.own'], 'dataset:projects', 'submit', undefined, false],
    [['dataset:projects.read.own'], 'dataset:results', 'read', undefined, false],
    [['dataset:projects.*.own'], 'dataset:projects', 'submit', 'own', true],
    [['dataset:projects.read.*'], 'dataset:projects', 'read', 'org', true],
    [['*.read.*'], 'dataset:projects', 'read', 'own', true],
    [['*.*.*'], 'dataset:projects', 'anything', 'own', true],
    [['dataset:projects.read.as_org_owner'], 'dataset:projects', 'read', 'org', true],
    [['dataset:projects.read.org'], 'dataset:projects', 'read', 'as_org_owner', true],
    [[], 'dataset:projects', 'read', undefined, false],
  ])('rights %j allow %s.%s in scope %s: %s', (texts, resource, action, scope, allowed) => {
    expect(new Rights(texts, { as_org_owner: 'org' }).can(resource, action, scope)).toBe(allowed);
  });

  /** Status and body of the projects of a service. */
  async function projects(url: string, token?: string): Promise<[number, unknown]> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/projects`, { headers });
    return [response.status, await response.json()];
  }

  it('the sample in Fastify decides by rights', async () => {
    const service = createFastify(options);
    const url = await service.listen({ port: 0, host: '127.0.0.1' });
    try {
      expect(await projects(url)).toEqual([401, { error: 'The access token is not valid' }]);
      expect(await projects(url, tokens.admin)).toEqual([200, { projects: 'all' }]);
      expect(await projects(url, tokens.researcher)).toEqual([200, { projects: 'all' }]);
      expect(await projects(url, tokens.user)).toEqual([
        200,
        { projects: expect.stringMatching(/^of [0-9a-f-]{36}$/) },
      ]);
      expect(await projects(url, tokens.org_owner)).toEqual([403, { error: 'You may not read projects' }]);
    } finally {
      await service.close();
    }
  });

  it('the guard for Nest decides by rights', async () => {
    @Controller('projects')
    class ProjectsController {
      @Get()
      @Needs('dataset:projects', 'submit')
      list(@Req() { access }: AccessRequest): object {
        return { projects: [...access.rights.scopes('dataset:projects', 'submit')] };
      }
    }
    const useFactory = (reflector: Reflector): AccessGuard => new AccessGuard(reflector, options);
    @Module({ controllers: [ProjectsController], providers: [{ provide: APP_GUARD, useFactory, inject: [Reflector] }] })
    class ProjectsModule {}
    const nest = await NestFactory.create<NestFastifyApplication>(ProjectsModule, new FastifyAdapter(), {
      logger: false,
    });
    await nest.listen(0, '127.0.0.1');
    try {
      const url = await nest.getUrl();
      expect((await projects(url))[0]).toBe(401);
      expect(await projects(url, tokens.researcher)).toEqual([200, { projects: ['*'] }]);
      expect(await projects(url, tokens.user)).toMatchObject([403, { message: 'You may not submit dataset:projects' }]);
    } finally {
      await nest.close();
    }
  });

  describe('pages that are rendered there', () => {
    let server: Server;
    let browser: PageBrowser;

    beforeAll(async () => {
      server = pagesOf(app.url);
      await once(server.listen(0, '127.0.0.1'), 'listening');
      browser = new PageBrowser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
    afterAll(() => void server.close());

    it('pass the cookies on: sign in, list, refresh, sign out', async () => {
      expect((await browser.go('/')).path).toBe('/sign-in');
      const failed = await browser.submit('/sign-in', { email: user.email, password: 'wrong' });
      expect([failed.status, failed.text]).toEqual([401, expect.stringContaining('role="alert"')]);
      const home = await browser.submit('/sign-in', { email: user.email, password: PASSWORD });
      expect([home.path, home.text]).toEqual(['/', expect.stringContaining(user.email)]);
      browser.cookies.set('auth-token', { value: 'expired', path: '/' });
      expect((await browser.go('/')).path).toBe('/');
      expect((await browser.submit('/sign-out', {})).path).toBe('/sign-in');
      expect((await browser.go('/')).path).toBe('/sign-in');
    });

    it('take no forms of other sites', async () => {
      const body = new URLSearchParams({ email: user.email, password: PASSWORD });
      const response = await fetch(`${browser.url}/sign-in`, {
        method: 'POST',
        body,
        headers: { 'sec-fetch-site': 'cross-site' },
      });
      expect([response.status, response.headers.getSetCookie()]).toEqual([404, []]);
    });
  });
});
