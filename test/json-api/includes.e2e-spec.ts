import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, ids } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

interface Identifier {
  type: string;
  id: string;
}

interface Linked {
  relationships: { accounts: { data: Identifier[] } };
}

const key = ({ type, id }: Identifier): string => `${type} ${id}`;

describe('Documents with relationships', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;
  let orgs: string[];
  let people: { id: string }[];

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
    orgs = [await organization(app, 'One'), await organization(app, 'Two')].sort();
    people = [
      await account(app, { org: orgs }),
      await account(app, { org: orgs.slice(0, 1) }),
      await account(app, { org: [] }),
    ];
  });
  afterAll(() => app.stop());

  it('include each resource once, all linked from the primary data', async () => {
    const { body } = await root.get('/accounts?included=organizations,account_sessions');
    const included: Identifier[] = body.included;
    expect(new Set(included.map(key)).size).toBe(included.length);
    const linked = new Set<string>(
      body.data.flatMap(({ relationships }: { relationships: Record<string, { data: Identifier[] }> }) =>
        Object.values(relationships).flatMap(({ data }) => data.map(key)),
      ),
    );
    expect(new Set(included.map(key))).toEqual(linked);
    const of = (id: string) => body.data.find((one: Identifier) => one.id === id).relationships.organizations.data;
    expect(people.map(({ id }) => of(id).map((one: Identifier) => one.id))).toEqual([orgs, orgs.slice(0, 1), []]);
  });

  it.each([
    'included=account',
    'include=account',
    'included[]=account',
    'include[]=account',
    'included=account&include=account',
  ])('take %s alike', async (query) => {
    const { body } = await root.get(`/account_sessions?${query}`);
    expect(body.data[0].relationships.account.data).toEqual({ type: 'iam:accounts', id: root.id });
    expect(body.included.map(key)).toEqual([`iam:accounts ${root.id}`]);
  });

  it('have no included member unless it was asked for, and then also when it is empty', async () => {
    expect((await root.get('/accounts')).body).not.toHaveProperty('included');
    expect((await root.get(`/accounts/${people[2]?.id}?included=organizations`)).body.included).toEqual([]);
  });

  it('link to what is related, where the very same rows are', async () => {
    const { body } = await root.get(`/organizations/${orgs[0]}?included=accounts`);
    const { links, data } = body.data.relationships.accounts;
    expect(ids(await root.get(links.related))).toEqual(data.map(({ id }: Identifier) => id));
    const person = (await root.get(`/accounts/${people[0]?.id}`)).body.data;
    expect(ids(await root.get(person.relationships.organizations.links.related))).toEqual(orgs);
    const own = (await root.get(`/accounts/${root.id}`)).body.data.relationships.account_sessions.links.related;
    expect(ids(await root.get(own)).length).toBeGreaterThan(0);
    const [session] = (await root.get('/account_sessions')).body.data;
    expect((await root.get(session.relationships.account.links.related)).body.data.id).toBe(root.id);
  });

  it('show only the fields that were asked for, of the primary and of the included resources', async () => {
    const { body } = await root.get(
      '/accounts?included=organizations&fields[iam:accounts]=name&fields[iam:organizations]=created_at',
    );
    for (const { attributes, relationships } of body.data) {
      expect([Object.keys(attributes), relationships]).toEqual([['name'], undefined]);
    }
    for (const { attributes } of body.included) expect(Object.keys(attributes)).toEqual(['created_at']);
  });

  it('have neither attributes nor relationships where no field was asked for', async () => {
    const { body } = await root.get(`/accounts/${root.id}?fields[iam:accounts]=`);
    const links = { self: `/accounts/${root.id}` };
    expect(body.data).toEqual({ type: 'iam:accounts', id: root.id, links, meta: { version: 1 } });
  });

  it('take fields as a list or repeated, relationships among them', async () => {
    const path = `/accounts/${root.id}`;
    const list = await root.get(`${path}?fields[iam:accounts]=name,organizations`);
    const repeated = await root.get(`${path}?fields[iam:accounts][]=name&fields[iam:accounts][]=organizations`);
    expect(repeated.body).toEqual(list.body);
    expect(Object.keys(list.body.data.relationships)).toEqual(['organizations']);
  });

  it.each([
    ['fields[iam:accounts]=hashed_password', 'fields[iam:accounts]'],
    ['fields[iam:accounts]=password_reset_token_expires_at', 'fields[iam:accounts]'],
    ['fields[iam:accounts]=email_key', 'fields[iam:accounts]'],
    ['fields[iam:nope]=name', 'fields[iam:nope]'],
    ['fields=name', 'fields'],
    ['included=account_sessions.account', 'included'],
    ['include=__proto__', 'include'],
    ['sort=hashed_password', 'sort'],
  ])('reject %s', async (query, parameter) => {
    expect(errorsOf(await root.get(`/accounts?${query}`))).toEqual([`400 invalid_parameter ${parameter}`]);
  });

  it('include and link nothing that the actor may not read', async () => {
    const [own, other] = orgs as [string, string];
    const owner = await signedIn(app, { role: 'org_owner', org: [own] });
    const { body } = await owner.get(`/accounts/${people[0]?.id}?included=organizations,account_sessions`);
    expect(body.data.relationships.organizations.data).toEqual([{ type: 'iam:organizations', id: own }]);
    expect(body.data.attributes.role_scope).toEqual({ org: [own] });
    expect(JSON.stringify(body)).not.toContain(other);
  });

  it('cost one statement for the list and its count, and one for each include', async () => {
    const pool = poolOf(app.nest.get(DataSource)) as unknown as {
      query: (statement: unknown) => unknown;
    };
    const statements = async (path: string): Promise<number> => {
      const query = jest.spyOn(pool, 'query');
      expect((await root.get(path)).status).toBe(200);
      const texts = query.mock.calls.map(([statement]) => (statement as { text?: string }).text ?? '');
      query.mockRestore();
      return texts.filter((text) => text.startsWith('SELECT')).length;
    };
    expect(await statements('/accounts')).toBe(1);
    expect(await statements('/accounts?count=true')).toBe(1);
    expect(await statements('/accounts?page[after]=&sort=-name')).toBe(1);
    expect(await statements('/accounts?included=organizations')).toBe(2);
    expect(await statements('/accounts?included=organizations,account_sessions&count=true')).toBe(3);
    expect(await statements('/account_sessions?included=account')).toBe(2);
    expect(await statements('/organizations?included=accounts')).toBe(2);
    expect(await statements(`/accounts/${root.id}`)).toBe(1);
  });
});

describe('A page that would include more than an answer can hold', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.sql(`
      WITH people AS (
        INSERT INTO accounts (id, name, email, email_key, role_name)
        SELECT gen_random_uuid(), 'Jane', n || '@example.com', n || '@example.com', 'user' FROM generate_series(1, 1000) n
        RETURNING id
      ), many AS (
        INSERT INTO organizations (id, name)
        SELECT gen_random_uuid(), 'Large ' || n FROM generate_series(1, 101) n
        RETURNING id
      )
      INSERT INTO memberships (account_id, organization_id) SELECT people.id, many.id FROM people, many`);
  }, 30_000);
  afterAll(() => app.stop());

  it('is rejected with the parameter to change, and a smaller one is not', async () => {
    const { get } = await admin(app);
    for (const parameter of ['included', 'include[]']) {
      const rejected = await get(`/organizations?${parameter}=accounts&fields[iam:accounts]=name`);
      expect(errorsOf(rejected)).toEqual([`400 invalid_parameter ${parameter}`]);
      expect(rejected.body.errors[0].detail).toContain('smaller page');
    }
    const taken = await get('/organizations?included=accounts&fields[iam:accounts]=name&page[size]=2');
    expect(taken.body.data.map(({ relationships }: Linked) => relationships.accounts.data.length)).toEqual([
      1000, 1000,
    ]);
  });

  it('counts each resource once, over all relationships, and has 10,000 of them at most', async () => {
    const { get } = await admin(app);
    await app.sql(
      `INSERT INTO account_sessions (id, account_id, nonce, ip, refreshed_at, expires_at)
       SELECT gen_random_uuid(), person.id, 'nonce', '192.0.2.1', now(), now() + interval '1 day'
       FROM (SELECT id FROM accounts WHERE name = 'Jane' ORDER BY id LIMIT 10) person, generate_series(1, 990)`,
    );
    const jane = '/accounts?filter[name]=Jane&fields[iam:account_sessions]=ip&fields[iam:organizations]=name';
    const path = `${jane}&include=account_sessions,organizations&page[size]=10`;
    // 9,900 sessions and 101 organizations, each of which all ten have.
    expect(errorsOf(await get(path))).toEqual(['400 invalid_parameter include']);
    const fewer = await get(`${jane}&include=organizations,account_sessions&page[size]=9`);
    expect(fewer.body.included).toHaveLength(9 * 990 + 101);
    expect(fewer.body.data[8].relationships.organizations.data).toHaveLength(101);
    await app.sql('DELETE FROM organizations WHERE id = (SELECT id FROM organizations LIMIT 1)');
    expect((await get(path)).body.included).toHaveLength(10_000);
  });
});
