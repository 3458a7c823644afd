import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { command } from '../cli/command-line.js';
import { startApp, type TestApp } from '../support/app.js';
import { document } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { account, admin, organization } from '../support/factories.js';

/** Connections that write memberships of one account at the same time. */
const WRITERS = 8;

/** An account's `role_scope.org` comes out of a copy of its memberships, which triggers keep. */
describe('The organizations that an account shows', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  // Whatever a test did, each copy is that of the memberships, in the order of ids.
  afterEach(async () => {
    const wrong = await app.sql(`
      SELECT id, organization_ids FROM accounts WHERE organization_ids <> ARRAY(
        SELECT organization_id FROM memberships WHERE account_id = accounts.id ORDER BY organization_id)`);
    expect(wrong).toEqual([]);
  });
  afterAll(() => app.stop());

  const organizations = (count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, () => organization(app)));

  async function shownOf(id: string): Promise<string[] | undefined> {
    const { body } = await (await admin(app)).get(`/accounts/${id}`);
    return body.data.attributes.role_scope.org;
  }

  it('are those of its memberships, sorted, after each change through the API', async () => {
    const [a = '', b = '', c = ''] = (await organizations(3)).sort();
    const { post, patch } = await admin(app);
    const attributes = { name: 'Jane Doe', email: 'jane@example.com', role_scope: { org: [c, a] } };
    const created = await post('/accounts', document('iam:accounts', attributes));
    expect(created.body.data.attributes.role_scope).toEqual({ org: [a, c] });
    const { id } = created.body.data;
    const changed = await patch(`/accounts/${id}`, document('iam:accounts', { role_scope: { org: [b, c] } }, id));
    expect(changed.body.data.attributes.role_scope).toEqual({ org: [b, c] });
    await app.sql(`UPDATE accounts SET role_scope_extra = '{"region": ["north"]}' WHERE id = $1`, [id]);
    const { body } = await (await admin(app)).get(`/accounts/${id}`);
    expect(body.data.attributes.role_scope).toEqual({ region: ['north'], org: [b, c] });
    await patch(`/accounts/${id}`, document('iam:accounts', { role_scope: { org: [b] } }, id));
    expect(await shownOf(id)).toEqual([b]);
    await patch(`/accounts/${id}`, document('iam:accounts', { role_scope: {} }, id));
    expect(await shownOf(id)).toBeUndefined();
  });

  it('are without one that was deleted', async () => {
    const [kept = '', gone = ''] = await organizations(2);
    const { id } = await account(app, { org: [kept, gone] });
    await (await admin(app)).delete(`/organizations/${gone}`);
    expect(await shownOf(id)).toEqual([kept]);
  });

  it('are all of those that were added, and none that was removed, at the same time', async () => {
    const all = (await organizations(2 * WRITERS)).sort();
    const [before, after] = [all.slice(0, WRITERS), all.slice(WRITERS)];
    const { id } = await account(app, { org: before });
    const writers = await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        const client = new Client({ connectionString: app.databaseUrl });
        await client.connect();
        return client;
      }),
    );
    await Promise.all(writers.map((client) => client.query('BEGIN')));
    await Promise.all(
      writers.map(async (client, i) => {
        await client.query('INSERT INTO memberships VALUES ($1, $2)', [id, after[i]]);
        await client.query('DELETE FROM memberships WHERE account_id = $1 AND organization_id = $2', [id, before[i]]);
        await client.query('COMMIT');
        await client.end();
      }),
    );
    expect(await shownOf(id)).toEqual(after);
  });

  it('follow memberships that are moved, and those of many accounts at once', async () => {
    const [from = '', to = ''] = await organizations(2);
    const accounts = await Promise.all(Array.from({ length: 20 }, () => account(app, { org: [from] })));
    await app.sql('UPDATE memberships SET organization_id = $2 WHERE organization_id = $1', [from, to]);
    for (const { id } of accounts) expect(await shownOf(id)).toEqual([to]);
    await app.sql('DELETE FROM organizations WHERE id = $1', [to]);
    for (const { id } of accounts) expect(await shownOf(id)).toBeUndefined();
  });

  it('are those of an import and of seeded data', async () => {
    const env = { ...databaseEnvironment(app.databaseUrl), APP_SECRET: 'a secret that is only used by the tests' };
    const [a = '', b = ''] = (await organizations(2)).sort();
    const line = JSON.stringify({ name: 'Imported', email: 'imported@example.com', role_scope: { org: [b, a] } });
    expect(await command(['accounts', 'import', '-'], env, `${line}\n`)).toMatchObject({ exitCode: 0 });
    const [{ id = '' } = {}] = await app.sql<{ id: string }>(`SELECT id FROM accounts WHERE email LIKE 'imported@%'`);
    expect(await shownOf(id)).toEqual([a, b]);
    expect(await command(['seed', '--accounts', '200', '--organizations', '5'], env)).toMatchObject({ exitCode: 0 });
    const [{ members = 0 } = {}] = await app.sql<{ members: number }>(
      `SELECT count(*)::int AS members FROM accounts WHERE email LIKE '%@seed.example.com' AND organization_ids <> '{}'`,
    );
    expect(members).toBeGreaterThan(100);
  });
});
