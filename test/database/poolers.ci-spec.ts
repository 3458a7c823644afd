import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { mailedToken } from '../accounts/mails.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, ids } from '../support/client.js';
import { createTestDatabase, withClient } from '../support/database.js';
import { admin } from '../support/factories.js';
import { TestPooler } from '../support/pooler.js';
import { createTestRole, grantAll, type TestRole } from '../support/roles.js';

const LIMITS = ['statement_timeout', 'idle_in_transaction_session_timeout'];

let app: TestApp;
/** As a managed service gives one: what is set for it counts for no other role. */
let role: TestRole;
let databaseUrl: string;
let pooler: TestPooler;

beforeAll(async () => {
  app = await startApp();
  role = await createTestRole();
  databaseUrl = role.at(app.databaseUrl);
  await grantAll(app.databaseUrl, role);
});
afterAll(async () => {
  await app.stop();
  await role.drop();
});
afterEach(() => pooler.close());

const setLimits = (value: string): Promise<unknown> =>
  app.sql(LIMITS.map((name) => `ALTER ROLE "${role.name}" SET ${name} = '${value}'`).join('; '));

/** Does what needs a transaction, a job of the outbox, and statements that are worth preparing. */
async function use(through: TestApp): Promise<void> {
  const { post, get } = await admin(through);
  const email = `${randomUUID()}@example.com`;
  const created = await post('/accounts', document('iam:accounts', { name: 'Ada', email, role_name: 'user' }));
  expect(created.status).toBe(200);
  expect(await mailedToken(through, email)).toMatch(/^[\w-]{43}$/);
  const { id } = created.body.data;
  // Three at a time, which take turns at the connections of the pooler.
  for (let time = 0; time < 4; time++) {
    const responses = await Promise.all([1, 2, 3].map(() => get(`/accounts/${id}`)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    const pages = await Promise.all([1, 2, 3].map(() => get(`/accounts?filter[email]=${email}`)));
    expect(pages.map(ids)).toEqual([[id], [id], [id]]);
  }
}

/** Sessions of the role that hold a lock which shows that a worker of the outbox lives. */
const outboxSessions = (): Promise<{ name: string }[]> =>
  app.sql(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity JOIN pg_locks USING (pid)
     WHERE usename = $1 AND locktype = 'advisory'`,
    [role.name],
  );

const limitsOf = ({ nest }: TestApp): Promise<unknown> =>
  nest.get(DataSource).query(`SELECT name, setting FROM pg_settings WHERE name = ANY ($1)`, [LIMITS]);
const FIVE_SECONDS = expect.arrayContaining(LIMITS.map((name) => ({ name, setting: '5000' })));

/** The message with which a start ends. */
const startError = (env: Record<string, string>): Promise<string> =>
  startApp({ beside: app, env }).then(
    async (started) => {
      await started.stop();
      return 'It started.';
    },
    ({ message }: Error) => message,
  );

describe('Behind a pooler in session mode', () => {
  beforeEach(async () => {
    pooler = await TestPooler.open(databaseUrl, 'session');
  });

  it('that rejects start-up parameters, the service works with its limits', async () => {
    const rejected = new Client({ connectionString: pooler.url, statement_timeout: 5_000 });
    await expect(rejected.connect()).rejects.toThrow('unsupported startup parameter: statement_timeout');
    const through = await startApp({ beside: app, env: { DATABASE_URL: pooler.url } });
    try {
      await use(through);
      expect(await limitsOf(through)).toEqual(FIVE_SECONDS);
      await eventually(async () => (await outboxSessions()).length > 0);
      expect(await outboxSessions()).toEqual([{ name: 'test pooler' }]);
    } finally {
      await through.stop();
    }
  });

  it('a start-up parameter of DATABASE_URL that it rejects ends the start at once, with its name', async () => {
    const startedAt = Date.now();
    expect(await startError({ DATABASE_URL: `${pooler.url}?options=-c%20geqo%3Doff` })).toMatch(
      /unsupported startup parameter: options\. The pooler rejects .* Take it out of DATABASE_URL, or list it in ignore_/,
    );
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('Behind a pooler in transaction mode', () => {
  beforeEach(async () => {
    pooler = await TestPooler.open(databaseUrl, 'transaction', 3);
    await setLimits('5s');
  });

  const announced = (): Record<string, string> => ({
    DATABASE_URL: pooler.url,
    DATABASE_DIRECT_URL: databaseUrl,
    DATABASE_POOLER: 'transaction',
  });

  it('the service works, and leaves nothing behind in what others share', async () => {
    const through = await startApp({ beside: app, env: announced() });
    try {
      await use(through);
      expect(await limitsOf(through)).toEqual(FIVE_SECONDS);
      expect(pooler.connections).toBeLessThanOrEqual(3);
      await eventually(async () => (await outboxSessions()).length > 0);
      expect(await outboxSessions()).toEqual([{ name: 'iam outbox' }]);
      const left = await app.sql(
        `SELECT query FROM pg_stat_activity AS backend WHERE application_name = 'test pooler' AND datname = current_database()
           AND (query ~* '^(SET|LISTEN|CREATE)' OR EXISTS (
             SELECT FROM pg_locks WHERE locktype = 'advisory' AND pg_locks.pid = backend.pid))`,
      );
      expect(left).toEqual([]);
      const { rows } = await withClient(pooler.url, (client) =>
        client.query(
          'SELECT (SELECT count(*) FROM pg_prepared_statements)::int AS prepared, (SELECT count(*) FROM pg_listening_channels())::int AS channels',
        ),
      );
      expect(rows).toEqual([{ prepared: 0, channels: 0 }]);
    } finally {
      await through.stop();
    }
  });

  it('that is not configured, the start ends at once and says what to set, and sets nothing in shared connections', async () => {
    await setLimits('7s');
    expect(await startError({ DATABASE_URL: pooler.url })).toMatch(
      /DATABASE_URL leads to a pooler in transaction mode.* Set DATABASE_POOLER=transaction, and DATABASE_DIRECT_URL to /,
    );
    const { rows } = await withClient(pooler.url, (client) => client.query('SHOW statement_timeout'));
    expect(rows).toEqual([{ statement_timeout: '7s' }]);
  });

  it('it is recognised while others work there', async () => {
    const busy = new AbortController();
    const others = Promise.all(
      [1, 2].map(() =>
        withClient(pooler.url, async (client) => {
          while (!busy.signal.aborted) await client.query('SELECT pg_sleep(0.002)');
        }),
      ),
    );
    try {
      for (let time = 0; time < 5; time++) {
        expect(await startError({ DATABASE_URL: pooler.url })).toContain('DATABASE_POOLER=transaction');
      }
    } finally {
      busy.abort();
      await others;
    }
  });

  it('the direct URL has to give sessions', async () => {
    expect(await startError({ ...announced(), DATABASE_DIRECT_URL: `${pooler.url}?` })).toMatch(
      /DATABASE_DIRECT_URL leads to a pooler in transaction mode/,
    );
  });

  it('the direct URL has to lead to the same database', async () => {
    const other = await createTestDatabase();
    try {
      expect(await startError({ ...announced(), DATABASE_DIRECT_URL: other.url })).toContain(
        'DATABASE_URL and DATABASE_DIRECT_URL lead to different databases',
      );
    } finally {
      await other.drop();
    }
  });

  it.each(['0', '6s'])('limits of the role that are %s end the start, with the SQL that sets them', async (value) => {
    await setLimits(value);
    const message = await startError(announced());
    expect(message).toMatch(/Behind a transaction pooler the time limits of requests must be set on the role/);
    const statements = message.match(/ALTER ROLE .*?;/g) ?? [];
    expect(statements).toHaveLength(2);
    await app.sql(statements.join(' '));
    await pooler.close();
    pooler = await TestPooler.open(databaseUrl, 'transaction');
    await (await startApp({ beside: app, env: announced() })).stop();
  });
});
