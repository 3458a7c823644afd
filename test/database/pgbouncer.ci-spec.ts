import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, type ApiResponse } from '../support/client.js';
import { admin } from '../support/factories.js';
import { PGBOUNCER, startPgBouncer, type PgBouncer } from '../support/pgbouncer.js';
import { createTestRole, grantAll, type TestRole } from '../support/roles.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Connections that PgBouncer lends, clients that it takes, and the time that one waits for a connection, in s. */
const SETTINGS = { default_pool_size: 2, max_client_conn: 20, query_wait_timeout: 1, server_login_retry: 1 };
/** It is used again within this time, in ms: PgBouncer asks the server once a second. */
const BACK_MS = 20_000;

(process.env['CI'] || existsSync(PGBOUNCER) ? describe : describe.skip)('Behind PgBouncer in transaction mode', () => {
  let app: TestApp;
  let role: TestRole;
  let proxy: TcpProxy;
  let pooler: PgBouncer;
  let through: TestApp;
  let list: () => Promise<ApiResponse>;
  let url: string;

  beforeAll(async () => {
    app = await startApp();
    role = await createTestRole();
    await grantAll(app.databaseUrl, role);
    for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout']) {
      await app.sql(`ALTER ROLE "${role.name}" SET ${limit} = '5s'`);
    }
    proxy = await TcpProxy.open(role.at(app.databaseUrl));
    pooler = await startPgBouncer(proxy.url, 'transaction', SETTINGS);
    url = pooler.at(role.at(app.databaseUrl));
    const env = { DATABASE_URL: url, DATABASE_DIRECT_URL: role.at(app.databaseUrl), DATABASE_POOLER: 'transaction' };
    through = await startApp({ beside: app, env });
    const { token } = await admin(through);
    list = () => as(through, token).get('/organizations');
  });
  afterAll(async () => {
    await through.stop();
    await pooler.stop();
    await proxy.close();
    await app.stop();
    await role.drop();
  });

  function isUnavailable(response: ApiResponse): void {
    expect(errorsOf(response)).toEqual(['503 unavailable']);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const isBack = () => eventually(async () => (await list()).status === 200, BACK_MS);
  /** What PgBouncer says to a client that asks for something. */
  async function connectionError(): Promise<string> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return 'nothing';
    } catch (error) {
      return `${(error as { code?: string }).code} ${(error as Error).message}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  it('that has no access to the server, requests are answered 503, and 200 when it is back', async () => {
    expect((await list()).status).toBe(200);
    proxy.cut();
    isUnavailable(await list());
    isUnavailable(await list());
    isUnavailable(await as(through).get('/health/ready'));
    proxy.mend();
    await isBack();
  });

  it('whose server does not let it in, requests are answered 503', async () => {
    await app.sql(`ALTER ROLE "${role.name}" NOLOGIN`);
    try {
      await app.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, [role.name]);
      await eventually(async () => /^08P01 server login (failed|has been failing)/.test(await connectionError()));
      isUnavailable(await list());
      isUnavailable(await list());
    } finally {
      await app.sql(`ALTER ROLE "${role.name}" LOGIN`);
    }
    await isBack();
  });

  it('whose connections are all taken, a request that waits too long is answered 503', async () => {
    const others = [1, 2].map(() => new Client({ connectionString: url }));
    for (const other of others) await other.connect();
    try {
      for (const other of others) await other.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
      expect(await connectionError()).toBe('08P01 query_wait_timeout');
      isUnavailable(await list());
    } finally {
      for (const other of others) await other.end();
    }
    await isBack();
  });

  it('that takes no more clients, requests that need a new connection are answered 503', async () => {
    const others: Client[] = [];
    try {
      for (let full = false; !full && others.length <= SETTINGS.max_client_conn;) {
        const other = new Client({ connectionString: url });
        other.on('error', () => undefined);
        others.push(other);
        full = await other.connect().then(
          () => false,
          () => true,
        );
      }
      expect(await connectionError()).toMatch(/^08P01 no more connections allowed/);
      const responses = await Promise.all(Array.from({ length: 20 }, list));
      const others503 = responses.filter(({ status }) => status !== 200);
      expect(others503.length).toBeGreaterThan(0);
      others503.forEach(isUnavailable);
    } finally {
      for (const other of others) await other.end().catch(() => undefined);
    }
    await isBack();
  });

  it('that is gone, requests are answered 503', async () => {
    await pooler.stop();
    isUnavailable(await list());
    isUnavailable(await as(through).get('/health/ready'));
  });
});
