import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, ids } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

const TYPE = 'iam:organizations';
const AT_NAME = '422 validation_failed /data/attributes/name';

/** One organization: created, shown, changed, deleted. The collection is in `index.e2e-spec.ts`. */
describe('Organizations', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('are created by an admin, shown, changed and deleted', async () => {
    const { post, get, patch, delete: remove } = await admin(app);
    const created = await post('/organizations', document(TYPE, { name: '  Acme ' }));
    expect(created.status).toBe(200);
    const { id, attributes } = created.body.data;
    expect(attributes).toEqual({
      name: 'Acme',
      mfa_required: false,
      created_at: expect.any(String),
      updated_at: attributes.created_at,
    });
    expect(created.headers.get('location')).toBe(`/organizations/${id}`);
    const shown = await get(`/organizations/${id}`);
    expect([shown.body, shown.headers.get('etag')]).toEqual([created.body, created.headers.get('etag')]);
    const changed = await patch(`/organizations/${id}`, document(TYPE, { name: 'Acme Ltd' }, id));
    expect([changed.status, changed.body.data.attributes.name]).toEqual([200, 'Acme Ltd']);
    expect((await remove(`/organizations/${id}`)).status).toBe(204);
    expect(errorsOf(await get(`/organizations/${id}`))).toEqual(['404 not_found']);
    expect(errorsOf(await remove(`/organizations/${id}`))).toEqual(['404 not_found']);
  });

  it('are seen by their members only', async () => {
    const [own, other] = [await organization(app), await organization(app)];
    const { get } = await signedIn(app, { org: [own] });
    expect(ids(await get('/organizations'))).toEqual([own]);
    expect(errorsOf(await get(`/organizations/${other}`))).toEqual(['404 not_found']);
  });

  describe('when one is written', () => {
    it.each([
      ['x', 'x'],
      ['\u{1f600}'.repeat(200), '\u{1f600}'.repeat(200)],
      [' \tAcme & <Sons> "Ltd" \n', 'Acme & <Sons> "Ltd"'],
    ])('take the name %j', async (sent, stored) => {
      const { post, patch } = await admin(app);
      const created = await post('/organizations', document(TYPE, { name: sent }));
      expect(created.body.data.attributes.name).toBe(stored);
      const { id } = created.body.data;
      await patch(`/organizations/${id}`, document(TYPE, { name: 'Other' }));
      const changed = await patch(`/organizations/${id}`, document(TYPE, { name: sent }));
      expect(changed.body.data.attributes.name).toBe(stored);
    });

    it.each([
      [''],
      [' '],
      ['\u{1f600}'.repeat(201)],
      ['a\nb'],
      ['a\u0000b'],
      ['\udfff'],
      [null],
      [7],
      [['Acme']],
      [{}],
    ])('reject the name %j', async (name) => {
      const { post, patch } = await admin(app);
      const id = await organization(app);
      for (const response of [
        await post('/organizations', document(TYPE, { name })),
        await patch(`/organizations/${id}`, document(TYPE, { name })),
      ]) {
        expect([...new Set(errorsOf(response))]).toEqual([AT_NAME]);
      }
    });

    it('need a name, may share it with another one, and know nothing else', async () => {
      const { post, patch } = await admin(app);
      const strange = { created_at: '2026-01-01T00:00:00.000Z', nope: 1, id: randomUUID(), accounts: [], version: 1 };
      const expected = Object.keys(strange).map((name) => `422 validation_failed /data/attributes/${name}`);
      expect(errorsOf(await post('/organizations', document(TYPE, {})))).toEqual([AT_NAME]);
      expect(errorsOf(await post('/organizations', document(TYPE, { name: 'Acme', ...strange })))).toEqual(expected);
      const id = await organization(app, 'Acme');
      expect(errorsOf(await patch(`/organizations/${id}`, document(TYPE, strange)))).toEqual(expected);
      expect((await post('/organizations', document(TYPE, { name: 'Acme' }))).status).toBe(200);
    });

    it('take the whole object that a client got, and raise the version only when something changes', async () => {
      const { get, patch } = await admin(app);
      const path = `/organizations/${await organization(app, 'Acme')}`;
      const before = await get(path);
      const same = await patch(path, before.body);
      expect([same.status, same.body, same.headers.get('etag')]).toEqual([
        200,
        before.body,
        before.headers.get('etag'),
      ]);
      const changed = await patch(path, document(TYPE, { name: 'Acme Ltd' }));
      expect(changed.headers.get('etag')?.split('-')[0]).toBe('"2');
      expect(changed.body.data.attributes.updated_at > before.body.data.attributes.updated_at).toBe(true);
    });

    it('reject another type or id, an id of the client, and what is no document', async () => {
      const { post, patch } = await admin(app);
      const id = await organization(app);
      const attributes = { name: 'Acme' };
      expect(errorsOf(await post('/organizations', document(TYPE, attributes, randomUUID())))).toEqual([
        '403 forbidden /data/id',
      ]);
      expect(errorsOf(await post('/organizations', document('iam:accounts', attributes)))).toEqual([
        '409 conflict /data/type',
      ]);
      expect(errorsOf(await patch(`/organizations/${id}`, document(TYPE, attributes, randomUUID())))).toEqual([
        '409 conflict /data/id',
      ]);
      for (const body of [{}, [], { data: null }, 'null', undefined]) {
        expect(errorsOf(await post('/organizations', body))).toEqual(['400 malformed_body /data']);
        expect(errorsOf(await patch(`/organizations/${id}`, body))).toEqual(['400 malformed_body /data']);
      }
      expect(errorsOf(await post('/organizations', { data: { type: TYPE } }))).toEqual([
        '400 malformed_body /data/attributes',
      ]);
    });

    it('are written only while they have the version that If-Match names', async () => {
      const { get, patch, delete: remove } = await admin(app);
      const path = `/organizations/${await organization(app)}`;
      const stale = { 'if-match': (await get(path)).headers.get('etag') ?? '' };
      expect((await patch(path, document(TYPE, { name: 'Acme' }), stale)).status).toBe(200);
      const rejected = ['412 precondition_failed If-Match'];
      expect(errorsOf(await patch(path, document(TYPE, { name: 'Other' }), stale))).toEqual(rejected);
      expect(errorsOf(await remove(path, stale))).toEqual(rejected);
      expect((await remove(path, { 'if-match': '*' })).status).toBe(204);
    });
  });

  describe('when one is deleted', () => {
    it('leave the role_scope of every account, whose entity tag changes, and change no other account', async () => {
      const { get, delete: remove } = await admin(app);
      const [gone, stays] = [await organization(app), await organization(app)];
      const both = await account(app, { org: [gone, stays] });
      const only = await account(app, { org: [gone], columns: { role_scope_extra: '{"region":["eu"]}' } });
      const other = await account(app, { org: [stays] });
      const look = async () => {
        const responses = [];
        for (const { id } of [both, only, other]) responses.push(await get(`/accounts/${id}`));
        return responses.map(({ body, headers }) => ({
          scope: body.data.attributes.role_scope,
          version: Number(headers.get('etag')?.split('-')[0]?.slice(1)),
        }));
      };
      const before = await look();
      expect((await remove(`/organizations/${gone}`)).status).toBe(204);
      const scopes = [{ org: [stays] }, { region: ['eu'] }, { org: [stays] }];
      expect(await look()).toEqual(
        before.map(({ version }, i) => ({ scope: scopes[i], version: i < 2 ? version + 1 : version })),
      );
    });

    it('make an earlier write of such an account stale', async () => {
      const { get, patch, delete: remove } = await admin(app);
      const org = await organization(app);
      const { id } = await account(app, { org: [org] });
      const stale = await get(`/accounts/${id}`);
      await remove(`/organizations/${org}`);
      const headers = { 'if-match': stale.headers.get('etag') ?? '' };
      expect((await patch(`/accounts/${id}`, stale.body, headers)).status).toBe(412);
      expect(errorsOf(await patch(`/accounts/${id}`, stale.body))).toContain(
        '422 validation_failed /data/attributes/role_scope',
      );
    });

    it('take their owners the reach that they gave, at once', async () => {
      const org = await organization(app);
      const person = await account(app, { org: [org] });
      const owner = await signedIn(app, { role: 'org_owner', org: [org] });
      expect((await owner.get(`/accounts/${person.id}`)).status).toBe(200);
      await (await admin(app)).delete(`/organizations/${org}`);
      expect((await owner.get(`/accounts/${person.id}`)).status).toBe(404);
      expect(ids(await owner.get('/accounts'))).toEqual([]);
      expect((await owner.get('/auth/me')).body.data.attributes.role_scope).toEqual({});
    });

    it('wait for an account that is being put into one: it never points to what is gone', async () => {
      const { post, delete: remove } = await admin(app);
      for (let round = 0; round < 5; round++) {
        const org = await organization(app);
        const attributes = { name: 'Ada', email: `${randomUUID()}@example.com`, role_name: 'user' };
        const [made, removed] = await Promise.all([
          post('/accounts', document('iam:accounts', { ...attributes, role_scope: { org: [org] } })),
          remove(`/organizations/${org}`),
        ]);
        expect(removed.status).toBe(204);
        expect([200, 422]).toContain(made.status);
        expect(await app.sql('SELECT 1 FROM memberships WHERE organization_id = $1', [org])).toEqual([]);
      }
    });
  });
});
