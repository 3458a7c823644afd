import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { list, type Account, type Reader } from './account-model.js';
import { filters, FRAGMENTS, queryString, sorts } from './account-queries.js';
import { cases, fuzz, LONG_LIVED, timeoutMs, Wire } from './fuzz.js';

const CASES_BY_NUMBER = 900;
const CASES_BY_CURSOR = 600;
const ROWS = 60;

interface Page {
  readonly data: readonly { readonly id: string; readonly meta?: { readonly page: { readonly cursor: string } } }[];
  readonly meta?: { readonly count: number };
  readonly links: Readonly<Record<'self' | 'first' | 'prev' | 'next', string | null>> & { readonly last?: string };
}

describe('Lists of accounts are those of a model in memory', () => {
  let app: TestApp;
  let wire: Wire;
  let accounts: Account[];
  let organizations: string[];
  let readers: (Reader & { readonly token: string })[];

  beforeAll(async () => {
    app = await startApp({ env: LONG_LIVED });
    wire = new Wire(app);
    organizations = [];
    for (let n = 0; n < 5; n++) organizations.push(await organization(app));
    const [first = '', second = ''] = organizations;
    const owner = await signedIn(app, { role: 'org_owner', org: [first, second] });
    const user = await signedIn(app, { org: [first] });
    const { token } = await admin(app);
    for (let n = 0; n < ROWS; n++) await insert(n);
    accounts = await stored();
    const reads = new Set([first, second]);
    readers = [
      { name: 'admin', token, organizations: 'all', accounts: () => true },
      {
        name: 'org_owner',
        token: owner.token,
        organizations: reads,
        accounts: ({ role_scope: { org = [] } }) => org.some((id) => reads.has(id)),
      },
      {
        name: 'user',
        token: user.token,
        organizations: new Set([first]),
        accounts: ({ id }) => id === user.account.id,
      },
    ];
  });
  afterAll(() => {
    wire.close();
    return app.stop();
  });

  /** A row whose values come often enough in others to make ties, and whose order is not that of its making. */
  async function insert(n: number): Promise<void> {
    const pick = <Item>(items: readonly Item[], stride: number): Item => items[(n * stride) % items.length] as Item;
    const time = (days: number): Date => new Date(Date.UTC(2026, 0, 1 + ((n * 7) % days), (n * 5) % 24, 30, 15, n % 3));
    await account(app, {
      name: `${pick(FRAGMENTS, 3)}${pick(FRAGMENTS, 5)}${pick(['', ' x', ' X'], 1)}`.trim() || 'blank',
      email: `${pick(['Ann', 'bob', 'CARL'], 1)}.${n}@${pick(['example.com', 'Example.org'], 2)}`,
      joined: false,
      enabled: n % 4 > 0,
      role: pick(['user', 'org_owner', 'admin', 'retired'], 1),
      org: organizations.filter((_, i) => (n >> i) % 3 === 1),
      columns: {
        role_scope_extra: n % 5 === 0 ? { region: pick([['eu'], ['eu', 'us'], ['us']], 1) } : {},
        sso_channel: n % 3 === 0 ? null : pick(['Google', 'google', 'ldap'], 1),
        picture_url: n % 6 === 0 ? `https://example.com/${n},${n}.png` : null,
        locale: n % 5 === 0 ? pick(['de', 'en'], 1) : null,
        joined_at: n % 3 === 1 ? null : time(20),
        invitation_expired_at: n % 3 === 1 ? time(9) : null,
        created_at: time(11),
        updated_at: time(13),
      },
    });
  }

  /** What was put into the database, read without the service. */
  async function stored(): Promise<Account[]> {
    const rows = await app.sql<Record<string, unknown> & { org: string[] | null; role_scope_extra: object }>(
      `SELECT id, name, email, sso_channel, enabled, role_name, picture_url, locale, joined_at, invitation_expired_at, created_at,
        updated_at, role_scope_extra, (SELECT array_agg(organization_id::text ORDER BY organization_id) FROM memberships
        WHERE account_id = accounts.id) AS org FROM accounts`,
    );
    return rows.map(({ org, role_scope_extra, ...row }) => ({
      ...JSON.parse(JSON.stringify(row)),
      role_scope: { ...role_scope_extra, ...(org && { org }) },
    }));
  }

  async function page(path: string, token: string): Promise<Page> {
    const { status, text } = await wire.send({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } });
    expect([path, status, status === 200 ? '' : text]).toEqual([path, 200, '']);
    return JSON.parse(text);
  }

  /** A query as it is sent, who sends it, and what it has to find. */
  const asked = () =>
    fc
      .record({
        who: fc.constantFrom(0, 0, 1, 1, 2),
        spelled: filters(accounts, organizations),
        sort: sorts(),
        size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 100 })),
      })
      .map(({ who, spelled, sort, size }) => {
        const keys = sort.map(({ attribute, descending }) => (descending ? '-' : '') + attribute).join(',');
        const parameters = [
          ...spelled.flatMap((one) => [...one.parameters]),
          ...(keys === '' ? [] : [['sort', keys] as const]),
        ];
        const conditions = spelled.map(({ condition }) => condition);
        return { who, parameters, conditions, sort, size };
      });

  const expected = ({
    who,
    conditions,
    sort,
  }: ReturnType<typeof asked> extends fc.Arbitrary<infer One> ? One : never) => {
    const reader = readers[who];
    if (!reader) throw new TypeError('There is no such reader');
    return { token: reader.token, ids: list(accounts, reader, conditions, sort) };
  };

  it(
    `page by page with their counts and links, in ${cases(CASES_BY_NUMBER)} cases`,
    async () => {
      let found = 0;
      await fuzz(CASES_BY_NUMBER, fc.tuple(asked(), fc.integer({ min: 1, max: 4 })), async ([one, number]) => {
        const { token, ids } = expected(one);
        const { size } = one;
        const query = queryString([
          ...one.parameters,
          ['page[number]', String(number)],
          ['page[size]', String(size)],
          ['count', 'true'],
          ['fields[iam:accounts]', 'name'],
        ]);
        const { data, meta, links } = await page(`/accounts?${query}`, token);
        const start = (number - 1) * size;
        expect(data.map(({ id }) => id)).toEqual(ids.slice(start, start + size));
        expect([meta?.count, links.next !== null, links.prev !== null]).toEqual([
          ids.length,
          ids.length > start + size,
          number > 1,
        ]);
        if (links.next !== null) {
          const { data: after } = await page(links.next, token);
          expect(after.map(({ id }) => id)).toEqual(ids.slice(start + size, start + 2 * size));
        }
        found += data.length;
      });
      expect(found).toBeGreaterThan(cases(CASES_BY_NUMBER));
    },
    timeoutMs(CASES_BY_NUMBER),
  );

  it(
    `forwards and backwards by cursors, in ${cases(CASES_BY_CURSOR)} cases`,
    async () => {
      let pages = 0;
      await fuzz(CASES_BY_CURSOR, fc.tuple(asked(), fc.boolean()), async ([one, forwards]) => {
        const { token, ids } = expected(one);
        // No more than a few pages a case, so that thousands of cases differ.
        const size = Math.max(one.size, Math.ceil(ids.length / 4));
        const start = forwards ? 'page[after]' : 'page[before]';
        const query = queryString([
          ...one.parameters,
          [start, ''],
          ['page[size]', String(size)],
          ['fields[iam:accounts]', 'name'],
        ]);
        const seen: string[] = [];
        let path: string | null = `/accounts?${query}`;
        let last: Page | undefined;
        while (path !== null) {
          last = await page(path, token);
          const part = last.data.map(({ id }) => id);
          if (forwards) seen.push(...part);
          else seen.unshift(...part);
          pages++;
          path = forwards ? last.links.next : last.links.prev;
        }
        expect(seen).toEqual(ids);
        // And one step back from where the way ended.
        const back = forwards ? last?.links.prev : last?.links.next;
        if (back == null) return;
        const { data } = await page(back, token);
        const edge = forwards
          ? ids.slice(0, ids.length - (last?.data.length ?? 0)).slice(-size)
          : ids.slice(last?.data.length).slice(0, size);
        expect(data.map(({ id }) => id)).toEqual(edge);
      });
      expect(pages).toBeGreaterThan(cases(CASES_BY_CURSOR));
    },
    timeoutMs(CASES_BY_CURSOR),
  );
});
