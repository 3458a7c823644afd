import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Patch, Post, Req, SetMetadata, type INestApplication } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyRequest } from 'fastify';
import { AccessTokens } from '../../src/auth/tokens/access-tokens.js';
import { ActorLoader } from '../../src/auth/sessions/actor-loader.js';
import { Actor, Public, Requires, SignedIn } from '../../src/auth/authorization/actor.js';
import { AuthenticationGuard, RightsGuard } from '../../src/auth/guards.js';
import {
  type Authentication,
  CrossSite,
  CurrentActor,
  CurrentAuthentication,
} from '../../src/auth/authentication/authentication.js';
import { AcceptsApiKeys, ApiKeyActors, RejectsApiKeys } from '../../src/auth/authentication/api-key-access.js';
import { RequiresFreshSignIn } from '../../src/auth/authentication/fresh-sign-in.js';
import { JwksController } from '../../src/auth/tokens/jwks.controller.js';
import { Roles } from '../../src/auth/authorization/roles.js';
import { SigningKeys } from '../../src/auth/tokens/signing-keys.js';
import { Config } from '../../src/config/config.js';
import { translateDatabaseError } from '../../src/database/errors/constraint-errors.js';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import { ErrorFilter } from '../../src/json-api/http/error.filter.js';
import { JSON_API_OPTIONS } from '../../src/json-api/http/options.js';
import { RESOURCE_ROUTE } from '../../src/json-api/http/route.js';

const ACCOUNT = '0197a1f0-0000-7000-8000-000000000001';
const SESSION = '0197a1f0-0000-7000-8000-000000000002';
const ROLES_FILE = fileURLToPath(new URL('../../roles.yml', import.meta.url));

@Controller()
class Routes {
  constructor(private readonly crossSite: CrossSite) {}

  @Get('public')
  @Public()
  open(): string {
    return 'open';
  }

  @Post('public')
  @Public()
  openPost(): string {
    return 'open';
  }

  @Get('me')
  @SignedIn()
  me(@CurrentActor() actor: Actor, @CurrentAuthentication() { exp }: Authentication): object {
    return { id: actor.id, exp };
  }

  @Patch('me')
  @SignedIn()
  change(): string {
    return 'changed';
  }

  @Get('accounts')
  @SetMetadata(RESOURCE_ROUTE, { resource: { type: 'iam:accounts' }, verb: 'index', action: 'read' })
  index(): string {
    return 'accounts';
  }

  @Delete('accounts')
  @SetMetadata(RESOURCE_ROUTE, { resource: { type: 'iam:accounts' }, verb: 'delete', action: 'delete' })
  remove(): string {
    return 'deleted';
  }

  @Post('resend')
  @Requires('iam:accounts', 'create')
  @SetMetadata(RESOURCE_ROUTE, { resource: { type: 'iam:accounts' }, verb: 'index', action: 'read' })
  resend(): string {
    return 'resent';
  }

  @Post('people')
  @RejectsApiKeys()
  @Requires('iam:accounts', 'create')
  people(): string {
    return 'by a person';
  }

  @Post('fresh')
  @RequiresFreshSignIn()
  @Requires('iam:accounts', 'create')
  fresh(): string {
    return 'by a person who signed in a moment ago';
  }

  @Get('identity')
  @SignedIn()
  @AcceptsApiKeys()
  identity(): string {
    return 'identity';
  }

  @Get('forgotten')
  forgotten(): string {
    return 'never seen';
  }

  @Get('refresh')
  @Public()
  refresh(@Req() request: FastifyRequest): string {
    this.crossSite.checkSameSite(request);
    return 'refreshed';
  }

  @Get('mistaken')
  @Public()
  mistaken(@CurrentActor() actor: Actor): string {
    return actor.id;
  }
}

@Controller('pages')
@Public()
class PublicController {
  @Get('open')
  open(): string {
    return 'open';
  }

  @Get('closed')
  @SignedIn()
  closed(): string {
    return 'closed';
  }
}

@Controller('account-pages')
@SignedIn()
@RejectsApiKeys()
class PersonalController {
  @Post('profile')
  @Requires('iam:accounts', 'update')
  profile(): string {
    return 'changed';
  }

  @Get('open')
  @AcceptsApiKeys()
  open(): string {
    return 'open';
  }
}

const roles = new Roles({ rolesFile: ROLES_FILE });

/** Stands in for the database: who is behind the session, or what went wrong. */
class Loader {
  role: string | null = 'user';
  error: Error | null = null;
  /** Id of the API key that acts for the account. */
  apiKeyId: string | null = null;
  calls = 0;

  load(sessionId: string, accountId: string): Promise<Actor | null> {
    this.calls++;
    if (this.error) return Promise.reject(this.error);
    const role = this.role === null ? null : roles.get(this.role);
    if (!role) return Promise.resolve(null);
    const person = { email: 'a@example.com', name: 'A', pictureUrl: null, organizationIds: [], roleScopeExtra: {} };
    const { apiKeyId } = this;
    return Promise.resolve(new Actor({ id: accountId, sessionId, apiKeyId, role, ...person }));
  }
}

const loader = new Loader();
let app: INestApplication & NestFastifyApplication;
let token: string;

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const settings = {
    jwtPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    jwtIssuer: null,
    jwtAudience: 'iam',
    accessTokenSeconds: 900,
    host: '127.0.0.1',
    port: 3000,
    appUrl: 'https://iam.example.com',
    corsOrigins: ['https://app.example.com'],
  };
  const module = await Test.createTestingModule({
    controllers: [Routes, PublicController, PersonalController, JwksController],
    providers: [
      { provide: Config, useValue: settings },
      { provide: ActorLoader, useValue: loader },
      { provide: ApiKeyActors, useValue: { ofKey: () => null, ofToken: () => null } },
      { provide: JSON_API_OPTIONS, useValue: { prefix: '', translate: translateDatabaseError } },
      { provide: APP_FILTER, useClass: ErrorFilter },
      { provide: APP_GUARD, useClass: AuthenticationGuard },
      { provide: APP_GUARD, useClass: RightsGuard },
      SigningKeys,
      AccessTokens,
      CrossSite,
      ResourceRegistry,
    ],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter({ trustProxy: ['127.0.0.1'] }), {
    logger: false,
  });
  await app.register(cookie);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const about = { roleName: 'admin', roleScope: {}, rights: [], email: 'jane@example.com', name: 'Jane' };
  const signIn = { amr: ['pwd'], authenticatedAt: new Date() };
  ({ token } = app.get(AccessTokens).issue({ accountId: ACCOUNT, sessionId: SESSION, ...signIn, ...about }));
});

afterAll(async () => {
  await app.close();
});

beforeEach(() => {
  Object.assign(loader, { role: 'user', error: null, apiKeyId: null, calls: 0 });
});

type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE';

/** Sends a request, and gives its status and code of error. */
async function ask(method: Method, url: string, headers: Record<string, string> = {}) {
  const response = await app.inject({ method, url, headers: { host: 'iam.example.com', ...headers } });
  const body: { errors?: { code: string }[] } = response.headers['content-type']?.toString().includes('json')
    ? response.json()
    : {};
  return { status: response.statusCode, code: body.errors?.[0]?.code, headers: response.headers, text: response.body };
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${token}` });
const inCookie = (): Record<string, string> => ({ cookie: `auth-token=${token}` });

describe('a public route', () => {
  it('is open without credentials, and loads no actor', async () => {
    expect(await ask('GET', '/public')).toMatchObject({ status: 200, text: 'open' });
    expect(loader.calls).toBe(0);
  });

  it.each<Record<string, string>>([
    { authorization: 'Bearer stale' },
    { cookie: 'auth-token=stale' },
    { authorization: 'Basic eDp5' },
  ])('stays open with %j', async (headers) => {
    expect(await ask('GET', '/public', headers)).toMatchObject({ status: 200 });
    expect(await ask('POST', '/public', headers)).toMatchObject({ status: 201 });
  });

  it('stays open while the database is down', async () => {
    loader.error = new Error('Connection terminated');
    expect(await ask('GET', '/public', bearer())).toMatchObject({ status: 200 });
  });

  it('makes its whole controller public, except where a handler says otherwise', async () => {
    expect(await ask('GET', '/pages/open')).toMatchObject({ status: 200 });
    expect(await ask('GET', '/pages/closed')).toMatchObject({ status: 401 });
  });

  it('has no actor: reading one there is a defect, and denies', async () => {
    expect(await ask('GET', '/mistaken', bearer())).toMatchObject({ status: 500, code: 'internal_error' });
  });

  it('shows the public keys, to be cached', async () => {
    const { status, headers, text } = await ask('GET', '/.well-known/jwks.json');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(JSON.parse(text)).toEqual(app.get(SigningKeys).jwks);
  });
});

describe('a closed route', () => {
  it('answers 401 with a challenge when no credentials come', async () => {
    const { status, code, headers } = await ask('GET', '/me');
    expect({ status, code }).toEqual({ status: 401, code: 'unauthenticated' });
    expect(headers['www-authenticate']).toBe('Bearer realm="iam"');
  });

  it.each(['Bearer', 'Bearer ', 'Bearer rubbish', 'bearer a.b.c', 'Bearer\trubbish'])(
    'answers 401 to the header %j',
    async (authorization) => {
      expect(await ask('GET', '/me', { authorization })).toMatchObject({ status: 401, code: 'unauthenticated' });
    },
  );

  it('says that a token was bad', async () => {
    const { headers } = await ask('GET', '/me', { authorization: 'Bearer rubbish' });
    expect(headers['www-authenticate']).toBe('Bearer realm="iam", error="invalid_token"');
  });

  it('takes the token from the header and from the cookie', async () => {
    expect(await ask('GET', '/me', bearer())).toMatchObject({ status: 200 });
    expect(await ask('GET', '/me', { authorization: `bearer ${token}` })).toMatchObject({ status: 200 });
    const { status, text } = await ask('GET', '/me', inCookie());
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({ id: ACCOUNT, exp: expect.any(Number) });
  });

  it('lets the header count when both come', async () => {
    expect(await ask('GET', '/me', { ...inCookie(), authorization: 'Bearer rubbish' })).toMatchObject({ status: 401 });
    expect(await ask('GET', '/me', { ...bearer(), cookie: 'auth-token=rubbish' })).toMatchObject({ status: 200 });
  });

  it('answers 401 once the session has ended', async () => {
    loader.role = null;
    expect(await ask('GET', '/me', bearer())).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('answers 503, never the resource, while the database is down', async () => {
    loader.error = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const { status, code, headers } = await ask('GET', '/me', bearer());
    expect({ status, code }).toEqual({ status: 503, code: 'unavailable' });
    expect(headers['retry-after']).toMatch(/^\d+$/);
  });

  it('denies when the guard itself fails', async () => {
    loader.error = new TypeError('a defect');
    expect(await ask('GET', '/me', bearer())).toMatchObject({ status: 500, code: 'internal_error' });
  });

  it('without a declared right is forbidden for every role', async () => {
    loader.role = 'admin';
    expect(await ask('GET', '/forgotten')).toMatchObject({ status: 401 });
    expect(await ask('GET', '/forgotten', bearer())).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

describe('a right', () => {
  it.each([
    ['anonymous', 403, 403, 403],
    ['user', 200, 403, 403],
    ['org_owner', 200, 200, 201],
    ['admin', 200, 200, 201],
  ])('lets %s read accounts: %d, delete them: %d, resend invitations: %d', async (role, read, remove, resend) => {
    loader.role = role;
    expect((await ask('GET', '/accounts', bearer())).status).toBe(read);
    expect((await ask('DELETE', '/accounts', bearer())).status).toBe(remove);
    expect((await ask('POST', '/resend', bearer())).status).toBe(resend);
  });

  it('comes from the database, not from the claims of the token', async () => {
    loader.role = 'anonymous';
    expect(await ask('GET', '/accounts', bearer())).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('is not needed to be signed in', async () => {
    loader.role = 'anonymous';
    expect(await ask('GET', '/me', bearer())).toMatchObject({ status: 200 });
  });

  it('contradicting another on the same route is rejected while the class is defined', () => {
    const handler = (): void => undefined;
    const descriptor = { value: handler };
    Public()({}, 'handler', descriptor);
    expect(() => SignedIn()({}, 'handler', descriptor)).toThrow(/more than one of @Public/);
  });
});

describe('a GET that changes something', () => {
  it.each<[string | undefined, number]>([
    ['same-origin', 200],
    ['same-site', 200],
    ['cross-site', 403],
    ['none', 403],
    [undefined, 403],
  ])('from %s is answered with %d', async (site, status) => {
    expect((await ask('GET', '/refresh', site === undefined ? {} : { 'sec-fetch-site': site })).status).toBe(status);
  });
});

describe('an unsafe request with cookies', () => {
  it.each([
    ['no hint at all, as from no browser', {}, 200],
    ['its own origin', { origin: 'https://iam.example.com' }, 200],
    ['an allow-listed origin', { origin: 'https://app.example.com' }, 200],
    ['the origin that it was sent to', { host: 'localhost:3000', origin: 'http://localhost:3000' }, 200],
    ['its own host behind an undeclared TLS proxy', { host: 'other.example', origin: 'https://other.example' }, 200],
    [
      'its own host in clear',
      { host: 'other.example', origin: 'http://other.example', 'x-forwarded-proto': 'https' },
      403,
    ],
    ['a foreign origin', { origin: 'https://evil.example.com' }, 403],
    [
      'a foreign origin that claims to be near',
      { origin: 'https://evil.example.com', 'sec-fetch-site': 'same-origin' },
      403,
    ],
    ['an origin that only begins alike', { origin: 'https://app.example.com.evil.com' }, 403],
    ['an allow-listed host on another port', { origin: 'https://app.example.com:8443' }, 403],
    ['an allow-listed host without TLS', { origin: 'http://app.example.com' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['an empty origin', { origin: '' }, 403],
    ['no origin from across sites', { 'sec-fetch-site': 'cross-site' }, 403],
    ['no origin from the same site', { 'sec-fetch-site': 'same-site' }, 200],
    ['no origin, typed by the user', { 'sec-fetch-site': 'none' }, 200],
  ])('and %s', async (_, headers, status) => {
    const response = await ask('PATCH', '/me', { ...inCookie(), ...headers });
    expect(response.status).toBe(status);
    if (status === 403) expect(response.code).toBe('forbidden');
  });

  it('is rejected before its token is verified, on public routes too, and with the refresh cookie alone', async () => {
    const origin = 'https://evil.example.com';
    expect(await ask('PATCH', '/me', { cookie: 'auth-token=stale', origin })).toMatchObject({ status: 403 });
    expect(await ask('POST', '/public', { ...inCookie(), origin })).toMatchObject({ status: 403 });
    expect(await ask('POST', '/public', { cookie: 'refresh-token=x', origin })).toMatchObject({ status: 403 });
  });

  it('passes from anywhere when it relies on no cookie of ours, or changes nothing', async () => {
    const origin = 'https://evil.example.com';
    expect(await ask('PATCH', '/me', { ...bearer(), ...inCookie(), origin })).toMatchObject({ status: 200 });
    expect(await ask('POST', '/public', { cookie: 'theme=dark', origin })).toMatchObject({ status: 201 });
    expect(await ask('GET', '/me', { ...inCookie(), origin })).toMatchObject({ status: 200 });
  });
});

describe('an API key', () => {
  beforeEach(() => {
    Object.assign(loader, { role: 'admin', apiKeyId: SESSION });
  });

  it.each<readonly [Method, string]>([
    ['GET', '/accounts'],
    ['DELETE', '/accounts'],
    ['POST', '/resend'],
    ['GET', '/identity'],
    ['GET', '/account-pages/open'],
  ])('reaches what needs a right that it has, or says that it is open to keys: %s %s', async (method, url) => {
    expect((await ask(method, url, bearer())).status).toBeLessThan(300);
  });

  it.each<readonly [Method, string]>([
    ['GET', '/me'],
    ['PATCH', '/me'],
    ['POST', '/people'],
    ['POST', '/fresh'],
    ['POST', '/account-pages/profile'],
    ['GET', '/pages/closed'],
    ['GET', '/forgotten'],
  ])('is rejected by what is for people, whatever its permissions: %s %s', async (method, url) => {
    expect(await ask(method, url, bearer())).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('is rejected where it lacks the right', async () => {
    loader.role = 'user';
    expect(await ask('DELETE', '/accounts', bearer())).toMatchObject({ status: 403, code: 'forbidden' });
  });
});
