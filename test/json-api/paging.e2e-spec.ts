import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { poolOf } from '../../src/json-api/sql/sql.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, ids, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

const PROFILE = 'https://jsonapi.org/profiles/ethanresnick/cursor-pagination/';

/** Every attribute that accounts can be sorted by, and a few combinations. */
const SORTS = [
  'id',
  'name',
  'email',
  'sso_channel',
  'enabled',
  'role_name',
  'picture_url',
  'joined_at',
  'invitation_expired_at',
  'created_at',
  'updated_at',
  'enabled,-joined_at',
  '-picture_url,name',
  'role_name,sso_channel,-name',
];

/** The rows that stand there from the start, whatever a test adds. */
const SEEDED = 'filter[created_at__lte]=2026-03-31';

/** Follows the links of a collection until there are no more. */
async function walk({ get }: ApiClient, path: string, link: 'next' | 'prev'): Promise<ApiResponse[]> {
  const pages: ApiResponse[] = [];
  for (let next: string | null = path; next !== null;) {
    const page: ApiResponse = await get(next);
    expect(page.status).toBe(200);
    pages.push(page);
    if (pages.length > 50) throw new Error('The links lead in a circle');
    next = page.body.links[link];
  }
  return pages;
}

describe('A collection in pages', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    const names = ['Zoë', 'anna', 'Anna', 'Ämil', 'zoe', 'Émile', 'Otto', 'otto', 'Ötto', 'Li', 'li', 'ÿ'];
    const maybe = (i: number, every: number, value: unknown) => (i % every === 0 ? null : value);
    for (const [i, name] of [...names, ...names].entries()) {
      await account(app, {
        name,
        role: i % 3 ? 'user' : 'org_owner',
        enabled: i % 4 !== 0,
        columns: {
          sso_channel: maybe(i, 2, `channel ${i % 5}`),
          picture_url: maybe(i, 3, `https://example.com/${i % 4}`),
          joined_at: maybe(i, 5, new Date(Date.UTC(2026, 0, 1 + (i % 6)))),
          invitation_expired_at: maybe(i, 2, new Date(Date.UTC(2026, 1, 1 + (i % 3)))),
          created_at: new Date(Date.UTC(2026, 2, 1 + (i % 7))),
        },
      });
    }
    root = await admin(app);
  });
  afterAll(() => app.stop());

  describe('by number', () => {
    it('links to itself, the first, the previous, the next and, once counted, the last page', async () => {
      const page = await root.get(`/accounts?page[number]=2&page[size]=10&sort=-name&${SEEDED}&count=true`);
      const at = (number: number): string =>
        `/accounts?sort=-name&filter%5Bcreated_at__lte%5D=2026-03-31&count=true&page%5Bnumber%5D=${number}&page%5Bsize%5D=10`;
      expect(page.body.links).toEqual({ self: at(2), first: at(1), prev: at(1), next: at(3), last: at(3) });
      expect(page.body.meta).toEqual({ count: 24 });
      const last = await root.get(page.body.links.last);
      expect([last.body.data.length, last.body.links.next, last.body.links.prev]).toEqual([4, null, at(2)]);
    });

    it('has the right next without a count, and no last', async () => {
      expect((await root.get(`/accounts?${SEEDED}&page[size]=24`)).body.links).toMatchObject({
        prev: null,
        next: null,
      });
      const page = await root.get(`/accounts?${SEEDED}&page[size]=23`);
      expect(page.body.links.next).toContain('page%5Bnumber%5D=2');
      expect(page.body).not.toHaveProperty('meta');
      expect(page.body.links).not.toHaveProperty('last');
    });

    it('is empty past the end', async () => {
      const page = await root.get(`/accounts?${SEEDED}&page[number]=9&page[size]=10&count=true`);
      expect([page.status, page.body.data, page.body.meta.count, page.body.links.next]).toEqual([200, [], 24, null]);
    });

    it.each(['0', '-1', '1.5', 'x', '', '1e3', '99999999999999999999'])(
      'page[number]=%s is rejected',
      async (number) => {
        expect(errorsOf(await root.get(`/accounts?page[number]=${number}`))).toEqual([
          '400 invalid_parameter page[number]',
        ]);
      },
    );

    it.each(['0', '-1', '1001', 'x', ''])('page[size]=%s is rejected', async (size) => {
      expect(errorsOf(await root.get(`/accounts?page[size]=${size}`))).toEqual(['400 invalid_parameter page[size]']);
    });
  });

  describe('by cursor', () => {
    it.each(
      SORTS.flatMap((sort) => [sort, sort.replace(/(^|,)(-?)/g, (_, comma, minus) => comma + (minus ? '' : '-'))]),
    )('sort=%s gives the very order of the whole list, forwards and backwards', async (sort) => {
      const whole = ids(await root.get(`/accounts?sort=${sort}`));
      const forwards = await walk(root, `/accounts?sort=${sort}&page[after]=&page[size]=4`, 'next');
      expect(forwards.flatMap(ids)).toEqual(whole);
      const backwards = await walk(root, `/accounts?sort=${sort}&page[before]=&page[size]=4`, 'prev');
      expect(backwards.reverse().flatMap(ids)).toEqual(whole);
    });

    it.each(['joined_at', '-picture_url', '-name,joined_at'])('goes on from any row, sorted by %s', async (sort) => {
      const all = await root.get(`/accounts?sort=${sort}&page[after]=`);
      for (const [i, { meta }] of all.body.data.entries()) {
        const { cursor } = meta.page;
        expect(ids(await root.get(`/accounts?sort=${sort}&page[after]=${cursor}`))).toEqual(ids(all).slice(i + 1));
        expect(ids(await root.get(`/accounts?sort=${sort}&page[before]=${cursor}`))).toEqual(ids(all).slice(0, i));
      }
    });

    it('keeps to the filter, and knows the last page once counted', async () => {
      const query = 'filter[joined_at]=null&sort=-joined_at,name&count=true&page[size]=2';
      const whole = ids(await root.get(`/accounts?filter[joined_at]=null&sort=-joined_at,name`));
      const pages = await walk(root, `/accounts?${query}&page[after]=`, 'next');
      expect(pages.flatMap(ids)).toEqual(whole);
      expect(pages[0]?.body.meta).toEqual({ count: whole.length });
      const last = await root.get(pages[0]?.body.links.last);
      expect([ids(last), last.body.links.next]).toEqual([whole.slice(-2), null]);
    });

    it('shows nothing that the actor may not see: a cursor carries no right', async () => {
      const { body } = await root.get('/accounts?page[after]=&page[size]=1');
      const stranger = await signedIn(app);
      const page = await stranger.get(`/accounts?page[after]=${body.data[0].meta.page.cursor}`);
      expect(ids(page)).toEqual([stranger.account.id]);
    });

    it('gives every resource its cursor and says which profile it follows', async () => {
      const { body } = await root.get('/accounts?page[after]=&page[size]=3&sort=name');
      expect(body.jsonapi).toEqual({ version: '1.1', profile: [PROFILE] });
      const [first, second] = body.data;
      const after = await root.get(`/accounts?sort=name&page[size]=1&page[after]=${first.meta.page.cursor}`);
      expect(ids(after)).toEqual([second.id]);
      const before = await root.get(`/accounts?sort=name&page[size]=1&page[before]=${second.meta.page.cursor}`);
      expect(ids(before)).toEqual([first.id]);
      expect(body.links).toMatchObject({ prev: null, first: expect.stringMatching(/page%5Bafter%5D=&/) });
    });

    it('misses and repeats nothing while rows come and go', async () => {
      const org = await organization(app);
      const path = `/accounts?filter[with_role_scope][org][]=${org}&sort=name&page[size]=2`;
      const people = new Map<string, string>();
      for (const name of ['b', 'd', 'f', 'h', 'j']) people.set(name, (await account(app, { name, org: [org] })).id);
      const first = await root.get(`${path}&page[after]=`);
      expect(ids(first)).toEqual([people.get('b'), people.get('d')]);
      await app.sql('DELETE FROM accounts WHERE id = ANY($1)', [[people.get('d'), people.get('f')]]);
      await account(app, { name: 'a', org: [org] });
      const added = await account(app, { name: 'e', org: [org] });
      const second = await root.get(first.body.links.next);
      expect(ids(second)).toEqual([added.id, people.get('h')]);
      expect(ids(await root.get(second.body.links.next))).toEqual([people.get('j')]);
    });

    it('leads back from beyond either end', async () => {
      const all = await root.get('/accounts?sort=name&page[after]=');
      const last = all.body.data.at(-1);
      const beyond = await root.get(`/accounts?sort=name&page[size]=3&page[after]=${last.meta.page.cursor}`);
      expect([ids(beyond), beyond.body.links.next]).toEqual([[], null]);
      expect(ids(await root.get(beyond.body.links.prev))).toEqual(ids(all).slice(-3));
    });

    it('rejects a cursor that it did not give out, or gave out for another sort', async () => {
      const { body } = await root.get('/accounts?sort=name&page[after]=&page[size]=1');
      const { cursor } = body.data[0].meta.page;
      const forged = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
      for (const query of [
        `sort=-name&page[after]=${cursor}`,
        `page[after]=${cursor}`,
        `sort=name&page[after]=${cursor}A`,
        `sort=name&page[after]=${cursor}%3D`,
        'sort=name&page[after]=garbage',
        `page[after]=${forged('id', "' OR 1=1 --")}`,
        `page[after]=${forged('id', null)}`,
        `page[after]=${forged('id', 1)}`,
        `sort=created_at&page[after]=${forged('created_at,id', 'infinity', '0197a1f0-0000-7000-8000-000000000000')}`,
      ]) {
        expect([query, errorsOf(await root.get(`/accounts?${query}`))]).toEqual([
          query,
          ['400 invalid_parameter page[after]'],
        ]);
      }
    });

    it('does not mix with page numbers, nor one direction with the other', async () => {
      expect(errorsOf(await root.get('/accounts?page[after]=&page[number]=1'))).toEqual([
        '400 invalid_parameter page[number]',
      ]);
      expect(errorsOf(await root.get('/accounts?page[after]=&page[before]='))).toEqual([
        '400 invalid_parameter page[before]',
      ]);
    });
  });
});

describe('What an actor may do, by can=true,', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  it('stands in each resource of a page, which its links keep asking for, and not in what is included', async () => {
    const org = await organization(app);
    for (let n = 0; n < 3; n++) await account(app, { org: [org] });
    for (const start of ['page[number]=1&', 'page[after]=&']) {
      const pages = await walk(root, `/accounts?${start}page[size]=2&can=true&include=organizations`, 'next');
      const rows = pages.flatMap(({ body }) => body.data);
      const own = rows.find(({ id }) => id === root.id);
      expect(own.meta.can).toEqual({ update: true, delete: false, attributes: ['name', 'picture_url', 'locale'] });
      expect(rows.filter(({ meta }) => meta.can?.delete !== true)).toEqual([own]);
      const included = pages.flatMap(({ body }) => body.included);
      expect(included.map(({ meta }) => meta)).toContainEqual({ version: 1 });
      expect(included.filter(({ meta }) => meta.can)).toEqual([]);
    }
    const beyond = await root.get('/accounts?page[number]=9&can=true');
    expect([beyond.status, beyond.body.data]).toEqual([200, []]);
    expect((await root.get('/accounts?can=false')).body.data[0].meta).toEqual({ version: expect.anything() });
  });

  it('is true or false, and asked for on lists and single resources only', async () => {
    const rejected = ['400 invalid_parameter can'];
    const path = `/organizations/${await organization(app)}`;
    const document = { data: { type: 'iam:organizations', attributes: { name: 'x' } } };
    for (const query of ['can=maybe', 'can=', 'can=true&can=true', 'can=True']) {
      for (const address of ['/organizations', path]) {
        expect([query, errorsOf(await root.get(`${address}?${query}`))]).toEqual([query, rejected]);
      }
    }
    for (const query of ['can=true', 'can=false']) {
      expect(errorsOf(await root.post(`/organizations?${query}`, document))).toEqual(rejected);
      expect(errorsOf(await root.patch(`${path}?${query}`, document))).toEqual(rejected);
      expect(errorsOf(await root.delete(`${path}?${query}`))).toEqual(rejected);
      expect(errorsOf(await root.get(`/auth/me?${query}`))).toEqual(rejected);
    }
  });

  it('costs one statement more for a page of any size, and none where nothing can be done', async () => {
    const [own, other] = [await organization(app), await organization(app)];
    for (let n = 0; n < 5; n++) await account(app, { org: n % 2 ? [own, other] : [own] });
    const owner = await signedIn(app, { role: 'org_owner', org: [own] });
    const pool = poolOf(app.nest.get(DataSource));
    /** Statements of one request, each on a connection of its own. */
    const statements = async ({ get }: ApiClient, path: string): Promise<number> => {
      const connects = jest.spyOn(pool as unknown as { connect: () => unknown }, 'connect');
      expect((await get(path)).status).toBe(200);
      const { length } = connects.mock.calls;
      connects.mockRestore();
      return length;
    };
    for (const [client, path, more] of [
      [owner, '/accounts', 1],
      [root, '/accounts', 1],
      [owner, `/organizations/${own}`, 1],
      [root, '/audit_events', 0],
    ] as const) {
      const without = await statements(client, path);
      expect([path, (await statements(client, `${path}?can=true`)) - without]).toEqual([path, more]);
    }
  });
});
