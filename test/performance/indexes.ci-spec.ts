import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  filterAddresses,
  RESOURCES,
  sampleRows,
  sortAddresses,
  sortsOf,
  type Run,
} from '../../bench/growth/addresses.js';
import type { SampleRows } from '../../bench/growth/samples.js';
import { seed } from '../../bench/seed.js';
import { startApp, type TestApp } from '../support/app.js';
import { column, type ApiClient } from '../support/client.js';
import { withClient } from '../support/database.js';
import { account, admin } from '../support/factories.js';
import { execute, statementsOf, type Execution } from './statements.js';

/** What is bounded at 30,000 rows and at 200,000 (`npm run test:long`) does not grow with the table. */
const ROWS = process.env['IAM_TEST_LONG'] ? 200_000 : 30_000;
/** Machines have more keys than there are people. */
const API_KEYS = process.env['IAM_TEST_LONG'] ? 1_000_000 : 30_000;

/** Pages of 8 KiB that a page of 50 may look at; reading all rows takes many times as many even at the smaller size. */
const MAX_PAGES = 200;
const MAX_PAGES_OF: Readonly<Record<string, number>> = {
  'iam:organizations': 150,
  'iam:account_sessions': 200,
  'iam:audit_events': 200,
  'iam:api_keys': 200,
};

/** The first of a sort's addresses are the first page, by number and by cursor, and the last one. */
const ENDS = 3;

/** Sorts that no index can serve: every actor has another order. */
const PER_ACTOR: readonly string[] = ['iam:account_sessions current', 'iam:account_sessions -current'];

describe('A page of 50', () => {
  let app: TestApp;
  let actor: ApiClient;
  let rows: SampleRows;
  const run: Run = (text) => app.sql(text);

  beforeAll(async () => {
    // What is seeded reaches back further than events are kept by default.
    app = await startApp({ env: { AUDIT_RETENTION_DAYS: '36500' } });
    const sizes = { accounts: ROWS, organizations: ROWS, sessions: ROWS, auditEvents: ROWS, apiKeys: API_KEYS };
    await withClient(app.databaseUrl, (client) => seed(client, sizes, 'no hash'));
    actor = await admin(app);
    rows = await sampleRows(run);
  }, 300_000);
  afterAll(() => app.stop());

  /** What a page does in PostgreSQL. */
  async function executionOf(address: string): Promise<Execution> {
    const statements = await statementsOf(app, async () => {
      const response = await actor.get(address);
      expect([address, response.status]).toEqual([address, 200]);
    });
    const [statement, ...others] = statements;
    if (!statement || others.length > 0) throw new Error(`${address} sent ${statements.length} statements, not one`);
    return execute(app, statement);
  }

  /** The pages of these addresses that look at more than they may. */
  async function excess(addresses: readonly string[], most = MAX_PAGES): Promise<string[]> {
    const found: string[] = [];
    for (const address of addresses) {
      const { pages, plan } = await executionOf(address);
      if (pages > most) found.push(`${address}: ${pages} pages, ${plan}`);
    }
    return found;
  }

  describe.each(RESOURCES.map((resource) => ({ type: resource.type, resource })))('of $type', ({ type, resource }) => {
    it.each([...resource.filters.keys()])('filtered by %s looks at a bounded number of pages', async (filter) => {
      expect(await excess(filterAddresses(resource, filter, rows), MAX_PAGES_OF[type])).toEqual([]);
    });

    it.each(sortsOf(resource).filter((sort) => !PER_ACTOR.includes(`${type} ${sort}`)))(
      'sorted by %s looks at a bounded number of pages at its ends, and in its middle at twice as many at most',
      async (sort) => {
        const addresses = await sortAddresses(run, resource, sort);
        expect(await excess(addresses, MAX_PAGES_OF[type])).toEqual([]);
        const ends: number[] = [];
        for (const address of addresses.slice(0, ENDS)) ends.push((await executionOf(address)).pages);
        // Where the cursor's key may be null, the rows before and after the nulls are two stretches of the index.
        expect(await excess(addresses.slice(ENDS), 2 * Math.max(...ends) + 8)).toEqual([]);
      },
    );
  });

  it.each([
    ['accounts', 'created_at'],
    ['accounts', 'joined_at'],
    ['api_keys', 'created_at'],
    ['api_keys', 'expires_at'],
    ['api_keys', 'last_used_at'],
  ] as const)(
    'of %s in a range of %s from the middle, and in its order, looks at a bounded number of pages',
    async (path, name) => {
      const value = encodeURIComponent((path === 'accounts' ? rows.account : rows.apiKey)[name] ?? '');
      const addresses = ['gte', 'lte'].flatMap((operator) =>
        [name, `-${name}`].map((sort) => `/${path}?filter[${name}__${operator}]=${value}&sort=${sort}&page[size]=50`),
      );
      expect(await excess(addresses, MAX_PAGES_OF[`iam:${path}`])).toEqual([]);
    },
  );

  it('with several filters, or a mixed order and a cursor, looks at a bounded number of pages', async () => {
    const filtered = '/accounts?filter[name__match]=andré&filter[role_name__in]=user,admin&page[size]=50';
    const mixed = '/accounts?sort=name,-created_at&page[size]=50&page[after]=';
    const { body } = await actor.get(mixed);
    const cursor: string = body.data.at(-1).meta.page.cursor;
    expect(await excess([filtered, `${filtered}&sort=-created_at`, `${mixed}${cursor}`])).toEqual([]);
  });

  it('counted, of a text that few have, is one statement that looks at a bounded number of pages', async () => {
    const [name, email] = ['name', 'email'].map((attribute) => encodeURIComponent(rows.account[attribute] ?? ''));
    const filters = [`filter[name__match]=${name}`, `filter[email__match]=${email}`, `filter[search]=${email}`];
    expect(await excess(filters.map((filter) => `/accounts?${filter}&count=true&page[size]=50`))).toEqual([]);
  });

  it('finds by the trigram index what differs by case alone, where languages have their own rules for it', async () => {
    for (const name of ['ΟΔΟΣ Ερμού', 'İzmir']) await account(app, { name });
    for (const [text, name] of [
      ['οδος', 'ΟΔΟΣ Ερμού'],
      ['i̇zmir', 'İzmir'],
    ] as const) {
      const address = `/accounts?filter[name__match]=${encodeURIComponent(text)}&page[size]=50`;
      const [statement] = await statementsOf(app, async () => {
        expect(column(await actor.get(address), 'name')).toEqual([name]);
      });
      if (!statement) throw new Error(`${address} sent no statement`);
      expect((await execute(app, statement)).plan).toContain('accounts_name_folded_idx');
    }
  });
});
