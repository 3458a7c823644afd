import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, ids, type ApiResponse } from '../support/client.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';
import { people } from './people.js';

const ATTRIBUTES = [
  'name',
  'email',
  'sso_channel',
  'enabled',
  'role_name',
  'role_scope',
  'picture_url',
  'locale',
  'joined_at',
  'invitation_expired_at',
  'created_at',
  'updated_at',
];

const SEVEN = Object.fromEntries([...'abcdefg'].map((key) => [key, { name: `Person ${key}` }]));

/** The parameters of a link, decoded, by name. */
const parameters = (link: string) => Object.fromEntries(new URL(link, 'http://localhost').searchParams);

const included = ({ body }: ApiResponse): string[] =>
  body.included.map(({ type, id }: { type: string; id: string }) => `${type} ${id}`).sort();

/** `GET /accounts`: the document, its pages, its links, and what of each resource it shows. Filters and sort aside. */
describe('The collection of accounts', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('shows each account as a resource object', async () => {
    const { owner, made, org } = await people(app, { ada: { name: 'Ada' } });
    const response = await owner.get(`/accounts?filter[id]=${made.ada.id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/vnd.api+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(response.body.jsonapi).toEqual({ version: '1.1' });
    expect(response.body.data).toEqual([
      {
        type: 'iam:accounts',
        id: made.ada.id,
        attributes: {
          kind: 'person',
          name: 'Ada',
          email: made.ada.email,
          sso_channel: null,
          enabled: true,
          role_name: 'user',
          role_scope: { org: [org] },
          picture_url: null,
          locale: null,
          joined_at: time,
          invitation_expired_at: null,
          created_at: time,
          updated_at: time,
        },
        relationships: {
          organizations: { links: { related: `/organizations?filter%5Baccount_id%5D=${made.ada.id}` } },
          account_sessions: { links: { related: `/account_sessions?filter%5Baccount_id%5D=${made.ada.id}` } },
        },
        links: { self: `/accounts/${made.ada.id}` },
        meta: { version: 1 },
      },
    ]);
    expect(response.body).not.toHaveProperty('included');
    expect(response.body).not.toHaveProperty('meta');
  });

  describe('in pages', () => {
    it('holds so many rows a page, and nothing past the end', async () => {
      const { find } = await people(app, SEVEN);
      const page = (number: number) => find(`filter[name__match]=Person&page[size]=3&page[number]=${number}`);
      expect(await page(1)).toEqual(['a', 'b', 'c']);
      expect(await page(2)).toEqual(['d', 'e', 'f']);
      expect(await page(3)).toEqual(['g']);
      expect(await page(4)).toEqual([]);
      expect(await page(1_000_000)).toEqual([]);
    });

    it('is one page of a thousand by default', async () => {
      const { owner } = await people(app, SEVEN);
      const { links, data } = (await owner.get('/accounts')).body;
      expect(data).toHaveLength(8);
      expect(parameters(links.self)).toEqual({ 'page[number]': '1', 'page[size]': '1000' });
      expect(parameters((await owner.get('/accounts?page[size]=1000')).body.links.self)['page[size]']).toBe('1000');
    });

    it.each(['page[number]', 'page[size]'])('rejects a %s out of range', async (name) => {
      const { get } = await signedIn(app);
      const values = ['0', '-1', '1.5', 'x', '', '1e3', '99999999999999999999'];
      for (const value of name === 'page[size]' ? [...values, '1001'] : values) {
        expect([value, errorsOf(await get(`/accounts?${name}=${value}`))]).toEqual([
          value,
          [`400 invalid_parameter ${name}`],
        ]);
      }
      expect(errorsOf(await get(`/accounts?${name}=1&${name}=2`))).toEqual([`400 invalid_parameter ${name}`]);
    });

    it('counts the filtered, visible collection and nothing else', async () => {
      const { owner } = await people(app, SEVEN);
      const count = async (query: string) => (await owner.get(`/accounts?count=true&${query}`)).body.meta;
      expect(await count('')).toEqual({ count: 8 });
      expect(await count('filter[name__match]=Person&page[size]=2&page[number]=9')).toEqual({ count: 7 });
      expect(await count('filter[name]=Nobody')).toEqual({ count: 0 });
      expect((await owner.get('/accounts?count=false')).body).not.toHaveProperty('meta');
      expect(errorsOf(await owner.get('/accounts?count=yes'))).toEqual(['400 invalid_parameter count']);
    });
  });

  describe('with links', () => {
    const QUERY = 'filter[name__match]=Person&filter[role_name__in][]=user&sort=-name&fields[iam:accounts]=name';
    const kept = {
      'filter[name__match]': 'Person',
      'filter[role_name__in][]': 'user',
      sort: '-name',
      'fields[iam:accounts]': 'name',
    };

    it('leads on and back, keeping every other parameter', async () => {
      const { owner } = await people(app, SEVEN);
      const { links } = (await owner.get(`/accounts?${QUERY}&page[size]=3&page[number]=2`)).body;
      const at = (number: number) => ({ ...kept, 'page[number]': String(number), 'page[size]': '3' });
      expect(Object.fromEntries(Object.entries<string>(links).map(([rel, link]) => [rel, parameters(link)]))).toEqual({
        self: at(2),
        first: at(1),
        prev: at(1),
        next: at(3),
      });
      for (const link of Object.values<string>(links)) expect(link).toMatch(/^\/accounts\?[\w%.=&-]+$/);
    });

    it('has null where there is no page, and last only after a count', async () => {
      const { owner } = await people(app, SEVEN);
      const links = async (query: string) => (await owner.get(`/accounts?${QUERY}&${query}`)).body.links;
      expect(await links('page[size]=7')).toMatchObject({ prev: null, next: null });
      expect(await links('page[size]=6')).not.toHaveProperty('last');
      expect(parameters((await links('page[size]=3&count=true')).last)).toMatchObject({
        'page[number]': '3',
        count: 'true',
      });
      expect((await links('page[size]=3&page[number]=3')).next).toBeNull();
      const none = await links('filter[name]=Nobody&count=true');
      expect(parameters(none.last)).toMatchObject({ 'page[number]': '1' });
    });

    it('can be followed from the first page to the last, and by cursors too', async () => {
      const { owner, keysIn } = await people(app, SEVEN);
      for (const start of ['page[size]=2', 'page[size]=2&page[after]=']) {
        const seen: string[] = [];
        let next: string | null = `/accounts?${QUERY}&${start}`;
        while (next !== null) {
          const response = await owner.get(next);
          seen.push(...keysIn(response));
          next = response.body.links.next;
        }
        expect(seen).toEqual([...'gfedcba']);
      }
    });
  });

  describe('with sparse fields', () => {
    it('shows the chosen attributes and relationships of each type', async () => {
      const { owner, made, org } = await people(app, { ada: {} });
      const get = async (query: string) => (await owner.get(`/accounts?filter[id]=${made.ada.id}&${query}`)).body;
      const [row] = (await get('fields[iam:accounts]=name,enabled')).data;
      expect(row.attributes).toEqual({ name: 'Somebody', enabled: true });
      expect(row).not.toHaveProperty('relationships');
      const [repeated] = (await get('fields[iam:accounts][]=name&fields[iam:accounts][]=organizations')).data;
      expect(Object.keys(repeated.attributes)).toEqual(['name']);
      expect(Object.keys(repeated.relationships)).toEqual(['organizations']);
      const [bare] = (await get('fields[iam:accounts]=')).data;
      expect(Object.keys(bare)).toEqual(['type', 'id', 'links', 'meta']);
      const both = await get(
        'included=organizations&fields[iam:organizations]=name&fields[iam:accounts]=name,organizations',
      );
      expect(both.included[0]).toMatchObject({ id: org, attributes: { name: 'Organization' } });
      expect(Object.keys(both.included[0].attributes)).toEqual(['name']);
    });

    it.each(ATTRIBUTES)('shows %s alone', async (name) => {
      const { owner, made } = await people(app, { ada: {} });
      const { data } = (await owner.get(`/accounts/${made.ada.id}?fields[iam:accounts]=${name}`)).body;
      expect(Object.keys(data.attributes)).toEqual([name]);
    });

    it('rejects unknown fields and types', async () => {
      const { get } = await signedIn(app);
      for (const name of ['fields[iam:accounts]', 'fields[iam:organizations]', 'fields[iam:account_sessions]']) {
        expect(errorsOf(await get(`/accounts?${name}=name,nope`))).toContain(`400 invalid_parameter ${name}`);
      }
      for (const name of ['fields[iam:nope]', 'fields[accounts]', 'fields[]', 'fields']) {
        expect(errorsOf(await get(`/accounts?${name}=name`))).toEqual([`400 invalid_parameter ${name}`]);
      }
    });
  });

  describe('with related resources', () => {
    it('includes organizations once each, and links them in full', async () => {
      const { owner, org, made } = await people(app, { ada: {}, bob: {} });
      for (const name of ['included', 'include']) {
        const response = await owner.get(`/accounts?${name}=organizations`);
        expect(included(response)).toEqual([`iam:organizations ${org}`]);
        expect(ids(response)).toHaveLength(3);
        for (const { relationships } of response.body.data) {
          expect(relationships.organizations.data).toEqual([{ type: 'iam:organizations', id: org }]);
          expect(relationships.account_sessions).not.toHaveProperty('data');
        }
      }
      const shown = await owner.get(`/accounts/${made.ada.id}?included=organizations`);
      expect(included(shown)).toEqual([`iam:organizations ${org}`]);
    });

    it('includes account_sessions, as a list and repeated', async () => {
      const { get } = await admin(app);
      const org = await organization(app);
      const ada = await account(app, { org: [org] });
      await signIn(app, ada);
      await signIn(app, ada);
      const sessions = await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1', [ada.id]);
      const all = [`iam:organizations ${org}`, ...sessions.map(({ id }) => `iam:account_sessions ${id}`)].sort();
      for (const query of [
        'included=organizations,account_sessions',
        'included[]=organizations&included[]=account_sessions',
        'include=organizations&included=account_sessions',
      ]) {
        expect(included(await get(`/accounts?filter[id]=${ada.id}&${query}`))).toEqual(all);
      }
    });

    it('includes and links only what the actor may read', async () => {
      const other = await organization(app);
      const { owner, org, made } = await people(app, { shared: { org: [other] } });
      await signIn(app, made.shared);
      const response = await owner.get(`/accounts/${made.shared.id}?included=organizations,account_sessions`);
      expect(included(response)).toEqual([`iam:organizations ${org}`]);
      expect(response.body.data.relationships.organizations.data).toEqual([{ type: 'iam:organizations', id: org }]);
      expect(response.body.data.relationships.account_sessions.data).toEqual([]);
      expect(response.text).not.toContain(other);
    });

    it('links to collections that hold the very same rows', async () => {
      const { get } = await admin(app);
      const [first, second] = [await organization(app), await organization(app)];
      const ada = await account(app, { org: [first, second] });
      await signIn(app, ada);
      const { relationships } = (await get(`/accounts/${ada.id}?included=organizations,account_sessions`)).body.data;
      for (const { links, data } of Object.values<{ links: { related: string }; data: { id: string }[] }>(
        relationships,
      )) {
        expect(ids(await get(links.related))).toEqual(data.map(({ id }) => id));
      }
      expect(relationships.organizations.data).toHaveLength(2);
      expect(relationships.account_sessions.data).toHaveLength(1);
    });

    it('rejects what is no relationship', async () => {
      const { get } = await signedIn(app);
      for (const name of ['included', 'include', 'included[]']) {
        expect(errorsOf(await get(`/accounts?${name}=organizations,nope`))).toEqual([`400 invalid_parameter ${name}`]);
      }
      for (const path of ['account_sessions.account', 'name', 'organizations.accounts']) {
        expect(errorsOf(await get(`/accounts?included=${path}`))).toEqual(['400 invalid_parameter included']);
      }
    });
  });

  it('rejects all unknown parameters at once', async () => {
    const { get } = await signedIn(app);
    expect(errorsOf(await get('/accounts?nope=1&page[offset]=2&Sort=name&filter[nope]=1')).sort()).toEqual([
      '400 invalid_parameter Sort',
      '400 invalid_parameter filter[nope]',
      '400 invalid_parameter nope',
      '400 invalid_parameter page[offset]',
    ]);
  });
});
