import { Global, Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ident, sql, Transactions } from '../../src/json-api/sql/sql.js';
import { newToken } from '../../src/auth/tokens/secrets.js';
import { Sweeper } from '../../src/sweeps/sweeper.js';
import { SweepsRepository } from '../../src/sweeps/sweeps.repository.js';
import { PeriodicJobs } from '../../src/sweeps/periodic-jobs.js';
import { Sweeps } from '../../src/sweeps/sweeps.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, send } from '../support/client.js';
import { withClient } from '../support/database.js';
import { account, signedIn, signIn, storeToken } from '../support/factories.js';
import { sweepNow } from './sweep-now.js';

/** Twenty statements. */
const EXPIRED_SESSIONS = 20_000;

class Parcels1764999000000 implements MigrationInterface {
  name = 'Parcels1764999000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE parcels (number text PRIMARY KEY, kept_until timestamptz NOT NULL)');
    await runner.query('CREATE INDEX parcels_kept_until_idx ON parcels (kept_until)');
  }
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}

@Injectable()
class ParcelSweep implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}
  onModuleInit(): void {
    this.sweeps.register({ table: 'parcels', key: 'number', expired: sql`kept_until < now()`, by: 'kept_until' });
  }
}

@Global()
@Module({ providers: [ParcelSweep] })
class ParcelsModule {}

const extension = { modules: [ParcelsModule], migrations: [Parcels1764999000000] };

describe('Expired rows', () => {
  let here: TestApp;
  let there: TestApp;

  beforeAll(async () => {
    here = await startApp({ extension });
    there = await startApp({ extension, beside: here });
    for (const app of [here, there]) await app.nest.get(Sweeper, { strict: false }).onModuleDestroy();
  });
  afterEach(() => void jest.restoreAllMocks());
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

  const count = async (table: string): Promise<number> =>
    (await here.sql<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`))[0]?.rows ?? -1;

  /** Gives an account that many sessions that expired in the last day. */
  const expiredSessions = (accountId: string, sessions: number) =>
    here.sql(
      `INSERT INTO account_sessions (id, account_id, nonce, ip, refreshed_at, expires_at)
       SELECT gen_random_uuid(), $1, 'nonce', '127.0.0.1', now() - interval '2 days', now() - make_interval(secs => i)
       FROM generate_series(1, $2::int) i`,
      [accountId, sessions],
    );

  it('of 20,000 sessions go in statements that stay far below the limit, while people sign in', async () => {
    const jane = await account(here);
    await expiredSessions(jane.id, EXPIRED_SESSIONS);
    const batches = jest.spyOn(here.nest.get(SweepsRepository, { strict: false }), 'delete');
    const before = await count('account_sessions');
    let isSwept = false;
    const sweeping = sweepNow(here).finally(() => (isSwept = true));
    const signIns: number[] = [];
    while (!isSwept) {
      const began = performance.now();
      await signIn(here, jane);
      signIns.push(performance.now() - began);
    }
    expect(await sweeping).toBeGreaterThanOrEqual(EXPIRED_SESSIONS);
    expect(await count('account_sessions')).toBe(before - EXPIRED_SESSIONS + signIns.length);
    expect(batches.mock.calls.length).toBeGreaterThanOrEqual(EXPIRED_SESSIONS / 1_000);
    expect(Math.max(...signIns)).toBeLessThan(3_000);
  });

  it('are deleted once, by one of the instances that look at the same moment', async () => {
    const jane = await account(here);
    await expiredSessions(jane.id, 3_000);
    await here.sql('TRUNCATE sweeps');
    const sweepers = [here, there].map((app) => app.nest.get(Sweeper, { strict: false }));
    const claims = [here, there].map((app) => jest.spyOn(app.nest.get(SweepsRepository, { strict: false }), 'finish'));
    const deleted = await Promise.all(sweepers.map((sweeper) => sweeper.tick()));
    expect(deleted.reduce((sum, rows) => sum + rows, 0)).toBe(3_000);
    const finished = claims.flatMap((claim) => claim.mock.calls.map(([name]) => name));
    const sweeps = here.nest.get(Sweeps, { strict: false }).list();
    const jobs = here.nest.get(PeriodicJobs, { strict: false }).list();
    expect(finished.sort()).toEqual([...sweeps.map(({ table }) => table), ...jobs.map(({ name }) => name)].sort());
    await expiredSessions(jane.id, 10);
    // None is due any more.
    expect(await Promise.all(sweepers.map((sweeper) => sweeper.tick()))).toEqual([0, 0]);
  });

  it('go from every table that has any, and nothing goes that is alive', async () => {
    const jane = await signedIn(here);
    await here.sql("INSERT INTO parcels VALUES ('old', now() - interval '1 s'), ('new', now() + interval '1 hour')");
    await here.sql(`INSERT INTO attempts (key, points, expire) SELECT name, 1, (extract(epoch FROM now()) * 1000)::bigint + ms
      FROM (VALUES ('old', -7200000), ('just over', -1000), ('new', 60000)) AS attempt (name, ms)`);
    await here.sql("INSERT INTO attempts (key, points, expire) VALUES ('for ever', 1, NULL)");
    await here.sql(`INSERT INTO auth_changes (id, account_id, created_at) SELECT gen_random_uuid(), gen_random_uuid(), at
      FROM (VALUES (now() - interval '11 minutes'), (now() - interval '9 minutes')) AS change (at)`);
    await here.sql(`INSERT INTO idempotency_keys (key, digest, created_at) VALUES
      ('old', 'x', now() - interval '25 hours'), ('new', 'x', now() - interval '23 hours')`);
    await here.sql(`INSERT INTO audit_events (id, action, created_at) VALUES
      (gen_random_uuid(), 'parcels.old', now() - interval '366 days'), (gen_random_uuid(), 'parcels.new', now())`);
    const sessions = await count('account_sessions WHERE expires_at > now()');
    await sweepNow(here);
    expect(await here.sql('SELECT number FROM parcels')).toEqual([{ number: 'new' }]);
    expect(
      (await here.sql("SELECT key FROM attempts WHERE key IN ('old', 'just over', 'new', 'for ever')")).length,
    ).toBe(3);
    expect(await count("attempts WHERE key = 'old'")).toBe(0);
    expect(await count("auth_changes WHERE created_at < now() - interval '10 minutes'")).toBe(0);
    expect(await count("auth_changes WHERE created_at < now() - interval '8 minutes'")).toBe(1);
    expect(await here.sql('SELECT key FROM idempotency_keys')).toEqual([{ key: 'new' }]);
    expect(await here.sql("SELECT action FROM audit_events WHERE action LIKE 'parcels.%'")).toEqual([
      { action: 'parcels.new' },
    ]);
    expect(await count('account_sessions')).toBe(sessions);
    expect((await jane.get('/auth/me')).status).toBe(200);
  });

  it('of mailed tokens go 30 days after their end; until then they are reported as expired', async () => {
    const jane = await account(here);
    const days = { gone: -31, kept: -29, live: 1 };
    const tokens: Record<string, string> = {};
    for (const [name, day] of Object.entries(days)) {
      const { token, hash } = newToken();
      tokens[name] = token;
      await storeToken(here, jane.id, 'reset', { hash, expiresAt: new Date(Date.now() + day * 86_400_000) });
    }
    const reset = async (name: keyof typeof days): Promise<string[]> =>
      errorsOf(
        await send(here, 'POST', '/account/passwords/reset', {
          body: { token: tokens[name], password: 'Another-horse-9' },
        }),
      );
    expect([await reset('gone'), await reset('kept')]).toEqual([['422 expired_token'], ['422 expired_token']]);
    await sweepNow(here);
    expect([await reset('gone'), await reset('kept')]).toEqual([['404 invalid_token'], ['422 expired_token']]);
    expect(await reset('live')).toEqual([]);
  });

  it('are left alone while they are locked, and deleted the next time', async () => {
    await here.sql("INSERT INTO parcels VALUES ('held', now() - interval '1 s'), ('free', now() - interval '1 s')");
    const left = await withClient(here.databaseUrl, async (client) => {
      await client.query("BEGIN; SELECT FROM parcels WHERE number = 'held' FOR UPDATE");
      await sweepNow(here);
      return here.sql('SELECT number FROM parcels WHERE kept_until < now()');
    });
    expect(left).toEqual([{ number: 'held' }]);
    await sweepNow(here);
    expect(await here.sql('SELECT number FROM parcels WHERE kept_until < now()')).toEqual([]);
  });

  it('of a table that fails are tried again a minute later, and do not keep the others', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const jane = await account(here);
    await here.sql('ALTER TABLE parcels RENAME TO parcels_elsewhere');
    await expiredSessions(jane.id, 5);
    expect(await sweepNow(here)).toBeGreaterThanOrEqual(5);
    expect(warn.mock.calls.flat().join('\n')).toContain('Expired rows of parcels were not deleted');
    await here.sql('ALTER TABLE parcels_elsewhere RENAME TO parcels');
    const [retry] = await here.sql<{ seconds: number }>(
      "SELECT extract(epoch FROM due_at - now())::float AS seconds FROM sweeps WHERE name = 'parcels'",
    );
    expect(retry?.seconds).toBeGreaterThan(30);
    expect(retry?.seconds).toBeLessThanOrEqual(60);
  });

  it('are found by an index, whatever the table', async () => {
    for (const { table, expired, by } of here.nest.get(Sweeps, { strict: false }).list()) {
      const plan = await here.nest.get(Transactions).run(async (tx) => {
        await tx.query(sql`SET LOCAL enable_seqscan = off`);
        await tx.query(sql`SET LOCAL enable_bitmapscan = off`);
        return tx.query<{ 'QUERY PLAN': string }>(
          sql`EXPLAIN SELECT 1 FROM ${ident(table)} WHERE ${expired} ORDER BY ${ident(by)} LIMIT 1000`,
        );
      });
      const steps = plan.map((row) => row['QUERY PLAN']);
      expect(steps.filter((step) => step.includes('Index Cond'))).toEqual([expect.stringContaining(by)]);
      expect(steps.filter((step) => step.includes('Sort'))).toEqual([]);
    }
  });
});
