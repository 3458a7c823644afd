import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, type ApiResponse, type ApiClient } from '../support/client.js';
import { withClient } from '../support/database.js';
import { account, signedIn, type SignedIn } from '../support/factories.js';
import { customRoles } from './roles.js';

const TYPE = 'iam:accounts';

/** The three ways to lose an admin. */
const LOSSES = {
  disabling: ({ patch }, id) => patch(`/accounts/${id}`, document(TYPE, { enabled: false })),
  demoting: ({ patch }, id) => patch(`/accounts/${id}`, document(TYPE, { role_name: 'user' })),
  deleting: (actor, id) => actor.delete(`/accounts/${id}`),
} satisfies Record<string, (actor: ApiClient, id: string) => Promise<ApiResponse>>;
const WAYS = Object.keys(LOSSES) as (keyof typeof LOSSES)[];
/** One way after the other, as the number goes up. */
const lose = (actor: ApiClient, id: string, n: number): Promise<ApiResponse> =>
  LOSSES[WAYS[n % WAYS.length] ?? 'deleting'](actor, id);

/** The last enabled account whose role has every right cannot be lost, not even to many requests at once. */
describe('The last enabled admin', () => {
  const roles = customRoles({
    roles: {
      // May change every account, but has not every right: it does not count as an admin.
      registrar: { rank: 80, rights: ['iam:accounts.*.*'] },
      // Every right under another name, which counts as an admin.
      director: { rank: 80, rights: ['*.*.*'] },
    },
  });
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: roles.env });
  });
  afterAll(async () => {
    await app.stop();
    roles.remove();
  });

  /** Admins by any name, enabled. */
  const admins = () =>
    app.sql<{ id: string }>(
      `SELECT id FROM accounts WHERE enabled AND role_name IN ('admin', 'director', 'system') ORDER BY id`,
    );

  /** A database with a single enabled admin, and a registrar to try what can be done to it. */
  const onlyAdmin = async () => {
    await app.sql('UPDATE accounts SET enabled = false');
    const only = await signedIn(app, { role: 'admin' });
    return { only, id: only.account.id, registrar: await signedIn(app, { role: 'registrar' }) };
  };

  it('is kept: disabling, demoting and deleting are 409, and everything else goes', async () => {
    const { registrar, id, only } = await onlyAdmin();
    for (const way of WAYS) expect(errorsOf(await LOSSES[way](registrar, id))).toEqual(['409 conflict']);
    const alsoInvalid = document(TYPE, { enabled: false, name: '' });
    expect(errorsOf(await registrar.patch(`/accounts/${id}`, alsoInvalid))).toEqual(['409 conflict']);
    const whole = await registrar.get(`/accounts/${id}`);
    expect((await registrar.patch(`/accounts/${id}`, whole.body)).body).toEqual(whole.body);
    for (const attributes of [{ name: 'Root' }, { role_name: 'director' }]) {
      expect((await registrar.patch(`/accounts/${id}`, document(TYPE, attributes))).status).toBe(200);
    }
    expect((await only.get('/accounts')).status).toBe(200);
  });

  it.each(WAYS)('is not who is left while another enabled one is there: %s is fine', async (way) => {
    const { registrar, id } = await onlyAdmin();
    await account(app, { role: 'admin', enabled: false });
    expect(errorsOf(await LOSSES[way](registrar, id))).toEqual(['409 conflict']);
    const director = await account(app, { role: 'director' });
    expect(errorsOf(await LOSSES[way](registrar, id))).toEqual([]);
    expect(await admins()).toEqual([{ id: director.id }]);
    for (const other of WAYS) {
      expect(errorsOf(await LOSSES[other](registrar, director.id))).toEqual(['409 conflict']);
    }
  });

  it('cannot be deleted, disabled or made anything but another admin, says meta.can', async () => {
    const { registrar, id } = await onlyAdmin();
    const can = async () => (await registrar.get(`/accounts/${id}?can=true`)).body.data.meta.can;
    const open = ['name', 'role_name', 'picture_url', 'locale'];
    expect(await can()).toEqual({ update: true, delete: false, attributes: open });
    await account(app, { role: 'director' });
    expect(await can()).toEqual({ update: true, delete: true, attributes: ['name', 'enabled', ...open.slice(1)] });
    // What an account has under no organization that can be named cannot be changed.
    const scoped = document(TYPE, { role_scope: { org: ['01900000-0000-7000-8000-000000000000'] } });
    expect(errorsOf(await registrar.patch(`/accounts/${id}`, scoped))).toEqual([
      '403 forbidden /data/attributes/role_scope',
    ]);
  });

  it('is exactly one after 20 requests at once against all of them', async () => {
    const { registrar, id } = await onlyAdmin();
    for (let round = 0; round < 5; round++) {
      const targets = [(await admins())[0]?.id ?? id];
      for (const role of ['admin', 'director', 'admin', 'director']) targets.push((await account(app, { role })).id);
      const responses = await Promise.all(
        Array.from({ length: 20 }, (_, i) => lose(registrar, targets[i % targets.length] ?? id, i + round)),
      );
      const statuses = responses.map(({ status }) => status);
      expect(statuses.filter((status) => ![200, 204, 404, 409].includes(status))).toEqual([]);
      expect(statuses).toContain(409);
      expect(await admins()).toHaveLength(1);
    }
    // Each would cost a second of waiting: all of them take their locks in one order.
    expect(await app.sql('SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()')).toEqual([
      { deadlocks: 0 },
    ]);
  });

  it('is checked in two rows, however many admins there are: no lock on a third is waited for', async () => {
    const { registrar } = await onlyAdmin();
    const many: string[] = [];
    for (let n = 0; n < 6; n++) many.push((await account(app, { role: n % 2 ? 'director' : 'admin' })).id);
    await withClient(app.databaseUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM accounts WHERE id = ANY($1) FOR UPDATE', [many.slice(3)]);
      for (const [n, id] of many.slice(0, 3).entries()) expect((await lose(registrar, id, n)).status).toBeLessThan(300);
    });
  });

  it('outlives 20 requests at once of the admins against each other', async () => {
    for (let round = 0; round < 5; round++) {
      const actors: SignedIn[] = [];
      for (let i = 0; i < 5; i++) actors.push(await signedIn(app, { role: i % 2 ? 'director' : 'admin' }));
      const inside = actors.map(({ account: { id } }) => id);
      await app.sql('UPDATE accounts SET enabled = false WHERE id <> ALL($1)', [inside]);
      const attempts = actors.flatMap((actor, i) =>
        actors.filter((other) => other !== actor).map(({ account: { id } }, j) => ({ actor, id, way: i + j })),
      );
      const responses = await Promise.all(attempts.map(({ actor, id, way }) => lose(actor, id, way)));
      // Who was lost a moment ago is signed out, or a mere user by now.
      const strange = responses.filter(({ status }) => ![200, 204, 401, 403, 404, 409].includes(status));
      expect(strange.map(({ text }) => text)).toEqual([]);
      expect((await admins()).length).toBeGreaterThanOrEqual(1);
    }
  });
});
