import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessOf } from '../../src/auth/authorization/actor.js';
import { rejectsApiKeys } from '../../src/auth/authentication/api-key-access.js';
import { createKey, keyOf, serviceAccount } from '../api-keys/keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids, send, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

/** The rights of the built-in roles that a person may not have. */
const RESOURCES = ['iam:accounts', 'iam:account_sessions', 'iam:organizations', 'iam:api_keys', 'iam:audit_events'];

describe('An API key', () => {
  let app: TestApp;
  let root: ApiClient & { id: string };
  let beside: TestApp;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
    beside = await startApp({ beside: app });
  });
  afterAll(async () => {
    await beside.stop();
    await app.stop();
  });

  it('is never made beyond the rights, the scope or the account of who makes it', async () => {
    const [mine, foreign] = [await organization(app), await organization(app)];
    const user = await signedIn(app, { org: [mine] });
    const owner = await signedIn(app, { role: 'org_owner', org: [mine] });
    const [person, service, outside] = [
      (await account(app, { org: [mine] })).id,
      await serviceAccount(owner, { role_scope: { org: [mine] } }),
      await serviceAccount(root, { role_name: 'admin' }),
    ];
    const permissions = ['iam:accounts.read.own'];
    const wide = [
      ...RESOURCES.flatMap((type) =>
        ['create', 'read', 'update', 'delete', '*'].map((action) => `${type}.${action}.*`),
      ),
      '*.*.*',
      '*.read.*',
      '*.*.org',
      '*.*.own',
      'iam:accounts.*.org',
      'iam:accounts.delete.own',
    ];
    const tries: readonly (readonly [ApiClient, Record<string, unknown>])[] = [
      ...wide.map((right) => [user, { permissions: [right] }] as const),
      ...wide.map((right) => [owner, { permissions: ['iam:accounts.read.org', right] }] as const),
      ...[root.id, person, service, outside, owner.account.id].map(
        (id) => [user, { permissions, account_id: id }] as const,
      ),
      ...[root.id, person, outside].map((id) => [owner, { permissions, account_id: id }] as const),
      [owner, { permissions: ['iam:accounts.read.org'], account_id: service }],
      [owner, { permissions: ['iam:organizations.read.org'], role_scope: { org: [foreign] } }],
      [owner, { permissions: ['iam:organizations.read.org'], role_scope: { org: [mine, foreign] } }],
      [user, { permissions, created_by: root.id }],
      [user, { permissions, role_name: 'admin' }],
      [user, { permissions, key: 'iam_chosen' }],
    ];
    expect(tries.length).toBeGreaterThan(50);
    for (const [by, attributes] of tries) {
      const response = await createKey(by, attributes);
      expect([attributes, [403, 422].includes(response.status), response.body.meta]).toEqual([
        attributes,
        true,
        undefined,
      ]);
    }
    const body = {
      data: {
        type: 'iam:api_keys',
        attributes: { name: 'By relationship', permissions },
        relationships: { account: { data: { type: 'iam:accounts', id: root.id } } },
      },
    };
    expect(errorsOf(await user.post('/api_keys', body))).toEqual(['403 forbidden /data/relationships/account']);
    const made = await app.sql<{ count: number }>('SELECT count(*)::int AS count FROM api_keys');
    expect(made).toEqual([{ count: 0 }]);
  });

  it('ends at once when it is revoked, expires, or its owner loses what it needs; elsewhere within a second', async () => {
    const org = await organization(app);
    const cases: Readonly<Record<string, (owner: { id: string }, keyId: string) => Promise<unknown>>> = {
      'revoked 401': (_, keyId) => root.post(`/api_keys/${keyId}/revoke`),
      'deleted 401': (_, keyId) => root.delete(`/api_keys/${keyId}`),
      'disabled 401': ({ id }) => root.patch(`/accounts/${id}`, document('iam:accounts', { enabled: false })),
      'deleted owner 401': ({ id }) => root.delete(`/accounts/${id}`),
      'demoted 403': ({ id }) => root.patch(`/accounts/${id}`, document('iam:accounts', { role_name: 'user' })),
      'moved 404': ({ id }) => root.patch(`/accounts/${id}`, document('iam:accounts', { role_scope: {} })),
    };
    for (const [name, end] of Object.entries(cases)) {
      const owner = await signedIn(app, { role: 'org_owner', org: [org] });
      const member = await account(app, { org: [org] });
      const key = await keyOf(app, owner, ['iam:accounts.update.org', 'iam:accounts.read.org']);
      const elsewhere = as(beside, key.key);
      const attempt = (client: ApiClient) =>
        client.patch(`/accounts/${member.id}`, document('iam:accounts', { name: 'A' }));
      expect([(await attempt(key)).status, (await attempt(elsewhere)).status]).toEqual([200, 200]);
      await end(owner.account, key.id);
      const status = Number(name.slice(-3));
      expect([name, (await attempt(key)).status]).toEqual([name, status]);
      await sleep(1_000);
      expect([name, (await attempt(elsewhere)).status]).toEqual([name, status]);
    }
  });

  it('reaches no route that is for people, whatever its permissions', async () => {
    const key = await keyOf(app, root, ['*.*.*']);
    const scanner = new MetadataScanner();
    let closed = 0;
    const open: string[] = [];
    for (const module of app.nest.get(ModulesContainer).values()) {
      for (const { metatype } of module.controllers.values()) {
        if (!metatype || typeof metatype !== 'function') continue;
        for (const name of scanner.getAllMethodNames(metatype.prototype)) {
          const handler = metatype.prototype[name];
          const context = { getHandler: () => handler, getClass: () => metatype as never };
          if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
          if (accessOf(context)?.kind === 'public' || !rejectsApiKeys(context)) continue;
          const paths = [Reflect.getMetadata(PATH_METADATA, metatype), Reflect.getMetadata(PATH_METADATA, handler)];
          const path = `/${paths.join('/')}`
            .replace(/\/+/g, '/')
            .replace(/:\w+/g, root.id)
            .replace(/(.)\/$/, '$1');
          const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler)] ?? 'GET';
          const response = await fetch(app.url + path, {
            method,
            redirect: 'manual',
            headers: { authorization: `Bearer ${key.key}` },
          });
          closed++;
          // The body comes first in the order of errors, and pages have forms.
          if (![403, 415].includes(response.status)) open.push(`${method} ${path} ${response.status}`);
        }
      }
    }
    expect(open).toEqual([]);
    expect(closed).toBeGreaterThan(25);
    for (const type of ['api_keys', 'account_sessions']) {
      const response = await key.get(`/accounts/${root.id}?included=${type}`);
      expect(JSON.stringify(response.body)).not.toContain(key.id + '"}}');
    }
  });

  it('sees its own sessions only, and gets 403 for those of others, whether they exist or not', async () => {
    const other = await signedIn(app);
    const key = await keyOf(app, root, ['iam:account_sessions.*.*']);
    const [session] = ids(await other.get('/account_sessions'));
    const listed = await key.get('/account_sessions');
    expect(listed.body.data.every(({ attributes }: never) => attributes['account_id'] === root.id)).toBe(true);
    for (const id of [session, '01900000-0000-7000-8000-000000000000']) {
      expect(errorsOf(await key.get(`/account_sessions/${id}`))).toEqual(['403 forbidden']);
      expect(errorsOf(await key.delete(`/account_sessions/${id}`))).toEqual(['403 forbidden']);
    }
    expect((await other.get('/auth/me')).status).toBe(200);
  });

  it('gives accounts no more than it has: by role, organization, invitation or by enabling them', async () => {
    const org = await organization(app);
    const narrow = await keyOf(app, root, ['iam:accounts.*.*', 'iam:organizations.read.*']);
    const create = (attributes: Record<string, unknown>) =>
      narrow.post('/accounts', document('iam:accounts', { email: `new-${Math.random()}@example.com`, ...attributes }));
    for (const attributes of [{}, { kind: 'service' }, { role_name: 'admin' }, { role_name: 'org_owner' }]) {
      expect(errorsOf(await create(attributes))).toEqual(['403 forbidden /data/attributes/role_name']);
    }
    const target = await account(app, { role: 'org_owner' });
    const invited = await account(app, { role: 'user', joined: false });
    const disabled = await account(app, { role: 'admin', enabled: false });
    const change = (id: string, attributes: Record<string, unknown>) =>
      narrow.patch(`/accounts/${id}`, document('iam:accounts', attributes));
    expect(errorsOf(await change(target.id, { role_name: 'admin' }))).toEqual([
      '403 forbidden /data/attributes/role_name',
    ]);
    expect(errorsOf(await change(target.id, { role_scope: { org: [org] } }))).toEqual([
      '403 forbidden /data/attributes/role_scope',
    ]);
    expect(errorsOf(await change(disabled.id, { enabled: true }))).toEqual([
      '403 forbidden /data/attributes/role_name',
    ]);
    expect(errorsOf(await narrow.post(`/accounts/${invited.id}/resend_invitation`))).toEqual(['403 forbidden']);
    expect((await change(target.id, { name: 'Renamed' })).status).toBe(200);
    expect((await narrow.get('/roles')).body.data).toHaveLength(1);
    const wide = await keyOf(app, root, ['*.*.*']);
    const made = await wide.post('/accounts', document('iam:accounts', { email: `wide-${org}@example.com` }));
    expect(made.status).toBe(200);
  });

  it('stands in no row, event, mail or log line, however it is sent', async () => {
    const user = await signedIn(app);
    const key = await keyOf(app, user, ['iam:accounts.read.own']);
    const rotated = (await user.post(`/api_keys/${key.id}/rotate`, { overlap_seconds: 60 })).body.meta.key as string;
    const canaries = [key.key, rotated].map((one) => one.slice(14, 57));
    const answers = await Promise.all([
      send(app, 'GET', `/${key.key}`),
      send(app, 'GET', `/accounts/${key.key}`, { token: user.token }),
      send(app, 'GET', `/accounts?filter[name]=${key.key}&page[size]=0`, { token: user.token }),
      send(app, 'GET', '/auth/me', { headers: { authorization: `Bearer ${key.key}x` } }),
      send(app, 'GET', '/auth/me', { headers: { 'x-request-id': key.key, cookie: `auth-token=${key.key}` } }),
      send(app, 'GET', `/api_keys/${key.id}?included=account`, { token: user.token }),
      send(app, 'GET', '/audit_events', { token: (await admin(app)).token }),
    ]);
    for (const { text } of answers.slice(5)) for (const canary of canaries) expect(text).not.toContain(canary);
    const tables = await app.sql<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) AS name FROM pg_stat_user_tables`,
    );
    for (const { name } of tables) {
      for (const canary of canaries) {
        const found = await app.sql(`SELECT FROM ${name} AS row WHERE to_jsonb(row)::text LIKE '%' || $1 || '%'`, [
          canary,
        ]);
        expect([name, found.length]).toEqual([name, 0]);
      }
    }
    const mails = app.mails.mails.map(({ parsed }) => `${parsed.text}${String(parsed.html)}`).join('');
    for (const canary of canaries) expect(mails).not.toContain(canary);
  });
});
