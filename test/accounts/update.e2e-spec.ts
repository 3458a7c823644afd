import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, type ApiResponse } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

const TYPE = 'iam:accounts';
const at = (name: string): string => `422 validation_failed /data/attributes/${name}`;
const version = (response: ApiResponse): number => Number(/^"(\d+)-/.exec(response.headers.get('etag') ?? '')?.[1]);
const shown = ({ body }: ApiResponse): Record<string, unknown> => body.data.attributes;

/** `GET` and `PATCH /accounts/{id}`: what each attribute takes, and what a write does to the row's version. */
describe('An account', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** The admin, and another account with its requests. */
  const target = async (options: Parameters<typeof account>[1] = {}) => {
    const actor = await admin(app);
    const made = await account(app, options);
    const path = `/accounts/${made.id}`;
    return {
      ...actor,
      made,
      path,
      show: () => actor.get(path),
      change: (attributes?: Record<string, unknown>, headers?: Record<string, string>) =>
        actor.patch(path, document(TYPE, attributes, made.id), headers),
    };
  };

  describe('is shown', () => {
    it('under its id, and under its id alone', async () => {
      const { get, path, made } = await target();
      expect((await get(path)).body.data).toMatchObject({ type: TYPE, id: made.id, links: { self: path } });
      for (const id of [randomUUID(), 'nope', made.id.slice(0, -1), `${made.id}0`, '%00', 'null', '..%2f']) {
        expect([id, errorsOf(await get(`/accounts/${id}`))]).toEqual([id, ['404 not_found']]);
      }
    });

    it('not at all to a client that has it already', async () => {
      const { get, path, change } = await target();
      const etag = (await get(path)).headers.get('etag') ?? '';
      const same = await get(path, { 'if-none-match': etag });
      expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
      // Another representation of the same version is another entity.
      expect((await get(`${path}?fields[iam:accounts]=name`, { 'if-none-match': etag })).status).toBe(200);
      await change({ name: 'Changed' });
      expect((await get(path, { 'if-none-match': etag })).status).toBe(200);
    });

    it('without parameters that are no business of a single resource', async () => {
      const { get, path } = await target();
      for (const name of ['sort', 'count', 'page[size]', 'filter[name]', 'nope']) {
        expect(errorsOf(await get(`${path}?${name}=1`))).toEqual([`400 invalid_parameter ${name}`]);
      }
    });
  });

  describe('is changed', () => {
    it('not at all by the whole object that a client got', async () => {
      const { show, patch, path, made } = await target({
        org: [await organization(app), await organization(app)],
        columns: { sso_channel: 'google', picture_url: 'https://example.com/a.png', role_scope_extra: '{}' },
      });
      const before = await show();
      const response = await patch(path, before.body);
      expect([response.status, response.body]).toEqual([200, before.body]);
      expect(version(response)).toBe(version(before));
      expect((await show()).headers.get('etag')).toBe(before.headers.get('etag'));
      expect((await patch(path, { data: { type: TYPE, id: made.id } })).body).toEqual(before.body);
      expect((await patch(path, { data: { type: TYPE, attributes: {} } })).body).toEqual(before.body);
    });

    it.each<[attribute: string, sent: unknown, stored: unknown]>([
      ['name', '  Grace ', 'Grace'],
      ['name', '\u{1f600}'.repeat(200), '\u{1f600}'.repeat(200)],
      ['enabled', false, false],
      ['role_name', 'org_owner', 'org_owner'],
      ['picture_url', 'http://example.com/b.png', 'http://example.com/b.png'],
      ['picture_url', null, null],
    ])('in its %s by %j, which raises its version by one', async (attribute, sent, stored) => {
      const { show, change } = await target({ columns: { picture_url: 'https://example.com/a.png' } });
      const before = await show();
      const response = await change({ [attribute]: sent });
      expect(response.status).toBe(200);
      expect(shown(response)).toEqual({
        ...shown(before),
        [attribute]: stored,
        updated_at: expect.any(String),
      });
      expect(version(response)).toBe(version(before) + 1);
      expect(String(shown(response)['updated_at']) >= String(shown(before)['updated_at'])).toBe(true);
      expect((await show()).headers.get('etag')).toBe(response.headers.get('etag'));
    });

    it('in several attributes at once, or in none when one is wrong', async () => {
      const { show, change } = await target();
      const before = await show();
      expect(errorsOf(await change({ name: 'Grace', picture_url: 'nope' }))).toEqual([at('picture_url')]);
      expect((await show()).body).toEqual(before.body);
      expect(shown(await change({ name: 'Grace', role_name: 'org_owner' }))).toMatchObject({
        name: 'Grace',
        role_name: 'org_owner',
      });
    });

    it('not by values that break a rule, all of them named', async () => {
      const { change } = await target();
      const wrong = {
        name: '',
        enabled: null,
        role_name: 'nope',
        role_scope: { org: [randomUUID(), 7] },
        picture_url: 'ftp://example.com',
        nope: 1,
        password: 'Correct-horse-8',
      };
      expect([...new Set(errorsOf(await change(wrong)))].sort()).toEqual(Object.keys(wrong).map(at).sort());
    });

    it('not in what is read-only: its e-mail, its channel and its times', async () => {
      const { change, show } = await target();
      const before = shown(await show());
      for (const name of ['email', 'sso_channel', 'joined_at', 'invitation_expired_at', 'created_at', 'updated_at']) {
        const value = name.endsWith('_at') ? '2026-01-01T00:00:00.000Z' : 'else@example.com';
        expect(errorsOf(await change({ [name]: value, name: 'Grace' }))).toEqual([at(name)]);
        expect((await change({ [name]: before[name] })).status).toBe(200);
      }
      expect(shown(await show())).toEqual(before);
    });

    it('under its own type and id only', async () => {
      const { patch, path, made } = await target();
      const attributes = { name: 'Grace' };
      expect(errorsOf(await patch(path, document('iam:organizations', attributes, made.id)))).toEqual([
        '409 conflict /data/type',
      ]);
      expect(errorsOf(await patch(path, { data: { id: made.id, attributes } }))).toEqual([
        '400 malformed_body /data/type',
      ]);
      for (const id of [randomUUID(), '', null, 7]) {
        expect(errorsOf(await patch(path, { data: { type: TYPE, id, attributes } }))).toEqual([
          '409 conflict /data/id',
        ]);
      }
    });

    it.each<[body: unknown, error: string]>([
      ['{', '400 malformed_body'],
      [{}, '400 malformed_body /data'],
      [[], '400 malformed_body /data'],
      [{ data: [] }, '400 malformed_body /data'],
      [undefined, '400 malformed_body /data'],
      [{ data: { type: TYPE, attributes: [] } }, '400 malformed_body /data/attributes'],
      [{ data: { type: TYPE, attributes: null } }, '400 malformed_body /data/attributes'],
    ])('not by %j, which is no document', async (body, error) => {
      const { patch, path } = await target();
      expect(errorsOf(await patch(path, body))).toEqual([error]);
    });

    it('not for an account that does not exist', async () => {
      const { patch } = await admin(app);
      for (const id of [randomUUID(), 'nope']) {
        expect(errorsOf(await patch(`/accounts/${id}`, document(TYPE, { name: 'Grace' })))).toEqual(['404 not_found']);
      }
    });

    it('only while it has the version that If-Match names', async () => {
      const { show, change } = await target();
      const stale = (await show()).headers.get('etag') ?? '';
      const fresh = (await change({ name: 'First' }, { 'if-match': stale })).headers.get('etag') ?? '';
      expect(errorsOf(await change({ name: 'Second' }, { 'if-match': stale }))).toEqual([
        '412 precondition_failed If-Match',
      ]);
      expect(errorsOf(await change({ name: '' }, { 'if-match': '"0-x", "nope"' }))).toEqual([
        '412 precondition_failed If-Match',
      ]);
      expect((await change({ name: 'Third' }, { 'if-match': `"0-x", W/${fresh}` })).status).toBe(200);
      expect((await change({ name: 'Fourth' }, { 'if-match': '*' })).status).toBe(200);
    });

    it('by two at once one after the other, and neither is lost', async () => {
      const { show, change } = await target();
      const before = version(await show());
      const names = Array.from({ length: 10 }, (_, i) => `Name ${i}`);
      const responses = await Promise.all(names.map((name) => change({ name })));
      expect(responses.map(version).sort((a, b) => a - b)).toEqual(names.map((_, i) => before + i + 1));
    });
  });

  describe('has a role_scope that', () => {
    it('is replaced as a whole: added to, taken from, emptied', async () => {
      const [a, b, c] = [await organization(app), await organization(app), await organization(app)];
      const { change, show } = await target({ org: [a, b] });
      const set = async (scope: object) => shown(await change({ role_scope: scope }))['role_scope'];
      expect(await set({ org: [c, b] })).toEqual({ org: [b, c].sort() });
      expect(await set({ org: [c, a, c.toUpperCase()] })).toEqual({ org: [a, c].sort() });
      expect(await set({ org: [] })).toEqual({});
      expect(await set({ org: [a] })).toEqual({ org: [a] });
      expect(await set({})).toEqual({});
      expect(shown(await show())['role_scope']).toEqual({});
    });

    it('is the sorted set of its memberships, which the database keeps', async () => {
      const [a, b] = [await organization(app), await organization(app)];
      const { change, show, made } = await target({ org: [a] });
      const before = version(await show());
      await change({ role_scope: { org: [b, a] } });
      const rows = await app.sql<{ id: string }>(
        'SELECT organization_id AS id FROM memberships WHERE account_id = $1 ORDER BY 1',
        [made.id],
      );
      expect(rows.map(({ id }) => id)).toEqual([a, b].sort());
      expect(version(await show())).toBe(before + 1);
    });

    it('names only organizations that exist', async () => {
      const own = await organization(app);
      const { change, show } = await target({ org: [own] });
      expect(errorsOf(await change({ role_scope: { org: [own, randomUUID()] } }))).toEqual([at('role_scope')]);
      expect(shown(await show())['role_scope']).toEqual({ org: [own] });
    });

    it('counts at once for what its owner reaches', async () => {
      const { change, made } = await target();
      const [red, blue] = [await organization(app), await organization(app)];
      const other = await account(app, { org: [red] });
      const owner = await signedIn(app, { role: 'org_owner', org: [blue] });
      const { patch } = await admin(app);
      expect((await owner.get(`/accounts/${other.id}`)).status).toBe(404);
      await patch(`/accounts/${owner.account.id}`, document(TYPE, { role_scope: { org: [red] } }));
      expect((await owner.get(`/accounts/${other.id}`)).status).toBe(200);
      await change({ role_scope: { org: [red] } });
      expect((await owner.get(`/accounts/${made.id}`)).status).toBe(200);
      await patch(`/accounts/${owner.account.id}`, document(TYPE, { role_scope: {} }));
      expect((await owner.get(`/accounts/${other.id}`)).status).toBe(404);
    });
  });
});
