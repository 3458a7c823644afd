import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { loadConfig } from '../../src/config/load-config.js';
import { mailsTo } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, send, type ApiResponse, type ApiClient } from '../support/client.js';
import { APP_URL } from '../support/environment.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

let app: TestApp;
let root: ApiClient & { id: string; token: string };

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
});
afterAll(() => app.stop());

describe('Lesson 10: what stands in a query', () => {
  /** Stands in every name and value that is made up here, and must stand in no statement. */
  const MARK = 'zq7';
  const statements = new Set<string>();

  beforeAll(() => {
    const { query } = pg.Client.prototype;
    jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...given: unknown[]) {
      const [statement] = given;
      statements.add(typeof statement === 'string' ? statement : String((statement as { text?: string }).text));
      return Reflect.apply(query, this, given);
    });
  });
  afterAll(() => void jest.restoreAllMocks());

  const hostile = fc.constantFrom(
    `${MARK}`,
    `name${MARK}`,
    `name"; DROP TABLE ${MARK}; --`,
    `name' OR '${MARK}'='${MARK}`,
    `name) OR (SELECT '${MARK}'`,
    `row.hashed_password ${MARK}`,
    `"hashed_password" ${MARK}`,
    `name/*${MARK}*/`,
    `name\n${MARK}`,
    `${MARK}__proto__`,
    `constructor.${MARK}`,
    `name::text ${MARK}`,
    `$1 ${MARK}`,
    `%24${MARK}`,
    `ｎａｍｅ${MARK}`,
    `name\u202e${MARK}`,
    `${MARK}🙂`,
  );
  const attribute = fc.oneof(
    hostile,
    fc.constantFrom('name', 'email', 'id', 'created_at', 'hashed_password', 'nonce', ''),
  );
  const operator = fc.oneof(
    hostile.map((text) => `__${text}`),
    fc.constantFrom('', '__match', '__in', '__nin', '__gte', '__lte', '__', '__raw', '__ilike', '__MATCH'),
  );
  const brackets = fc.constantFrom('', '[]', '[0]', `[${MARK}]`, `[][${MARK}]`, `["${MARK}]`);
  const value = fc.oneof(
    hostile,
    fc.constantFrom('a', 'null', '', ',', `\\,${MARK}`, `{"${MARK}":1}`, `{"org":["${MARK}"]}`),
  );
  const pair = fc.oneof(
    fc.tuple(attribute, operator, brackets).map(([name, op, tail]) => `filter[${name}${op}]${tail}`),
    hostile.map((name) => `fields[${name}]`),
    hostile.map((name) => `page[${name}]`),
    hostile,
    fc.constantFrom(
      'fields[iam:accounts]',
      'sort',
      'included',
      'include',
      'count',
      'page[after]',
      'page[size]',
      'filter',
      'filter[]',
    ),
  );
  /** What accounts and organizations take, with a hostile value. */
  const understood = fc.tuple(
    fc.constantFrom('filter[name]', 'filter[name__match]', 'filter[name__in][]', 'filter[name__nin][]'),
    hostile,
  );
  const query = fc.oneof(
    fc.array(fc.tuple(pair, value), { minLength: 1, maxLength: 3 }),
    fc.uniqueArray(understood, { minLength: 1, maxLength: 3, selector: ([name]) => name }),
  );
  const collection = fc.constantFrom('accounts', 'organizations', 'account_sessions', 'audit_events');

  const isSound = (response: ApiResponse): void => {
    expect([200, 400]).toContain(response.status);
    for (const problem of errorsOf(response)) expect(problem).toMatch(/^400 invalid_parameter .+/s);
    expect(response.text).not.toMatch(/syntax error|column .* does not exist|relation "|pg_catalog/i);
  };

  const isClean = (): void => {
    expect(statements.size).toBeGreaterThan(0);
    expect([...statements].filter((text) => text.toLowerCase().includes(MARK))).toEqual([]);
  };

  it('#10 reaches SQL only as a listed identifier or as a value: filters, operators, fields, pages, anything', async () => {
    await fc.assert(
      fc.asyncProperty(collection, query, async (path, pairs) => {
        const sent = pairs.map((sides) => sides.map(encodeURIComponent).join('='));
        isSound(await root.get(`/${path}?${sent.join('&')}`));
      }),
      { numRuns: 150, endOnFailure: true },
    );
    isClean();
  });

  it('#10 reaches SQL only as a listed identifier: sort keys', async () => {
    const key = fc.oneof(
      hostile,
      fc.constantFrom(
        'name',
        '-name',
        '--name',
        '- name',
        '',
        'id',
        'name asc',
        '-name desc',
        'NAME',
        'role_scope',
        'version',
      ),
    );
    await fc.assert(
      fc.asyncProperty(collection, fc.array(key, { minLength: 1, maxLength: 3 }), async (path, keys) => {
        isSound(await root.get(`/${path}?sort=${encodeURIComponent(keys.join(','))}`));
      }),
      { numRuns: 60, endOnFailure: true },
    );
    isClean();
  });

  it('#10 is not possible with a forged cursor', async () => {
    for (let n = 0; n < 3; n++) await account(app, { name: `Cursor ${n}` });
    const page = await root.get('/accounts?sort=name,created_at&page[after]=&page[size]=2');
    const good: string = page.body.data[1].meta.page.cursor;
    const forged = fc.oneof(
      fc.nat(good.length - 1).map((at) => good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1)),
      fc.nat(good.length - 1).map((at) => good.slice(0, at)),
      hostile,
      fc.jsonValue().map((json) => Buffer.from(JSON.stringify(json)).toString('base64url')),
      fc
        .array(fc.oneof(hostile, fc.constant(null)), { maxLength: 4 })
        .map((list) => Buffer.from(JSON.stringify(list)).toString('base64url')),
      hostile.map((text) =>
        Buffer.from(
          Buffer.from(good, 'base64url')
            .toString()
            .replace(/[a-z]{3,}/i, text),
        ).toString('base64url'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(forged, fc.constantFrom('after', 'before'), async (cursor, direction) => {
        const query = `sort=name,created_at&page[${direction}]=${encodeURIComponent(cursor)}`;
        isSound(await root.get(`/accounts?${query}`));
      }),
      { numRuns: 80, endOnFailure: true },
    );
    isClean();
    const other = await root.get(`/accounts?sort=email,created_at&page[after]=${good}`);
    expect(errorsOf(other)).toEqual(['400 invalid_parameter page[after]']);
  });

  it('#10 finds exactly what a hostile value spells', async () => {
    const name = `Robert'); DROP TABLE accounts; -- ${MARK} %_\\`;
    const { id } = await account(app, { name });
    for (const filter of [
      `filter[name]=${encodeURIComponent(name)}`,
      `filter[name__match]=${encodeURIComponent('%_\\')}`,
    ]) {
      expect((await root.get(`/accounts?${filter}`)).body.data.map((row: { id: string }) => row.id)).toEqual([id]);
    }
    isClean();
  });

  it('#10 is rejected with the name of the parameter as it was sent', async () => {
    for (const name of [`filter[${MARK}"]`, `fields[${MARK}]`, `${MARK}`, `page[${MARK}]`, `filter[name__${MARK}]`]) {
      expect(errorsOf(await root.get(`/accounts?${encodeURIComponent(name)}=1`))).toEqual([
        `400 invalid_parameter ${name}`,
      ]);
    }
  });

  it('#10 cannot change what objects are made of', async () => {
    for (const body of [
      '{"data":{"type":"iam:organizations","attributes":{"name":"x","__proto__":{"polluted":true}}}}',
      '{"__proto__":{"polluted":true},"data":{"type":"iam:organizations","attributes":{"name":"x"}}}',
      '{"data":{"type":"iam:organizations","attributes":{"name":"x","constructor":{"prototype":{"polluted":true}}}}}',
    ]) {
      expect((await root.post('/organizations', body)).status).toBeLessThan(500);
    }
    for (const query of [
      'filter[__proto__]=1',
      'fields[__proto__]=polluted',
      'filter[with_role_scope][__proto__][]=polluted',
      '__proto__[polluted]=1',
    ]) {
      expect((await root.get(`/accounts?${query}`)).status).toBeLessThan(500);
    }
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('#10 is not possible with the defaults of development: production rejects them', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'iam-defaults-'));
    try {
      const development = loadConfig({ DATA_DIR: dataDir });
      const production = {
        NODE_ENV: 'production',
        DATA_DIR: dataDir,
        DATABASE_URL: 'postgres://iam:secret@db:5432/iam',
        APP_URL: 'https://iam.example.com',
        MAIL_URL: 'smtp://mail:587',
      };
      expect(() => loadConfig(production)).toThrow(/APP_SECRET.*JWT_PRIVATE_KEY|JWT_PRIVATE_KEY.*APP_SECRET/s);
      const secrets = { APP_SECRET: development.appSecrets[0] ?? '', JWT_PRIVATE_KEY: development.jwtPrivateKey };
      expect(() => loadConfig({ ...production, ...secrets })).toThrow(/APP_SECRET is the development secret/);
      expect(() => loadConfig({ ...production, ...secrets })).toThrow(/JWT_PRIVATE_KEY is the development secret/);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('Lesson 11: links', () => {
  const HOSTILE: Record<string, Record<string, string>> = {
    Host: { host: 'evil.example.net' },
    'X-Forwarded-Host': {
      'x-forwarded-host': 'evil.example.net',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '81',
    },
    Forwarded: { forwarded: 'for=10.0.0.1;host=evil.example.net;proto=http' },
    'X-Original-Host': {
      'x-original-host': 'evil.example.net',
      'x-host': 'evil.example.net',
      'x-original-url': '//evil.example.net',
    },
    'X-Forwarded-Prefix': { 'x-forwarded-prefix': '//evil.example.net' },
    Origin: { origin: 'https://evil.example.net', referer: 'https://evil.example.net/' },
  };

  let proxied: TestApp;

  beforeAll(async () => {
    proxied = await startApp({ beside: app, env: { TRUSTED_PROXIES: '127.0.0.1' } });
  });
  afterAll(() => proxied.stop());

  it.each(Object.keys(HOSTILE))(
    '#11 in mails start with APP_URL, whatever %s says, also behind a trusted proxy',
    async (name) => {
      const headers = HOSTILE[name] ?? {};
      for (const service of [app, proxied]) {
        const email = `${randomUUID()}@example.com`;
        const body = document('iam:accounts', { name: 'Ada', email });
        const created = await send(service, 'POST', '/accounts', { token: root.token, headers, body });
        expect(created.status).toBe(200);
        await send(service, 'POST', '/account/passwords/request_reset', { headers, body: { email } });
        const other = await signedIn(app);
        await send(service, 'POST', '/account/email', { token: other.token, headers, body: { email: `new-${email}` } });
        const [proof] = await mailsTo(app, `new-${email}`);
        for (const { parsed, source } of [...(await mailsTo(app, email, 2)), ...(proof ? [proof] : [])]) {
          expect(source).not.toContain('evil');
          const links = [...`${parsed.text}`.matchAll(/https?:\/\/[^\s/?]+/g)].map(([link]) => link);
          expect(new Set(links)).toEqual(new Set([APP_URL]));
        }
        expect(created.headers.get('location')).toBe(`/accounts/${created.body.data.id}`);
        const listed = await send(service, 'GET', '/accounts?page[size]=1', { token: root.token, headers });
        expect(created.text + listed.text).not.toContain('evil');
      }
    },
  );

  it('#11 in documents are paths, which name no host', async () => {
    const org = await organization(app);
    const { get } = await signedIn(app, { org: [org] });
    for (const path of ['/auth/me', '/accounts?included=organizations', '/account_sessions', '/organizations']) {
      const { text } = await get(path, { host: 'evil.example.net' });
      expect(text).not.toMatch(/https?:|evil|127\.0\.0\.1:/);
      const links = [...text.matchAll(/"(?:self|first|next|prev|last|related)":"([^"]*)"/g)].map(([, link]) => link);
      expect(links.length).toBeGreaterThan(0);
      for (const link of links) expect(link).toMatch(/^\/[a-z]/);
    }
    expect((await as(app).get('/auth/me', { host: 'evil.example.net' })).text).not.toContain('evil');
  });
});
