import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Extension } from '../../src/app.extension.js';
import { document } from '../../src/testing/index.js';
import type { TestIam } from '../../src/testing/index.js';
import { startKit } from '../support/kit.js';
import { product, Products1764200000000, products } from '../resources/products/products.extension.js';
import { Product } from '../resources/products/product.entity.js';

/** Rows that a migration inserts, as reference data of a team. */
class SeededProducts1764200000001 extends Products1764200000000 {
  override name = 'SeededProducts1764200000001';

  override async up(runner: Parameters<Products1764200000000['up']>[0]): Promise<void> {
    await super.up(runner);
    await runner.query(`
      CREATE SEQUENCE order_numbers;
      INSERT INTO products (id, label, unit_price, released_on)
      SELECT gen_random_uuid(), 'Seeded ' || n, 1, '2026-01-01' FROM generate_series(1, 3) AS n`);
  }
}

const seeded: Extension = { ...products, migrations: [SeededProducts1764200000001] };

describe('An app of the test kit', () => {
  let iam: TestIam;

  beforeAll(async () => {
    iam = await startKit({ extension: seeded });
  });
  afterEach(() => iam.reset());
  afterAll(() => iam?.stop());

  it('has clients of any role, with organizations', async () => {
    const [own, other] = [await iam.create.organization(), await iam.create.organization({ name: 'Other' })];
    const owner = await iam.as('org_owner', { of: own, name: 'Jane' });
    expect((await owner.get('/organizations')).many().map(({ id }) => id)).toEqual([own.id]);
    expect((await owner.get(`/organizations/${other.id}`)).problems).toEqual(['404 not_found']);
    const renamed = await owner.patch(`/organizations/${own.id}`, document('iam:organizations', { name: 'New' }));
    expect(renamed.one().attributes['name']).toBe('New');
    expect((await iam.anonymous.get('/accounts')).problems).toEqual(['401 unauthenticated Authorization']);
    expect((await (await iam.admin()).get('/organizations?count=true')).meta).toEqual({ count: 2 });
  });

  it('names the errors of a response that is not the expected one', async () => {
    const user = await iam.as('user');
    const response = await user.post('/organizations', document('iam:organizations', { name: 'x' }));
    expect(() => response.one()).toThrow(
      /^POST \/organizations responded with 403, 403 forbidden, not with one resource/,
    );
    expect(() => response.many()).toThrow(/not with a collection: /);
  });

  it('takes a member into account at once, also of a client that has signed in', async () => {
    const organization = await iam.create.organization();
    const owner = await iam.as('org_owner');
    expect((await owner.get('/organizations')).many()).toEqual([]);
    await iam.create.member(organization, owner.account);
    expect((await owner.get('/organizations')).many()).toHaveLength(1);
  });

  it('creates rows of any entity, with an id and the defaults of the table', async () => {
    const { id } = await iam.create.organization();
    const row = await iam.create.row(Product, {
      title: 'Lamp',
      price: '9.50',
      releaseDate: '2026-01-31',
      organizationId: id,
    });
    expect(row).toMatchObject({ title: 'Lamp', state: 'draft', version: 1, organizationId: id });
    expect((await (await iam.admin()).get(`/products/${row.id}`)).one().attributes).toMatchObject({ title: 'Lamp' });
  });

  it('receives mails by the way of production, in the language of the request', async () => {
    const admin = await iam.admin();
    const invite = (email: string, language: string) =>
      admin.post('/accounts', document('iam:accounts', { email }), { 'accept-language': language });
    await invite('hans@example.com', 'de');
    await invite('jane@example.com', 'en');
    const mail = await iam.mailbox.next('jane@example.com');
    expect([mail.to, mail.language, mail.subject]).toEqual([['jane@example.com'], 'en', 'You are invited to Iam']);
    expect((await iam.mailbox.next('HANS@example.com')).language).toBe('de');
    const joined = await iam.anonymous.patch(`/accounts/${mail.token}/join`, { password: 'Correct-horse-8' });
    expect(joined.status).toBe(204);
    await iam.signIn({ email: 'jane@example.com', password: 'Correct-horse-8' });
    await expect(iam.mailbox.next('jane@example.com', { timeoutMs: 0 })).rejects.toThrow(
      /^No mail to jane@example\.com within 0 ms\. There are: .*"You are invited to Iam" to jane@example\.com, which was returned before/,
    );
  });

  it('is reset to what it was in the beginning: rows, sequences, mails, clock and sessions', async () => {
    const before = await iam.sql('SELECT id::text, label FROM products ORDER BY label');
    const user = await iam.as('user');
    const admin = await iam.admin();
    await admin.post('/accounts', document('iam:accounts', { email: 'jane@example.com' }));
    await iam.mailbox.next('jane@example.com');
    for (let n = 0; n < 3; n++) await product(iam, n);
    await iam.sql(`DELETE FROM products WHERE label = 'Seeded 1'`);
    await iam.sql(`UPDATE products SET label = 'Changed' WHERE label = 'Seeded 2'`);
    await iam.sql(`SELECT nextval('order_numbers'), nextval('order_numbers')`);
    await iam.clock.advance('1 day');
    await iam.reset();
    expect(await iam.sql('SELECT id::text, label FROM products ORDER BY label')).toEqual(before);
    expect(await iam.sql(`SELECT nextval('order_numbers')::int AS next`)).toEqual([{ next: 1 }]);
    expect(await iam.mailbox.all()).toEqual([]);
    expect(iam.clock.offset).toBe(0);
    expect((await user.get('/auth/me')).status).toBe(401);
    const accounts = await (await iam.admin()).get('/accounts?count=true');
    expect(accounts.meta).toEqual({ count: 1 });
    expect((await (await iam.admin()).get('/audit_events?filter[action]=iam:accounts.created')).many()).toEqual([]);
  });

  it('keeps in a reset what did not change, also where it refers to rows that did', async () => {
    const signIn = () => iam.signIn({ email: 'root@example.com', password: 'Correct-horse-7' });
    await (await signIn()).post('/accounts', document('iam:accounts', { email: 'jane@example.com' }));
    await iam.reset();
    expect((await (await signIn()).get('/accounts')).many()).toHaveLength(1);
  });

  it('is reset from many rows as well', async () => {
    await iam.sql(`INSERT INTO organizations (id, name) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 2000)`);
    await iam.sql(`UPDATE products SET org_ref = (SELECT id FROM organizations LIMIT 1)`);
    await iam.reset();
    expect(await iam.sql('SELECT count(*)::int AS count FROM organizations')).toEqual([{ count: 0 }]);
    expect(await iam.sql('SELECT count(*)::int AS count FROM products WHERE org_ref IS NULL')).toEqual([{ count: 3 }]);
  });

  it('waits in a reset for the jobs that run, and drops those that wait', async () => {
    const { email } = await iam.create.account();
    for (let n = 0; n < 5; n++) await iam.anonymous.post('/account/passwords/request_reset', { email });
    await iam.reset();
    expect(await iam.sql('SELECT FROM graphile_worker.jobs')).toEqual([]);
    expect(await iam.mailbox.all()).toEqual([]);
  });

  it('calls what an extension clears itself', async () => {
    const calls: string[] = [];
    const own = await iam.another({ extension: {} });
    own.afterReset(() => void calls.push('cleared'));
    await own.reset();
    await own.stop();
    expect(calls).toEqual(['cleared']);
  });

  it('forgets in a reset which attempts were used up', async () => {
    const own = await iam.another({ env: { THROTTLE_DISABLED: 'false', THROTTLE_PER_EMAIL_AND_ADDRESS: '1' } });
    const signIn = () => own.anonymous.post('/auth/login', { email: 'root@example.com', password: 'Wrong-horse-7' });
    expect([(await signIn()).status, (await signIn()).status]).toEqual([401, 429]);
    await own.reset();
    expect((await signIn()).status).toBe(401);
    await own.stop();
  });

  it('starts others beside it that share nothing with it', async () => {
    const other = await iam.another();
    const admin = await iam.admin();
    await other.create.organization();
    expect((await admin.get('/organizations')).many()).toEqual([]);
    expect((await other.anonymous.get('/health/ready')).status).toBe(200);
    expect([other.url === iam.url, other.databaseUrl === iam.databaseUrl]).toEqual([false, false]);
    await other.stop();
    await other.stop();
    await expect(other.anonymous.get('/health/live')).rejects.toThrow('fetch failed');
  });
});
