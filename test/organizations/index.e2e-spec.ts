import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { column, errorsOf, ids, type ApiResponse } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

interface Row {
  readonly name?: string;
  readonly created_at?: string;
  readonly updated_at?: string;
}

const filter = (name: string, value: string): string => `filter[${name}]=${encodeURIComponent(value)}`;

/** `GET /organizations`: each parameter of the reference with its effect on the rows. */
describe('The collection of organizations', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** Organizations in this order, and a member of all of them, who finds them by their keys and sees nothing else. */
  async function organizations<Key extends string>(rows: Readonly<Record<Key, Row>>) {
    const made = {} as Record<Key, string>;
    for (const key of Object.keys(rows) as Key[]) {
      const { name = key, created_at: created, updated_at: updated }: Row = rows[key];
      made[key] = await organization(app, name);
      await app.sql(
        `UPDATE organizations SET created_at = coalesce($2, created_at), updated_at = coalesce($3, updated_at)
         WHERE id = $1`,
        [made[key], created ?? null, updated ?? null],
      );
    }
    const member = await signedIn(app, { org: Object.values<string>(made) });
    const keys = new Map((Object.entries(made) as [Key, string][]).map(([key, id]) => [id, key]));
    const keysIn = (response: ApiResponse) => ids(response).map((id) => keys.get(id));
    return {
      made,
      member,
      keysIn,
      find: async (query: string) => {
        const response = await member.get(`/organizations?${query}`);
        return response.status === 200 ? keysIn(response) : errorsOf(response);
      },
    };
  }

  it('shows each organization as a resource object', async () => {
    const { made, member } = await organizations({ acme: { name: 'Acme' } });
    const { body } = await member.get('/organizations');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(body.data).toEqual([
      {
        type: 'iam:organizations',
        id: made.acme,
        attributes: { name: 'Acme', mfa_required: false, created_at: time, updated_at: time },
        relationships: {
          accounts: {
            links: { related: `/accounts?filter%5Bwith_role_scope%5D%5Borg%5D%5B%5D=${made.acme}` },
          },
        },
        links: { self: `/organizations/${made.acme}` },
        meta: { version: 1 },
      },
    ]);
  });

  describe('is filtered', () => {
    it('by id', async () => {
      const { find, made } = await organizations({ a: {}, b: {}, c: {} });
      expect(await find(filter('id', made.b))).toEqual(['b']);
      expect(await find(filter('id', `${made.c},${made.a}`))).toEqual(['a', 'c']);
      expect(await find(`filter[id][]=${made.c}&filter[id][]=${randomUUID()}`)).toEqual(['c']);
      expect(await find(filter('id__in', `${made.c},${made.b}`))).toEqual(['b', 'c']);
      expect(await find(filter('id', 'nope'))).toEqual(['400 invalid_parameter filter[id]']);
    });

    it('by name, whole and with its case', async () => {
      const { find } = await organizations({
        acme: { name: 'Acme' },
        lower: { name: 'acme' },
        comma: { name: 'A, B' },
      });
      expect(await find(filter('name', 'Acme'))).toEqual(['acme']);
      expect(await find(filter('name', 'A\\, B,acme'))).toEqual(['lower', 'comma']);
      expect(await find('filter[name]=Acme&filter[name]=acme')).toEqual(['acme', 'lower']);
      expect(await find(filter('name', 'null'))).toEqual([]);
    });

    it('by a part of the name, whatever its case; %, _, \\ and the comma are plain', async () => {
      const { find } = await organizations({
        percent: { name: '50% off' },
        fifty: { name: '500 off' },
        score: { name: 'a_b' },
        letter: { name: 'axb' },
        back: { name: 'c\\d' },
        comma: { name: 'e,f' },
        umlaut: { name: '\u00c4pfel' },
      });
      expect(await find(filter('name__match', '50%'))).toEqual(['percent']);
      expect(await find(filter('name__match', 'A_B'))).toEqual(['score']);
      expect(await find(filter('name__match', 'c\\d'))).toEqual(['back']);
      expect(await find(filter('name__match', 'e,f'))).toEqual(['comma']);
      expect(await find(filter('name__match', '\u00e4PF'))).toEqual(['umlaut']);
      expect(await find(filter('name__match', 'OFF'))).toEqual(['percent', 'fifty']);
    });

    it.each(['created_at', 'updated_at'])('by %s, to the millisecond or to a whole day in UTC', async (name) => {
      const { find } = await organizations({
        before: { [name]: '2026-01-09T23:59:59.999Z' },
        noon: { [name]: '2026-01-10T12:00:00.123Z' },
        after: { [name]: '2026-01-11T00:00:00.000Z' },
      });
      expect(await find(filter(name, '2026-01-10T12:00:00.123Z'))).toEqual(['noon']);
      expect(await find(filter(name, '2026-01-10T10:00:00.123-02:00'))).toEqual(['noon']);
      expect(await find(filter(name, '2026-01-10'))).toEqual(['noon']);
      expect(await find(filter(name, '2026-01-09,2026-01-11'))).toEqual(['before', 'after']);
      expect(await find(filter(name, 'today'))).toEqual([`400 invalid_parameter filter[${name}]`]);
    });

    it('by bounds of created_at, which are inclusive', async () => {
      const { find } = await organizations({
        first: { created_at: '2026-01-10T00:00:00.000Z' },
        second: { created_at: '2026-01-10T23:59:59.999Z' },
        third: { created_at: '2026-01-11T00:00:00.000Z' },
      });
      expect(await find(filter('created_at__gte', '2026-01-10T23:59:59.999Z'))).toEqual(['second', 'third']);
      expect(await find(filter('created_at__lte', '2026-01-10T00:00:00Z'))).toEqual(['first']);
      expect(await find(filter('created_at__lte', '2026-01-10'))).toEqual(['first', 'second']);
      expect(await find('filter[created_at__gte]=2026-01-11&filter[created_at__lte]=2026-01-11')).toEqual(['third']);
    });

    it('by an account, as far as the actor may read that account', async () => {
      const { made, member, find, keysIn } = await organizations({ a: {}, b: {}, c: {} });
      const other = await account(app, { org: [made.a] });
      expect(await find(filter('account_id', member.account.id))).toEqual(['a', 'b', 'c']);
      expect(await find(filter('account_id', other.id))).toEqual([]);
      const { get } = await admin(app);
      expect(keysIn(await get(`/organizations?${filter('account_id', other.id)}`))).toEqual(['a']);
    });

    it('by several at once, and by nothing that is not listed', async () => {
      const { find } = await organizations({ a: { name: 'Acme', created_at: '2026-01-10' }, b: { name: 'Acme' } });
      expect(await find('filter[name__match]=acme&filter[created_at__lte]=2026-01-10')).toEqual(['a']);
      for (const name of ['nope', 'updated_at__gte', 'name__in', 'version', 'search', 'with_role_scope']) {
        expect(await find(filter(name, '1'))).toEqual([`400 invalid_parameter filter[${name}]`]);
      }
    });
  });

  describe('is sorted', () => {
    it('by id unless asked otherwise, and by each attribute both ways', async () => {
      const { find } = await organizations({
        zebra: { name: 'zebra', created_at: '2026-01-02', updated_at: '2026-01-03' },
        apple: { name: '\u00c4pfel', created_at: '2026-01-03', updated_at: '2026-01-01' },
        bee: { name: 'Bee', created_at: '2026-01-01', updated_at: '2026-01-02' },
      });
      const orders: Record<string, string[]> = {
        id: ['zebra', 'apple', 'bee'],
        name: ['apple', 'bee', 'zebra'],
        created_at: ['bee', 'zebra', 'apple'],
        updated_at: ['apple', 'bee', 'zebra'],
      };
      expect(await find('')).toEqual(orders['id']);
      for (const [name, order] of Object.entries(orders)) {
        expect(await find(`sort=${name}`)).toEqual(order);
        expect(await find(`sort=-${name}`)).toEqual(order.toReversed());
      }
    });

    it('by several keys, and by nothing that it does not have', async () => {
      const { find } = await organizations({ a1: { name: 'A' }, b: { name: 'B' }, a2: { name: 'A' } });
      expect(await find('sort=name,-id')).toEqual(['a2', 'a1', 'b']);
      expect(await find('sort=-name')).toEqual(['b', 'a2', 'a1']);
      for (const sort of ['nope', 'version', 'accounts', '']) {
        expect(await find(`sort=${sort}`)).toEqual(['400 invalid_parameter sort']);
      }
    });
  });

  it('comes in pages with their links and, when asked, its count', async () => {
    const { find, member, keysIn } = await organizations({ a: {}, b: {}, c: {}, d: {}, e: {} });
    expect(await find('page[size]=2&page[number]=2')).toEqual(['c', 'd']);
    expect(await find('page[size]=2&page[number]=9')).toEqual([]);
    expect(await find('page[size]=0')).toEqual(['400 invalid_parameter page[size]']);
    const { body } = await member.get('/organizations?page[size]=2&page[number]=2&count=true&sort=-name');
    expect(body.meta).toEqual({ count: 5 });
    const follow = async (rel: string) => keysIn(await member.get(body.links[rel]));
    expect(await follow('self')).toEqual(['c', 'b']);
    expect(await follow('first')).toEqual(['e', 'd']);
    expect(await follow('prev')).toEqual(['e', 'd']);
    expect(await follow('next')).toEqual(['a']);
    expect(await follow('last')).toEqual(['a']);
    expect((await member.get('/organizations?page[size]=5')).body.links).toMatchObject({ prev: null, next: null });
  });

  it('shows the chosen fields only', async () => {
    const { member } = await organizations({ a: { name: 'Acme' } });
    const [row] = (await member.get('/organizations?fields[iam:organizations]=name')).body.data;
    expect(row.attributes).toEqual({ name: 'Acme' });
    expect(row).not.toHaveProperty('relationships');
    for (const [name, value] of [
      ['fields[iam:organizations]', 'nope'],
      ['fields[iam:accounts]', 'hashed_password'],
      ['fields[iam:account_sessions]', 'ip'],
    ]) {
      expect(errorsOf(await member.get(`/organizations?${name}=${value}`))).toEqual([`400 invalid_parameter ${name}`]);
    }
  });

  describe('with accounts', () => {
    it.each(['included', 'include'])('%s=accounts adds those that the actor may read, once each', async (name) => {
      const { made } = await organizations({ a: {}, b: {} });
      const ada = await account(app, { org: [made.a, made.b], name: 'Ada' });
      const bob = await account(app, { org: [made.b], name: 'Bob' });
      const owner = await signedIn(app, { role: 'org_owner', org: [made.a] });
      const user = await signedIn(app, { org: [made.a] });
      const { body } = await owner.get(`/organizations?${name}=accounts`);
      const people = [ada.id, owner.account.id, user.account.id];
      expect(new Set(body.included.map(({ id }: { id: string }) => id))).toEqual(
        new Set([...people, ...(await membersOf(made.a))]),
      );
      expect(JSON.stringify(body)).not.toContain(bob.id);
      const seen = (await user.get(`/organizations/${made.a}?${name}=accounts`)).body;
      expect(seen.included.map(({ id }: { id: string }) => id)).toEqual([user.account.id]);
      expect(seen.data.relationships.accounts.data).toEqual([{ type: 'iam:accounts', id: user.account.id }]);
    });

    const membersOf = async (id: string) => {
      const rows = await app.sql<{ id: string }>(
        'SELECT account_id AS id FROM memberships WHERE organization_id = $1 ORDER BY 1',
        [id],
      );
      return rows.map((row) => row.id);
    };

    it('links to the same rows, for every actor', async () => {
      const org = await organization(app);
      await account(app, { org: [org] });
      await account(app, { org: [org, await organization(app)] });
      const actors = [
        await admin(app),
        await signedIn(app, { role: 'org_owner', org: [org] }),
        await signedIn(app, { org: [org] }),
      ];
      for (const [i, { get }] of actors.entries()) {
        const { relationships } = (await get(`/organizations/${org}?included=accounts`)).body.data;
        const linked = relationships.accounts.data.map(({ id }: { id: string }) => id);
        expect(linked).toHaveLength([4, 4, 1][i] ?? 0);
        expect(ids(await get(relationships.accounts.links.related))).toEqual(linked);
      }
    });

    it('includes the first thousand by id, and its link leads on to all', async () => {
      const org = await organization(app);
      await app.sql(
        `WITH made AS (
           INSERT INTO accounts (id, name, email, email_key, role_name, organization_ids)
           SELECT gen_random_uuid(), 'Crowd', n || $2, n || $2, 'user', ARRAY[$1::uuid] FROM generate_series(1, 1001) n RETURNING id)
         INSERT INTO memberships (account_id, organization_id) SELECT id, $1 FROM made`,
        [org, `@${randomUUID()}.example.com`],
      );
      const { get } = await admin(app);
      const { data, included } = (await get(`/organizations/${org}?included=accounts&fields[iam:accounts]=name`)).body;
      const linked = data.relationships.accounts.data.map(({ id }: { id: string }) => id);
      expect(linked).toEqual((await membersOf(org)).slice(0, 1000));
      expect(included).toHaveLength(1000);
      const all = await get(`${data.relationships.accounts.links.related}&count=true&fields[iam:accounts]=name`);
      expect(all.body.meta.count).toBe(1001);
      expect(ids(all)).toEqual(linked);
      expect(column(await get(all.body.links.next), 'name')).toEqual(['Crowd']);
    });

    it('and nothing else', async () => {
      const { get } = await signedIn(app);
      for (const path of ['nope', 'accounts.organizations', 'members']) {
        expect(errorsOf(await get(`/organizations?included=${path}`))).toEqual(['400 invalid_parameter included']);
      }
    });
  });
});
