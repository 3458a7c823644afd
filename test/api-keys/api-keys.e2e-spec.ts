import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { settled } from '../events/listeners.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { mailsTo } from '../accounts/mails.js';
import { createKey, keyOf, serviceAccount } from './keys.js';

const FORM = /^iam_[0-9A-Za-z]{59}$/;
const DAY = 24 * 3_600_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
const OWN = ['iam:accounts.read.own'];

describe('API keys', () => {
  let app: TestApp;
  let root: ApiClient & { id: string };

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  it('are made by everyone for the own account, and shown once', async () => {
    const user = await signedIn(app);
    const response = await createKey(user, { permissions: OWN });
    expect(response.status).toBe(200);
    const { key } = response.body.meta;
    expect(key).toMatch(FORM);
    const { id, attributes } = response.body.data;
    expect(attributes).toMatchObject({
      account_id: user.account.id,
      created_by: user.account.id,
      key_label: `${key.slice(0, 8)}…${key.slice(-4)}`,
      status: 'active',
      role_scope: null,
      revoked_at: null,
      last_used_at: null,
    });
    const days = (Date.parse(attributes.expires_at) - Date.now()) / DAY;
    expect(Math.round(days)).toBe(90);
    expect((await user.get(`/api_keys/${id}`)).text).not.toContain(key.slice(8, -4));
    expect(ids(await user.get('/api_keys'))).toEqual([id]);
    expect((await user.get(`/api_keys/${id}?included=account`)).body.included[0].id).toBe(user.account.id);
  });

  it('sign requests in, with what both their permissions and their owner allow', async () => {
    const user = await signedIn(app);
    const key = await keyOf(app, user, OWN);
    const me = await key.get('/auth/me');
    expect(me.body.meta).toEqual({ api_key_id: key.id });
    expect(me.body.data.attributes).toMatchObject({ role_name: 'user', role_rights: OWN });
    expect((await key.get(`/accounts/${user.account.id}`)).status).toBe(200);
    const change = document('iam:accounts', { name: 'Changed' });
    expect(errorsOf(await key.patch(`/accounts/${user.account.id}`, change))).toEqual(['403 forbidden']);
    expect((await user.get(`/api_keys/${key.id}`)).body.data.attributes.last_used_at).not.toBeNull();
  });

  it('cost no query per request once they are known, and one write a minute at most', async () => {
    const user = await signedIn(app);
    const { get, id, key } = await keyOf(app, user, OWN);
    const written = () => app.sql('SELECT xmin::text, last_used_at FROM api_keys WHERE id = $1', [id]);
    expect((await get('/auth/me')).status).toBe(200);
    const first = await written();
    // Mails about the sign-in ask for their recipients.
    await settled(app);
    const pool = poolOf(app.nest.get(DataSource)) as unknown as { query: () => unknown; connect: () => unknown };
    const spies = [jest.spyOn(pool, 'query'), jest.spyOn(pool, 'connect')];
    const answers = await Promise.all(Array.from({ length: 50 }, () => get('/auth/me')));
    expect(spies.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    jest.restoreAllMocks();
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
    expect(await written()).toEqual(first);
    await app.sql(`UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE id = $1`, [id]);
    const other = await startApp({ beside: app });
    const before = await written();
    await Promise.all(Array.from({ length: 20 }, () => as(other, key).get('/auth/me')));
    const after = await written();
    await as(other, key).get('/auth/me');
    expect(after).not.toEqual(before);
    expect(await written()).toEqual(after);
    await other.stop();
  });

  it('are rejected in a cookie, changed by one character, or as another scheme', async () => {
    const { key } = await keyOf(app, await signedIn(app), OWN);
    const swap = (place: number): string =>
      key.slice(0, place) + (key[place] === 'a' ? 'b' : 'a') + key.slice(place + 1);
    for (const wrong of [swap(5), swap(30), swap(62), `${key}a`, key.slice(0, -1), key.toLowerCase(), 'iam_']) {
      const response = await as(app, wrong).get('/auth/me');
      expect([wrong, response.status]).toEqual([wrong, 401]);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    expect((await as(app).get('/auth/me', { cookie: `auth-token=${key}` })).status).toBe(401);
    expect((await as(app).get('/auth/me', { authorization: `Basic ${key}` })).status).toBe(401);
  });

  it('are replayed under an idempotency key without the key itself', async () => {
    const user = await signedIn(app);
    const body = document('iam:api_keys', { name: 'Once', permissions: OWN });
    const headers = { 'idempotency-key': 'make-it-once' };
    const [first, second] = [await user.post('/api_keys', body, headers), await user.post('/api_keys', body, headers)];
    expect(first.body.meta.key).toMatch(FORM);
    expect([second.status, second.body.data.id, second.body.meta]).toEqual([200, first.body.data.id, undefined]);
    expect(ids(await user.get('/api_keys'))).toEqual([first.body.data.id]);
  });

  it('need a fresh sign-in to be made and rotated', async () => {
    const user = await signedIn(app);
    const { id } = await keyOf(app, user, OWN);
    await app.sql(
      `UPDATE account_sessions SET authenticated_at = now() - interval '11 minutes' WHERE account_id = $1`,
      [user.account.id],
    );
    const aged = await startApp({ beside: app });
    const old = as(aged, user.token);
    expect(errorsOf(await createKey(old, { permissions: OWN }))).toEqual(['403 reauthentication_required']);
    expect(errorsOf(await old.post(`/api_keys/${id}/rotate`))).toEqual(['403 reauthentication_required']);
    expect((await old.post(`/api_keys/${id}/revoke`)).body.data.attributes.status).toBe('revoked');
    await aged.stop();
  });

  it.each<readonly [string, Record<string, unknown>, string]>([
    ['no permissions', { permissions: [] }, '422 validation_failed /data/attributes/permissions'],
    ['nothing of them', {}, '422 validation_failed /data/attributes/permissions'],
    ['101 permissions', { permissions: Array(101).fill(OWN[0]) }, '422 validation_failed /data/attributes/permissions'],
    ['a permission of another form', { permissions: ['read'] }, '422 validation_failed /data/attributes/permissions/0'],
    [
      'an unknown resource',
      { permissions: ['iam:nothing.read.own'] },
      '422 validation_failed /data/attributes/permissions/0',
    ],
    [
      'a resource of no service that the roles file declares',
      { permissions: [OWN[0], 'nope:things.read.*'] },
      '422 validation_failed /data/attributes/permissions/1',
    ],
    [
      'an unknown action',
      { permissions: ['iam:accounts.fly.own'] },
      '422 validation_failed /data/attributes/permissions/0',
    ],
    [
      'an expiry in the past',
      { permissions: OWN, expires_at: inDays(-1) },
      '422 validation_failed /data/attributes/expires_at',
    ],
    [
      'an expiry too far ahead',
      { permissions: OWN, expires_at: inDays(366) },
      '422 validation_failed /data/attributes/expires_at',
    ],
    ['no expiry', { permissions: OWN, expires_at: null }, '422 validation_failed /data/attributes/expires_at'],
    ['an empty name', { permissions: OWN, name: ' ' }, '422 validation_failed /data/attributes/name'],
    ['a status', { permissions: OWN, status: 'revoked' }, '422 validation_failed /data/attributes/status'],
    [
      'an account that does not exist',
      { permissions: OWN, account_id: '01900000-0000-7000-8000-000000000000' },
      '422 validation_failed /data/attributes/account_id',
    ],
    [
      'a role scope of another form',
      { permissions: ['*.*.*'], role_scope: { nope: ['a'] } },
      '422 validation_failed /data/attributes/role_scope',
    ],
  ])('are not made with %s', async (_, attributes, error) => {
    expect(errorsOf(await createKey(root, attributes))).toEqual([error]);
  });

  it('may expire as late as API_KEY_MAX_DAYS says, or never with 0', async () => {
    expect((await createKey(root, { permissions: OWN, expires_at: inDays(364) })).status).toBe(200);
    const [short, endless] = [
      await startApp({ beside: app, env: { API_KEY_MAX_DAYS: '30' } }),
      await startApp({ beside: app, env: { API_KEY_MAX_DAYS: '0' } }),
    ];
    const { token } = await admin(app);
    const made = await createKey(as(short, token), { permissions: OWN });
    expect(Math.round((Date.parse(made.body.data.attributes.expires_at) - Date.now()) / DAY)).toBe(30);
    const never = await createKey(as(endless, token), { permissions: OWN, expires_at: null });
    expect(never.body.data.attributes).toMatchObject({ expires_at: null, status: 'active' });
    const me = await as(app, never.body.meta.key).get('/auth/me');
    expect(me.body.data.attributes.exp).toBeNull();
    await Promise.all([short.stop(), endless.stop()]);
  });

  it('take another name and an earlier expiry, and nothing else', async () => {
    const user = await signedIn(app);
    const { id } = await keyOf(app, user, OWN, { expires_at: inDays(10) });
    const change = (attributes: Record<string, unknown>) =>
      user.patch(`/api_keys/${id}`, document('iam:api_keys', attributes, id));
    const changed = await change({ name: 'Renamed', expires_at: inDays(5) });
    expect(changed.body.data.attributes.name).toBe('Renamed');
    for (const attributes of [{ expires_at: inDays(6) }, { expires_at: null }, { expires_at: inDays(-1) }]) {
      expect(errorsOf(await change(attributes))).toEqual(['422 validation_failed /data/attributes/expires_at']);
    }
    for (const [name, value] of Object.entries({
      permissions: ['iam:accounts.update.own'],
      account_id: root.id,
      role_scope: {},
      status: 'revoked',
      key_label: 'iam_xxxx…xxxx',
      created_by: root.id,
    })) {
      expect(errorsOf(await change({ [name]: value }))).toEqual([`422 validation_failed /data/attributes/${name}`]);
    }
  });

  it('are found by owner, status, name and times', async () => {
    const user = await signedIn(app);
    const [active, revoked, expired] = [
      await keyOf(app, user, OWN, { name: 'Alpha build' }),
      await keyOf(app, user, OWN, { name: 'Beta' }),
      await keyOf(app, user, OWN, { name: 'Gamma' }),
    ];
    await user.post(`/api_keys/${revoked.id}/revoke`);
    await app.sql(`UPDATE api_keys SET expires_at = now() - interval '1 hour' WHERE id = $1`, [expired.id]);
    const find = async (query: string) => ids(await user.get(`/api_keys?${query}`));
    expect(await find('filter[status]=active')).toEqual([active.id]);
    expect(await find('filter[status]=revoked')).toEqual([revoked.id]);
    expect(await find('filter[status__in]=expired,revoked')).toEqual([revoked.id, expired.id]);
    expect(await find('filter[name__match]=BUILD')).toEqual([active.id]);
    expect(await find('filter[name]=Beta')).toEqual([revoked.id]);
    expect(await find(`filter[account_id]=${user.account.id}&sort=-name`)).toEqual([expired.id, revoked.id, active.id]);
    expect(await find(`filter[expires_at__lte]=${new Date().toISOString()}`)).toEqual([expired.id]);
    expect(await find(`filter[id]=${active.id}`)).toEqual([active.id]);
    expect(errorsOf(await user.get('/api_keys?sort=status'))).toEqual(['400 invalid_parameter sort']);
    expect(errorsOf(await user.get('/api_keys?filter[status]=lost'))).toEqual(['400 invalid_parameter filter[status]']);
    expect(await find(`filter[created_at__gte]=${inDays(-1)}&filter[last_used_at__lte]=${inDays(1)}`)).toEqual([]);
  });

  it('are those of others for an admin, who ends them and does nothing else with them', async () => {
    const user = await signedIn(app);
    const key = await keyOf(app, user, OWN);
    const path = `/api_keys/${key.id}`;
    expect((await root.get(path)).status).toBe(200);
    expect(errorsOf(await root.patch(path, document('iam:api_keys', { name: 'Mine' }, key.id)))).toEqual([
      '403 forbidden',
    ]);
    expect(errorsOf(await root.post(`${path}/rotate`))).toEqual(['403 forbidden']);
    expect(errorsOf(await createKey(root, { permissions: OWN, account_id: user.account.id }))).toEqual([
      '403 forbidden /data/attributes/account_id',
    ]);
    const other = await signedIn(app, { role: 'org_owner', org: [await organization(app)] });
    for (const response of [await other.get(path), await other.post(`${path}/revoke`), await other.delete(path)]) {
      expect(response.status).toBe(404);
    }
    expect((await key.get('/auth/me')).status).toBe(200);
    expect((await root.post(`${path}/revoke`)).body.data.attributes.status).toBe('revoked');
    expect((await key.get('/auth/me')).status).toBe(401);
    expect((await root.delete(path)).status).toBe(204);
  });

  it('of services are made by who owns all of their organizations, and mailed about', async () => {
    const [mine, foreign] = [await organization(app), await organization(app)];
    const owner = await signedIn(app, { role: 'org_owner', org: [mine] });
    const service = await serviceAccount(owner, { role_name: 'org_owner', role_scope: { org: [mine] } });
    const key = await keyOf(app, owner, ['iam:accounts.read.org'], { account_id: service, name: 'Sync' });
    expect(ids(await key.get('/accounts')).sort()).toEqual([owner.account.id, service].sort());
    expect((await mailsTo(app, owner.account.email))[0]?.parsed.text).toContain('Name: Sync');
    expect((await owner.post(`/api_keys/${key.id}/rotate`)).status).toBe(200);
    const shared = await serviceAccount(root, { role_scope: { org: [mine, foreign] } });
    expect(errorsOf(await createKey(owner, { permissions: OWN, account_id: shared }))).toEqual([
      '403 forbidden /data/attributes/account_id',
    ]);
    const elsewhere = await serviceAccount(root, { role_scope: { org: [foreign] } });
    expect(errorsOf(await createKey(owner, { permissions: OWN, account_id: elsewhere }))).toEqual([
      '422 validation_failed /data/attributes/account_id',
    ]);
    const member = await account(app, { org: [mine] });
    expect(errorsOf(await createKey(owner, { permissions: OWN, account_id: member.id }))).toEqual([
      '403 forbidden /data/attributes/account_id',
    ]);
    await app.sql('INSERT INTO memberships (account_id, organization_id) VALUES ($1, $2)', [service, foreign]);
    expect((await owner.get(`/api_keys/${key.id}`)).status).toBe(404);
  });

  it('of a service keep to its organizations, or to those that they name', async () => {
    const [first, second, third] = [await organization(app), await organization(app), await organization(app)];
    const service = await serviceAccount(root, { role_name: 'org_owner', role_scope: { org: [first, second] } });
    const permissions = ['iam:organizations.read.org'];
    const all = await keyOf(app, root, permissions, { account_id: service });
    const narrow = await keyOf(app, root, permissions, { account_id: service, role_scope: { org: [second] } });
    expect(ids(await all.get('/organizations'))).toEqual([first, second]);
    expect(ids(await narrow.get('/organizations'))).toEqual([second]);
    expect((await narrow.get('/auth/me')).body.data.attributes.role_scope).toEqual({ org: [second] });
    expect(
      errorsOf(await createKey(root, { permissions, account_id: service, role_scope: { org: [first, third] } })),
    ).toEqual(['403 forbidden /data/attributes/role_scope']);
    const ofAdmin = await keyOf(app, root, ['iam:organizations.read.*'], { role_scope: { org: [third] } });
    expect(ids(await ofAdmin.get('/organizations'))).toEqual([third]);
  });

  it('are rotated with an overlap, in which both are good', async () => {
    const user = await signedIn(app);
    const key = await keyOf(app, user, OWN);
    const rotate = (body?: unknown) => user.post(`/api_keys/${key.id}/rotate`, body);
    const first = await rotate({ overlap_seconds: 600 });
    const next = as(app, first.body.meta.key);
    expect(first.body.data.id).toBe(key.id);
    expect(first.body.data.attributes.key_label).toBe(
      `${first.body.meta.key.slice(0, 8)}…${first.body.meta.key.slice(-4)}`,
    );
    for (const client of [key, next]) expect((await client.get('/auth/me')).status).toBe(200);
    const last = as(app, (await rotate()).body.meta.key);
    for (const client of [key, next]) expect((await client.get('/auth/me')).status).toBe(401);
    expect((await last.get('/auth/me')).status).toBe(200);
    for (const overlap of [-1, 604_801, 1.5, '10']) {
      expect(errorsOf(await rotate({ overlap_seconds: overlap }))).toEqual(['422 validation_failed /overlap_seconds']);
    }
    await user.post(`/api_keys/${key.id}/revoke`);
    expect(errorsOf(await rotate())).toEqual(['409 conflict']);
  });
});
