import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, document, type SignedInClient, startIam, type TestIam } from 'iam/testing';
import { ExpiredReservations } from './expired-reservations.js';
import { InventoryApp } from './inventory.testing.js';

describe('The inventory, an extension that adds to the service everywhere', () => {
  let app: InventoryApp;
  let iam: TestIam;
  let admin: SignedInClient;

  before(async () => {
    app = await InventoryApp.start();
    ({ iam, admin } = app);
  });
  after(() => iam.stop());

  it('has a field type of its own, with its errors, filters and schema', async () => {
    const of = await iam.create.organization();
    const rejected = await app.newItem(of, { sku: 'abc' });
    assert.deepEqual(rejected.problems, ['422 validation_failed /data/attributes/sku']);
    const item = await app.itemIn(of, { sku: 'XYZ-0009' });
    const found = await admin.get(`/items?filter[organization_id]=${of.id}&filter[sku]=xyz-0009`);
    assert.deepEqual(
      found.many().map(({ id }) => id),
      [item],
    );
    assert.deepEqual((await admin.get('/items?filter[sku]=x')).problems, ['400 invalid_parameter filter[sku]']);
  });

  it('has columns together that are taken: 409', async () => {
    const of = await iam.create.organization();
    await app.itemIn(of);
    assert.deepEqual((await app.newItem(of)).problems, ['409 conflict']);
  });

  it('has an action with a right, a rule on rows, an audit action, and a constraint of its own', async () => {
    const of = await iam.create.organization();
    const item = await app.itemIn(of, { quantity: 3 });
    const [person, stranger] = [await iam.as('user', { of }), await iam.as('user')];
    const reserve = async (who: ApiClient, quantity: number) => {
      const { status, problems } = await who.post(`/items/${item}/reserve`, { quantity });
      return problems[0] ?? status;
    };
    const actions = async () => {
      const can = (await person.get(`/items/${item}?can=true`)).one().meta?.['can'];
      return (can as { actions: string[] }).actions;
    };
    assert.deepEqual(await actions(), ['reserve']);
    assert.equal(await reserve(stranger, 1), '404 not_found');
    assert.equal(await reserve(person, 4), '409 conflict /quantity');
    assert.equal(await reserve(person, 3), 204);
    assert.deepEqual(await actions(), []);
    assert.equal(await reserve(person, 1), '403 forbidden');
    assert.deepEqual((await admin.delete(`/items/${item}`)).problems, ['403 forbidden']);
    const events = await admin.get(`/audit_events?filter[action]=inventory:items.reserved&filter[target_id]=${item}`);
    assert.deepEqual(
      events.many().map(({ attributes }) => attributes['details']),
      [{ quantity: 3 }],
    );
  });

  it('ends reservations by a periodic job, and mails their owners in their language', async () => {
    const of = await iam.create.organization();
    const item = await app.itemIn(of);
    const person = await iam.as('user', { of });
    await person.post(`/items/${item}/reserve`, { quantity: 1 });
    await admin.patch(`/accounts/${person.account.id}`, document('iam:accounts', { locale: 'de' }));
    await iam.sql('UPDATE reservations SET expires_at = now() WHERE item_id = $1', [item]);
    await iam.nest.get(ExpiredReservations, { strict: false }).expire(new AbortController().signal);
    assert.equal((await admin.get(`/items/${item}`)).one().attributes['reserved'], 0);
    const { subject } = await iam.mailbox.next(person.account.email);
    assert.equal(subject, 'Ihre Reservierung von Laptop ist abgelaufen');
  });

  it('warns in readiness', async () => {
    await iam.sql('UPDATE items SET quantity = 1, reserved = 1');
    let degraded: string[] = [];
    // On a busy machine other checks may take longer than their time.
    for (let look = 0; look < 10 && !degraded.includes('stock'); look++) {
      if (look > 0) await sleep(500);
      ({ degraded = [] } = JSON.parse((await iam.anonymous.get('/health/ready')).text));
    }
    assert.ok(degraded.includes('stock'));
  });

  it('has a command with a help of its own', async () => {
    await app.itemIn(await iam.create.organization(), { sku: 'CLI-0001', name: 'Mouse', quantity: 5 });
    assert.match((await app.run(['stock', '--free'])).out, /^CLI-0001 Mouse 5$/m);
    assert.match((await app.run(['stock', '--help'])).out, /--free/);
    assert.match((await app.run(['--help'])).out, /Print what is in stock/);
  });

  it('has variables that are validated with those of the service, and listed with them', async () => {
    const wrong = await app.run(['stock'], '', { RESERVATION_DAYS: '0' });
    assert.match(wrong.err, /RESERVATION_DAYS must be a whole number from 1 to 365, not "0"\./);
    assert.match((await app.run(['variables'])).out, /^#RESERVATION_DAYS=14$/m);
    const doctor = await app.run(['doctor'], '', { RESERVATION_DAYS: 'two' });
    assert.match(doctor.out, /problem +settings +RESERVATION_DAYS must be/);
  });

  it('has rules of accounts: the domains of their e-mails', async () => {
    const created = await admin.post('/accounts', document('iam:accounts', { email: 'jane@other.example' }));
    assert.deepEqual(created.problems, ['422 validation_failed /data/attributes/email']);
    assert.match(created.errors[0]?.detail ?? '', /must be an address of example\.com, acme\.example/);
  });

  it('has pages outside of API_PREFIX and under it, in the layout of the service and the language of the browser', async () => {
    const prefixed = await iam.another({ env: { API_PREFIX: 'api' } });
    try {
      const page = (path: string) => prefixed.anonymous.get(path, { 'accept-language': 'de' });
      const { text } = await page('/stock');
      assert.match(text, /<header class="product">[^]*<h1>Vorrätig<\/h1>/);
      assert.match((await page('/api/about_stock')).text, /About the inventory/);
      assert.deepEqual([(await page('/api/stock')).status, (await page('/about_stock')).status], [404, 404]);
    } finally {
      await prefixed.stop();
    }
  });

  it('does not start with the error of a constraint that the database does not have', async () => {
    const constraints = { items_reserved_chk: { code: 'conflict', detail: 'Not as many' } } as const;
    await assert.rejects(
      startIam({ extension: { constraints } }),
      /constraints: the database has no constraint items_reserved_chk; correct the name/,
    );
  });
});
