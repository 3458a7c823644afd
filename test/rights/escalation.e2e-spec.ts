import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, ids, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn, type AccountOptions } from '../support/factories.js';
import { customRoles } from './roles.js';

const TYPE = 'iam:accounts';
const at = (name: string): string => `403 forbidden /data/attributes/${name}`;
const extra = (scope: object) => ({ columns: { role_scope_extra: JSON.stringify(scope) } });

/** No actor grants a right that it does not have, to others or to itself (wire contract, section 7). */
describe('Power', () => {
  const roles = customRoles({
    roles: {
      clerk: { rank: 15, rights: ['iam:accounts.*.*', 'iam:organizations.read.org'] },
    },
    role_scope_keys: { region: { values: ['eu', 'us'] }, team: {} },
  });
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: roles.env });
  });
  afterAll(async () => {
    await app.stop();
    roles.remove();
  });

  const create = ({ post }: ApiClient, attributes: Record<string, unknown> = {}) =>
    post(
      '/accounts',
      document(TYPE, { name: 'Ada', email: `${randomUUID()}@example.com`, role_name: 'user', ...attributes }),
    );
  const change = ({ patch }: ApiClient, id: string, attributes: Record<string, unknown>) =>
    patch(`/accounts/${id}`, document(TYPE, attributes));
  const organizationsOf = async (id: string): Promise<string[]> => {
    const rows = await app.sql<{ id: string }>(
      'SELECT organization_id AS id FROM memberships WHERE account_id = $1 ORDER BY 1',
      [id],
    );
    return rows.map((row) => row.id);
  };

  /** An owner of one organization, that organization, and another one. */
  const owner = async (options: AccountOptions = {}) => {
    const [red, blue] = [await organization(app, 'Red'), await organization(app, 'Blue')];
    const actor = await signedIn(app, { role: 'org_owner', org: [red], ...options });
    return { ...actor, red, blue, own: { role_scope: { org: [red] } } };
  };

  describe('of a role', () => {
    it.each<[role: string, may: string[], mayNot: string[]]>([
      ['clerk', ['user', 'clerk'], ['org_owner', 'admin', 'system']],
      ['org_owner', ['user', 'clerk', 'org_owner'], ['admin', 'system']],
      ['admin', ['user', 'clerk', 'org_owner', 'admin'], ['system']],
    ])('%s is given up to its own rank and no further', async (role, may, mayNot) => {
      const org = await organization(app);
      const actor = await signedIn(app, { role, org: [org] });
      for (const name of [...may, ...mayNot]) {
        const expected = may.includes(name) ? [] : [at('role_name')];
        const target = await account(app, { role: name === 'user' ? 'anonymous' : 'user', org: [org] });
        const role_scope = { org: [org] };
        expect([name, errorsOf(await create(actor, { role_name: name, role_scope }))]).toEqual([name, expected]);
        expect([name, errorsOf(await change(actor, target.id, { role_name: name }))]).toEqual([name, expected]);
      }
    });

    it('that cannot be assigned is rejected, also from an actor who has it', async () => {
      const actor = await signedIn(app, { role: 'system' });
      const { id } = await account(app);
      const expected = ['422 validation_failed /data/attributes/role_name'];
      expect(errorsOf(await create(actor, { role_name: 'system' }))).toEqual(expected);
      expect(errorsOf(await change(actor, id, { role_name: 'system' }))).toEqual(expected);
    });

    it('above that of the actor protects its account from every change, also from a harmless one', async () => {
      const { red, ...actor } = await owner();
      const root = await account(app, { role: 'admin', org: [red] });
      const path = `/accounts/${root.id}`;
      const before = (await actor.get(path)).body;
      for (const attributes of [{ name: 'Mine' }, { enabled: false }, { role_name: 'user' }, { role_scope: {} }]) {
        expect(errorsOf(await change(actor, root.id, attributes))).toEqual(['403 forbidden']);
      }
      expect(errorsOf(await actor.delete(path))).toEqual(['403 forbidden']);
      expect((await actor.get(path)).body).toEqual(before);
    });

    it('is missed at once by who loses it', async () => {
      const { red, ...actor } = await owner();
      const { id } = await account(app, { org: [red] });
      expect((await actor.get(`/accounts/${id}`)).status).toBe(200);
      await change(await admin(app), actor.account.id, { role_name: 'user' });
      expect((await actor.get(`/accounts/${id}`)).status).toBe(404);
      expect((await create(actor, { role_scope: { org: [red] } })).status).toBe(403);
    });
  });

  describe('over oneself', () => {
    it.each(['user', 'org_owner', 'admin', 'system'])(
      'is changed by no %s: role_name, role_scope, enabled',
      async (role) => {
        const { red, blue, ...actor } = await owner({ role });
        const { id } = actor.account;
        const other = role === 'user' ? 'org_owner' : 'user';
        const powers = { role_name: other, role_scope: { org: [red, blue] }, enabled: false };
        for (const [name, value] of Object.entries(powers)) {
          expect(errorsOf(await change(actor, id, { [name]: value, name: 'Me' }))).toEqual([at(name)]);
        }
        expect(errorsOf(await change(actor, id, powers)).sort()).toEqual(Object.keys(powers).map(at).sort());
        expect(errorsOf(await change(actor, id, { role_scope: {} }))).toEqual([at('role_scope')]);
        const { attributes } = (await actor.get('/auth/me')).body.data;
        expect(attributes).toMatchObject({ name: 'Somebody', role_name: role, role_scope: { org: expect.anything() } });
      },
    );

    it.each(['user', 'org_owner', 'admin'])('is no error of a %s who sends the whole object back', async (role) => {
      const { get, patch, account: own } = await owner({ role });
      const whole = (await get(`/accounts/${own.id}`)).body;
      whole.data.attributes.name = 'Me';
      whole.data.attributes.picture_url = 'https://example.com/me.png';
      const response = await patch(`/accounts/${own.id}`, whole);
      expect(errorsOf(response)).toEqual([]);
      expect(response.body.data.attributes).toMatchObject({ name: 'Me', picture_url: 'https://example.com/me.png' });
    });

    it('does not reach as far as deleting oneself', async () => {
      for (const role of ['org_owner', 'admin', 'system']) {
        const actor = await owner({ role });
        expect(errorsOf(await actor.delete(`/accounts/${actor.account.id}`))).toEqual(['403 forbidden']);
      }
    });
  });

  describe('of an owner to create', () => {
    it('needs an organization, and only their own ones', async () => {
      const { red, blue, own, ...actor } = await owner();
      const rejected = [
        undefined,
        {},
        { org: [] },
        { org: [blue] },
        { org: [red, blue] },
        { org: [red, randomUUID()] },
      ];
      for (const role_scope of rejected) {
        expect(errorsOf(await create(actor, { role_scope }))).toEqual([at('role_scope')]);
      }
      const response = await create(actor, own);
      expect(response.body.data.attributes.role_scope).toEqual(own.role_scope);
      expect((await actor.get(response.headers.get('location') ?? '')).status).toBe(200);
    });

    it('leaves nothing behind where it ends', async () => {
      const { blue, ...actor } = await owner();
      const email = `${randomUUID()}@example.com`;
      await create(actor, { email, role_scope: { org: [blue] } });
      expect(ids(await (await admin(app)).get(`/accounts?filter[email]=${email}`))).toEqual([]);
    });
  });

  describe('over an account that also belongs to others', () => {
    it('does not reach to deleting, disabling or its role, each with its own error', async () => {
      const { red, blue, ...actor } = await owner();
      const { id } = await account(app, { org: [red, blue] });
      expect(errorsOf(await actor.delete(`/accounts/${id}`))).toEqual(['403 forbidden']);
      expect(errorsOf(await change(actor, id, { enabled: false, role_name: 'org_owner', name: 'Grace' }))).toEqual([
        at('enabled'),
        at('role_name'),
      ]);
      expect((await change(actor, id, { name: 'Grace' })).status).toBe(200);
    });

    it('is whole for who owns all of its organizations', async () => {
      const [red, blue] = [await organization(app), await organization(app)];
      const actor = await signedIn(app, { role: 'org_owner', org: [red, blue] });
      const { id } = await account(app, { org: [red, blue] });
      expect((await change(actor, id, { enabled: false, role_name: 'org_owner' })).status).toBe(200);
      expect((await actor.delete(`/accounts/${id}`)).status).toBe(204);
    });

    it('sees and changes its own organizations only; the others stay as they are', async () => {
      const [red, green, blue] = [await organization(app), await organization(app), await organization(app)];
      const actor = await signedIn(app, { role: 'org_owner', org: [red, green] });
      const { id } = await account(app, { org: [red, blue] });
      const path = `/accounts/${id}`;
      const whole = await actor.get(path);
      expect(whole.body.data.attributes.role_scope).toEqual({ org: [red] });
      expect((await actor.patch(path, whole.body)).body).toEqual(whole.body);
      const response = await change(actor, id, { role_scope: { org: [green] } });
      expect(response.body.data.attributes.role_scope).toEqual({ org: [green] });
      expect(response.text).not.toContain(blue);
      expect(await organizationsOf(id)).toEqual([green, blue].sort());
      expect(errorsOf(await change(actor, id, { role_scope: { org: [green, blue] } }))).toEqual([at('role_scope')]);
      expect(await organizationsOf(id)).toEqual([green, blue].sort());
    });

    it('ends when the last own organization is taken out: 200 with the row as written, then 404', async () => {
      const { red, blue, ...actor } = await owner();
      for (const org of [[red, blue], [red]]) {
        const { id } = await account(app, { org });
        const response = await change(actor, id, { role_scope: {}, name: 'Leaving' });
        expect(response.status).toBe(200);
        expect(response.body.data).toMatchObject({ id, attributes: { name: 'Leaving', role_scope: {} } });
        expect(await organizationsOf(id)).toEqual(org.filter((each) => each === blue));
        expect((await actor.get(`/accounts/${id}`)).status).toBe(404);
        expect((await change(actor, id, { role_scope: { org: [red] } })).status).toBe(404);
      }
    });
  });

  describe('of a role that writes all accounts and reads some organizations', () => {
    it('leaves the organizations that it does not see, and names none of them', async () => {
      const { red, blue, ...actor } = await owner({ role: 'clerk' });
      const { id } = await account(app, { org: [red, blue] });
      expect((await actor.get(`/accounts/${id}`)).body.data.attributes.role_scope).toEqual({ org: [red] });
      expect((await change(actor, id, { role_scope: {} })).status).toBe(200);
      expect(await organizationsOf(id)).toEqual([blue]);
      for (const org of [[blue], [randomUUID()], [red, blue]]) {
        expect(errorsOf(await change(actor, id, { role_scope: { org } }))).toEqual([at('role_scope')]);
        expect(errorsOf(await create(actor, { role_scope: { org } }))).toEqual([at('role_scope')]);
      }
    });
  });

  describe('of other keys of role_scope', () => {
    it('is given by an owner as far as they have it, and what an account has already may stay', async () => {
      const { red, ...actor } = await owner(extra({ region: ['eu'] }));
      const { id } = await account(app, { org: [red], ...extra({ region: ['us'], team: ['a'] }) });
      const set = (scope: object) => change(actor, id, { role_scope: { org: [red], ...scope } });
      expect((await set({ region: ['us', 'eu'], team: ['a'] })).status).toBe(200);
      expect(errorsOf(await set({ region: ['eu'], team: ['a', 'b'] }))).toEqual([at('role_scope')]);
      expect((await set({ region: ['eu'] })).body.data.attributes.role_scope).toEqual({ org: [red], region: ['eu'] });
      expect(errorsOf(await set({ region: ['us', 'eu'] }))).toEqual([at('role_scope')]);
      expect(errorsOf(await create(actor, { role_scope: { org: [red], region: ['us'] } }))).toEqual([at('role_scope')]);
      expect((await create(actor, { role_scope: { org: [red], region: ['eu'] } })).status).toBe(200);
    });

    it('is limited to the values that the roles file allows, for every actor', async () => {
      const actor = await admin(app);
      for (const scope of [{ region: ['mars'] }, { region: 'eu' }, { team: [''] }, { planet: ['earth'] }]) {
        expect(errorsOf(await create(actor, { role_scope: scope }))).toEqual([
          '422 validation_failed /data/attributes/role_scope',
        ]);
      }
      const scope = { region: ['eu', 'us'], team: ['anything'] };
      expect((await create(actor, { role_scope: scope })).body.data.attributes.role_scope).toEqual(scope);
    });
  });
});

/** A default value is assigned by the actor who creates the row: the same rules apply to it. */
describe('A default role above the rank of the actor', () => {
  const roles = customRoles({
    default_role: 'org_owner',
    roles: {
      recruiter: { rank: 10, rights: ['iam:accounts.*.*', 'iam:organizations.read.*'] },
      deputy: { rank: 10, rights: ['iam:accounts.*.org', 'iam:organizations.read.org'] },
      registrar: { rank: 10, rights: ['iam:accounts.create.own', 'iam:accounts.read.org'] },
    },
  });
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: roles.env });
  });
  afterAll(async () => {
    await app.stop();
    roles.remove();
  });

  const actor = async (role: string) => {
    const org = await organization(app);
    return { ...(await signedIn(app, { role, org: [org] })), role_scope: { org: [org] } };
  };
  const person = (attributes: Record<string, unknown>) =>
    document(TYPE, { name: 'Ada', email: `${randomUUID()}@example.com`, ...attributes });

  it.each(['recruiter', 'deputy'])('is not given by a %s who leaves role_name out', async (role) => {
    const { post, role_scope } = await actor(role);
    const rejected = person({ role_scope });
    expect(errorsOf(await post('/accounts', rejected))).toEqual([at('role_name')]);
    expect(await app.sql('SELECT FROM accounts WHERE email = $1', [rejected.data.attributes?.['email']])).toEqual([]);
    const taken = await post('/accounts', person({ role_scope, role_name: 'user' }));
    expect([taken.status, taken.body.data?.attributes.role_name]).toEqual([200, 'user']);
  });

  it('is not given under an idempotency key either, nor is a role that is no text taken for one left out', async () => {
    const { post, role_scope } = await actor('recruiter');
    const headers = { 'idempotency-key': randomUUID() };
    expect(errorsOf(await post('/accounts', person({ role_scope }), headers))).toEqual([at('role_name')]);
    for (const role_name of [null, 7, ['user']]) {
      expect(errorsOf(await post('/accounts', person({ role_scope, role_name })))).toEqual([
        '422 validation_failed /data/attributes/role_name',
      ]);
    }
  });

  it('is assigned by an actor of that rank, and is in the audit trail as a set attribute', async () => {
    const { post } = await admin(app);
    const { body } = await post('/accounts', person({}));
    expect(body.data.attributes.role_name).toBe('org_owner');
    const [line] = await app.sql<{ details: unknown }>(
      `SELECT details FROM audit_events WHERE target_id = $1 AND action = 'iam:accounts.created'`,
      [body.data.id],
    );
    expect(line?.details).toEqual({ attributes: ['name', 'email', 'role_name'] });
  });

  it('is no way around the scope: an actor who may create only own rows creates none, which is checked first', async () => {
    const { post, role_scope, account: own } = await actor('registrar');
    for (const email of [own.email, `${randomUUID()}@example.com`]) {
      expect(errorsOf(await post('/accounts', person({ role_scope, role_name: 'user', email })))).toEqual([
        at('role_scope'),
      ]);
    }
  });
});
