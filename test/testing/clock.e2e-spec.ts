import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Account } from '../../src/accounts/account.entity.js';
import { milliseconds } from '../../src/testing/clock/node-clock.js';
import { timeColumns } from '../../src/testing/clock/stored-times.repository.js';
import { document } from '../../src/testing/index.js';
import type { TestIam } from '../../src/testing/index.js';
import { products } from '../resources/products/products.extension.js';
import { startKit } from '../support/kit.js';

const DAY_MS = 86_400_000;

describe('The clock of the test kit', () => {
  let iam: TestIam;

  beforeAll(async () => {
    iam = await startKit({ extension: products });
  });
  afterEach(() => iam.reset());
  afterAll(() => iam?.stop());

  it('lets invitations expire, and sends the reminder before that', async () => {
    const admin = await iam.admin();
    await admin.post('/accounts', document('iam:accounts', { email: 'jane@example.com' }));
    const { token } = await iam.mailbox.next('jane@example.com');
    await iam.clock.advance('2 days');
    expect((await iam.mailbox.next('jane@example.com')).subject).toBe('Your invitation to Iam ends soon');
    expect((await iam.anonymous.get(`/accounts/${token}/invitation`)).status).toBe(200);
    await iam.clock.advance('25 hours');
    expect((await iam.anonymous.patch(`/accounts/${token}/join`)).problems).toEqual(['422 expired_token']);
  });

  it('lets access tokens expire, while the session goes on', async () => {
    const user = await iam.as('user');
    const refresh = () => iam.anonymous.post('/auth/refresh', { refresh_token: user.refreshToken });
    await iam.clock.advance('14 minutes');
    expect((await user.get('/auth/me')).status).toBe(200);
    await iam.clock.advance('2 minutes');
    expect((await user.get('/auth/me')).problems).toEqual(['401 unauthenticated Authorization']);
    expect((await refresh()).status).toBe(200);
    await iam.clock.advance('30 days');
    expect((await refresh()).problems).toEqual(['401 invalid_refresh_token']);
  });

  it('gives cookies their whole life after it was advanced', async () => {
    const { email, password } = await iam.create.account();
    const lives = async (): Promise<string[]> => {
      const response = await iam.anonymous.post('/auth/login', { email, password, cookie: true });
      return response.headers
        .getSetCookie()
        .map((cookie) => /^[\w-]+|Max-Age=\d+/g[Symbol.match](cookie)?.join(' ') ?? '');
    };
    const seconds = (all: string[]) => all.map((cookie) => Math.round(Number(cookie.split('=')[1]) / 60));
    const before = seconds(await lives());
    await iam.clock.advance('60 days');
    expect(seconds(await lives())).toEqual(before);
  });

  it('is the same for code that reads a stored time, and for code that stores one', async () => {
    const { id } = await iam.create.account();
    const accounts = iam.nest.get(DataSource).getRepository(Account);
    const age = async (): Promise<number> => Date.now() - Number((await accounts.findOneByOrFail({ id })).createdAt);
    await iam.clock.advance('3 days');
    expect(Math.abs((await age()) - 3 * DAY_MS)).toBeLessThan(60_000);
    await accounts.update({ id }, { joinedAt: new Date(Date.now() - DAY_MS) });
    const [row] = await iam.sql<{ days: number }>(
      `SELECT round(extract(epoch FROM now() - joined_at) / 86400)::int AS days FROM accounts WHERE id = $1`,
      [id],
    );
    expect(row).toEqual({ days: 1 });
    await iam.clock.advance('1 day');
    expect(Math.abs((await age()) - 4 * DAY_MS)).toBeLessThan(60_000);
  });

  it('moves every time of the service and of its extension, and no day of the calendar', async () => {
    const moved = timeColumns(iam.nest.get(DataSource));
    const stored = await iam.sql<{ table: string; columns: string[] }>(`
      SELECT quote_ident(table_name) AS table, array_agg(quote_ident(column_name)::text ORDER BY column_name) AS columns
      FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type LIKE 'timestamp%' GROUP BY 1`);
    const unquoted = (name: string): string => name.replaceAll('"', '');
    const found = Object.fromEntries(
      [...moved].map(([table, columns]) => [unquoted(table), columns.map(unquoted).sort()]),
    );
    expect(found).toEqual({
      ...Object.fromEntries(stored.map(({ table, columns }) => [table, columns.sort()])),
      'graphile_worker._private_jobs': ['created_at', 'run_at', 'updated_at'],
    });
    expect(found['products']).toEqual(['gone_at', 'made_at']);
  });

  it('leaves versions and the trail as they are', async () => {
    const admin = await iam.admin();
    const created = await admin.post('/organizations', document('iam:organizations', { name: 'Acme' }));
    await iam.clock.advance('5 minutes');
    const { id, meta } = created.one();
    expect((await admin.get(`/organizations/${id}`)).one().meta).toEqual(meta);
    expect((await admin.get(`/audit_events?filter[target_id]=${id}`)).many()).toHaveLength(1);
    await expect(iam.sql(`UPDATE audit_events SET action = 'x'`)).rejects.toThrow('audit_events is append-only');
  });

  it('is one for all apps of a process, and the system’s again after a reset', async () => {
    const other = await iam.another();
    const { id } = await other.create.account();
    const SystemDate = Date;
    await iam.clock.advance('1 week');
    expect(Date).not.toBe(SystemDate);
    expect(new SystemDate()).toBeInstanceOf(Date);
    expect(new Date()).toBeInstanceOf(SystemDate);
    expect([other.clock.offset, Date.now() - SystemDate.now() > 6 * DAY_MS]).toEqual([7 * DAY_MS, true]);
    expect(Date()).toBe(new Date().toString());
    const [row] = await other.sql(`SELECT created_at < now() - interval '6 days' AS old FROM accounts WHERE id = $1`, [
      id,
    ]);
    expect(row).toEqual({ old: true });
    await iam.reset();
    expect(Date).toBe(SystemDate);
    await other.stop();
  });

  it.each([
    ['3 days', 3 * DAY_MS],
    ['1 day', DAY_MS],
    ['1.5 hours', 5_400_000],
    ['90 seconds', 90_000],
    [250, 250],
  ])('takes %j', (duration, expected) => expect(milliseconds(duration)).toBe(expected));

  it.each(['', '3', 'days', '-3 days', '3 years', '9999 weeks', 0, -1, Number.NaN, null, undefined, {}])(
    'rejects %j with a sentence',
    async (duration) => {
      await expect(iam.clock.advance(duration as never)).rejects.toThrow(
        /^The clock moves forward by up to ten years, as/,
      );
    },
  );
});
