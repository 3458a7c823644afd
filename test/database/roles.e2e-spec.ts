import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { command } from '../cli/command-line.js';
import { mailedToken } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, send } from '../support/client.js';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database.js';
import { admin } from '../support/factories.js';
import { createTestRole, grantAll, type TestRole } from '../support/roles.js';

describe('A role that owns nothing', () => {
  /** As the owner of the database, who migrated it. */
  let owner: TestApp;
  let role: TestRole;
  let url: string;

  beforeAll(async () => {
    owner = await startApp();
    role = await createTestRole();
    url = role.at(owner.databaseUrl);
  });
  afterAll(async () => {
    await owner.stop();
    await role.drop();
  });

  const doctor = async (): Promise<string[]> => {
    const env = { DATABASE_URL: url, DATA_DIR: owner.config.dataDir, NODE_ENV: 'test' };
    const { out } = await command(['doctor'], env);
    return out.split('\n').filter((line) => / privileges /.test(line));
  };

  it('lists its missing privileges and the SQL to grant them, at the start and in doctor; with the grants it serves', async () => {
    const start = startApp({ beside: owner, env: { DATABASE_URL: url } });
    const rejection = String(await start.catch((error: unknown) => error));
    expect(rejection).toMatch(/may not use the schema graphile_worker/);
    expect(rejection).toMatch(/lacks SELECT, INSERT, UPDATE, DELETE on .*public\.accounts/);
    expect(rejection).toMatch(/Row level security hides graphile_worker\._private_jobs from/);
    const statements = (text: string): string => (text.match(/(GRANT|CREATE POLICY) .*?;/g) ?? []).join('\n');
    expect(statements((await doctor()).join('\n'))).toBe(statements(rejection));
    await owner.sql(statements(rejection));
    expect(await doctor()).toEqual([
      expect.stringMatching(/^ok .*The role has every privilege that the service needs\./),
    ]);
    const app = await startApp({ beside: owner, env: { DATABASE_URL: url } });
    try {
      const { post, patch, delete: remove } = await admin(app);
      const email = `${randomUUID()}@example.com`;
      const created = await post('/accounts', document('iam:accounts', { name: 'Ada', email, role_name: 'user' }));
      expect(created.status).toBe(200);
      expect(await mailedToken(app, email)).toMatch(/^[\w-]{43}$/);
      const { id } = created.body.data;
      expect((await patch(`/accounts/${id}`, document('iam:accounts', { name: 'Eva' }, id))).status).toBe(200);
      expect((await remove(`/accounts/${id}`)).status).toBe(204);
      expect((await send(app, 'GET', '/health/ready')).status).toBe(200);
    } finally {
      await app.stop();
    }
  });

  it('that loses its way into the outbox is not ready, and answers what needs it 503', async () => {
    await grantAll(owner.databaseUrl, role);
    const app = await startApp({ beside: owner, env: { DATABASE_URL: url } });
    try {
      const { post } = await admin(app);
      await owner.sql(`DROP POLICY "${role.name}" ON graphile_worker._private_jobs`);
      const invited = { name: 'Ada', email: `${randomUUID()}@example.com`, role_name: 'user' };
      const response = await post('/accounts', document('iam:accounts', invited));
      expect(errorsOf(response)).toEqual(['503 unavailable']);
      expect(response.text).not.toMatch(/graphile|policy/);
      const ready = await send(app, 'GET', '/health/ready');
      expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('Not ready: privileges')]);
    } finally {
      await app.stop();
    }
  });
});

describe('A role that is to migrate', () => {
  let database: TestDatabase;
  let role: TestRole;
  beforeAll(async () => {
    database = await createTestDatabase();
    role = await createTestRole();
  });
  afterAll(async () => {
    await database.drop();
    await role.drop();
  });

  const migrate = (direct = role.at(database.url)) =>
    command(['migrate'], { DATABASE_URL: database.url, DATABASE_DIRECT_URL: direct, NODE_ENV: 'test' });

  it('has nothing to do, and needs no right to change anything, where nothing is pending', async () => {
    await grantAll(database.url, role);
    expect(await migrate()).toEqual({ exitCode: 0, out: 'The schema is up to date.\n', err: '' });
  });

  it('lists its missing privileges where something is pending, with the SQL', async () => {
    await withClient(database.url, (client) => client.query(`DELETE FROM migrations WHERE name LIKE 'ReadIndexes%'`));
    const { exitCode, err } = await migrate();
    expect(exitCode).toBe(1);
    expect(err).toMatch(new RegExp(`GRANT CREATE ON DATABASE iam_test_\\w+ TO ${role.name};`));
    expect(err).toMatch(new RegExp(`GRANT USAGE, CREATE ON SCHEMA public TO ${role.name};`));
    expect(err).toMatch(/does not own .*public\.accounts.*: migrate as their owner, by DATABASE_DIRECT_URL/);
  });
});
