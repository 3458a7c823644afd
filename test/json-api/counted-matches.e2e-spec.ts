import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { column, document, ids, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

/** Up to 2,000 matches are counted and sorted in one pass. */
const FEW = 2_000;

describe('Counted pages of what contains a text', () => {
  let app: TestApp;
  let root: ApiClient;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
    for (const [i, name] of ['Ana Few', 'Bea Few', 'Cléo FEW', 'Dan Few', 'Eve few'].entries()) {
      await account(app, {
        name,
        email: `${name.slice(0, 2)}${i}.fewest@example.com`,
        columns: { sso_channel: i % 2 ? null : `channel ${i}` },
      });
    }
    // As an import does it: the lower case is the database's own doing.
    await app.sql(
      `INSERT INTO accounts (id, name, email, email_key, role_name)
       SELECT gen_random_uuid(), CASE WHEN i <= $1 THEN 'Exactly ' ELSE 'Beyond ' END || i, i || '@many.example',
         i || '@many.example', 'user'
       FROM generate_series(1, 2 * $1 + 1) i`,
      [FEW],
    );
  });
  afterAll(() => app.stop());

  const counted = async (query: string, client = root): Promise<{ rows: string[]; count: number }> => {
    const response = await client.get(`/accounts?${query}&count=true`);
    expect([query, response.status]).toEqual([query, 200]);
    return { rows: ids(response), count: response.body.meta.count };
  };

  it.each(['-created_at', 'name', '-name', 'sso_channel', '-sso_channel,name'])(
    'sorted by %s have the rows that they have without a count, and the count on every page',
    async (sort) => {
      const query = `filter[name__match]=few&sort=${sort}&page[size]=2`;
      const whole = ids(await root.get(`/accounts?filter[name__match]=few&sort=${sort}`));
      expect(whole).toHaveLength(5);
      for (const [number, rows] of [whole.slice(0, 2), whole.slice(2, 4), whole.slice(4), []].entries()) {
        expect(await counted(`${query}&page[number]=${number + 1}`)).toEqual({ rows, count: 5 });
      }
    },
  );

  it('have their links, and what they include', async () => {
    const page = await root.get(
      '/accounts?filter[name__match]=few&count=true&page[size]=2&page[number]=2&included=organizations',
    );
    expect(page.body.included).toEqual([]);
    expect(
      [page.body.links.last, page.body.links.next].map((link) => new URLSearchParams(link).get('page[number]')),
    ).toEqual(['3', '3']);
  });

  it('are empty where nothing contains it', async () => {
    expect(await counted('filter[name__match]=nobody%20at%20all')).toEqual({ rows: [], count: 0 });
  });

  it.each([
    ['exactly', FEW],
    ['beyond', FEW + 1],
  ])('count as many as there are, and are the first of them: %s', async (text, count) => {
    const query = `filter[name__match]=${text}&sort=-name&page[size]=3`;
    expect(await counted(query)).toEqual({ rows: ids(await root.get(`/accounts?${query}`)), count });
  });

  it.each([
    ['filter[email__match]=.fewest', 5],
    ['filter[email__match]=an0.fewest@example.com', 1],
    ['filter[email__match]=@many.example', 2 * FEW + 1],
    ['filter[search]=few%20fewest%20cl', 1],
    ['filter[search]=few', 5],
    ['filter[search]=many', 2 * FEW + 1],
    ['filter[name__match]=few&filter[email__match]=bea', 0],
    ['filter[name__match]=few&filter[sso_channel]=null', 2],
    ['filter[name__match]=fe', 5],
  ])('of %s count %d', async (query, count) => {
    // A connection keeps a plan from the sixth time on.
    for (let i = 0; i < 8; i++) expect((await counted(`${query}&page[size]=1`)).count).toBe(count);
  });

  it('count only what the actor may read', async () => {
    const org = await organization(app);
    const member = await account(app, { name: 'Member Few', org: [org] });
    const owner = await signedIn(app, { role: 'org_owner', name: 'Owner', org: [org] });
    expect(await counted('filter[name__match]=few', owner)).toEqual({ rows: [member.id], count: 1 });
    await app.sql('DELETE FROM accounts WHERE id = $1', [member.id]);
  });

  it('follow a name that changes', async () => {
    const { id } = await account(app, { name: 'Before the change' });
    await root.patch(`/accounts/${id}`, document('iam:accounts', { name: 'Στέφανος ΟΔΟΣ' }, id));
    expect((await counted('filter[name__match]=before%20the')).count).toBe(0);
    expect((await counted(`filter[name__match]=${encodeURIComponent('στέφανος οδος')}`)).rows).toEqual([id]);
  });

  it('are of the lower case that the name has, whatever a statement writes', async () => {
    const { id } = await account(app, { name: 'True name' });
    await app.sql(`UPDATE accounts SET name_folded = 'false name' WHERE id = $1`, [id]);
    const page = await root.get('/accounts?filter[name__match]=true%20name&count=true');
    expect(column(page, 'name')).toEqual(['True name']);
    expect((await counted('filter[name__match]=false%20name')).count).toBe(0);
  });
});
