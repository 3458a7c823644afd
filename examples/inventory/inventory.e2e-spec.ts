import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailsTo } from '../../test/accounts/mails.js';
import { eventually } from '../../test/outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../../test/support/app.js';
import { type ApiClient, column, document, errorsOf, ids } from '../../test/support/client.js';
import { organization, signedIn } from '../../test/support/factories.js';
import { ExpiredReservations } from './src/inventory/expired-reservations.js';
import { type InventoryApp, startInventory } from './inventory-app.js';

describe('The inventory, an extension that adds to the service everywhere', () => {
  let tested: InventoryApp;
  let app: TestApp;
  let root: ApiClient;

  beforeAll(async () => {
    tested = await startInventory();
    ({ app, root } = tested);
  });
  afterAll(() => app.stop());

  it('has a field type of its own, with its errors, filters and schema', async () => {
    const org = await organization(app);
    expect(errorsOf(await tested.newItem(org, { sku: 'abc' }))).toEqual(['422 validation_failed /data/attributes/sku']);
    const item = await tested.itemIn(org, { sku: 'XYZ-0009' });
    expect(ids(await root.get(`/items?filter[organization_id]=${org}&filter[sku]=xyz-0009`))).toEqual([item]);
    expect(errorsOf(await root.get('/items?filter[sku]=x'))).toEqual(['400 invalid_parameter filter[sku]']);
  });

  it('does not start with the error of a constraint that the database does not have', async () => {
    const constraints = { items_reserved_chk: { code: 'conflict', detail: 'Not as many' } } as const;
    const start = startApp({ extension: { constraints }, beside: app });
    await expect(start).rejects.toThrow(
      'constraints: the database has no constraint items_reserved_chk; correct the name',
    );
  });

  it('has columns together that are taken: 409', async () => {
    const org = await organization(app);
    await tested.itemIn(org);
    expect(errorsOf(await tested.newItem(org))).toEqual(['409 conflict']);
  });

  it('has an action with a right, a rule on rows, an audit action, and a constraint of its own', async () => {
    const org = await organization(app);
    const item = await tested.itemIn(org, { quantity: 3 });
    const [person, stranger] = [await signedIn(app, { org: [org] }), await signedIn(app)];
    const reserve = (who: ApiClient, quantity: number) => who.post(`/items/${item}/reserve`, { quantity });
    const actions = async (who: ApiClient) => (await who.get(`/items/${item}?can=true`)).body.data.meta.can.actions;
    expect(await actions(person)).toEqual(['reserve']);
    expect(errorsOf(await reserve(stranger, 1))).toEqual(['404 not_found']);
    expect(errorsOf(await reserve(person, 4))).toEqual(['409 conflict /quantity']);
    expect((await reserve(person, 3)).status).toBe(204);
    expect(await actions(person)).toEqual([]);
    expect(errorsOf(await reserve(person, 1))).toEqual(['403 forbidden']);
    expect(errorsOf(await root.delete(`/items/${item}`))).toEqual(['403 forbidden']);
    const events = await root.get(`/audit_events?filter[action]=inventory:items.reserved&filter[target_id]=${item}`);
    expect(column(events, 'details')).toEqual([{ quantity: 3 }]);
  });

  it('ends reservations by a periodic job, and mails their owners in their language', async () => {
    const org = await organization(app);
    const item = await tested.itemIn(org);
    const person = await signedIn(app, { org: [org] });
    await person.post(`/items/${item}/reserve`, { quantity: 1 });
    await root.patch(`/accounts/${person.account.id}`, document('iam:accounts', { locale: 'de' }));
    await app.sql(`UPDATE reservations SET expires_at = now() WHERE item_id = '${item}'`);
    await app.nest.get(ExpiredReservations, { strict: false }).expire(new AbortController().signal);
    expect((await root.get(`/items/${item}`)).body.data.attributes.reserved).toBe(0);
    const [mail] = await mailsTo(app, person.account.email);
    expect(mail?.parsed.subject).toBe('Ihre Reservierung von Laptop ist abgelaufen');
  });

  it('has pages outside of the prefix and under it, in the layout of the service and the language of the browser', async () => {
    const page = async (path: string, language = 'en') => {
      const response = await fetch(`${tested.origin}${path}`, { headers: { 'accept-language': language } });
      return { status: response.status, text: await response.text() };
    };
    expect(await page('/stock', 'de')).toMatchObject({
      status: 200,
      text: expect.stringMatching(/<h1>Vorrätig<[^]*Laptop/),
    });
    expect((await page('/stock')).text).toContain('<p class="product">');
    expect((await page('/api/stock')).status).toBe(404);
    expect((await page('/api/about_stock')).text).toContain('About the inventory');
    expect((await page('/about_stock')).status).toBe(404);
  });

  it('warns in readiness', async () => {
    await app.sql('UPDATE items SET quantity = 1, reserved = 1');
    // On a busy machine other checks may take longer than their time.
    await eventually(async () => {
      const { degraded = [] } = JSON.parse(await (await fetch(`${tested.origin}/health/ready`)).text());
      return degraded.includes('stock');
    }, 30_000);
  });

  it('has a command with a help of its own', async () => {
    const org = await organization(app);
    await tested.itemIn(org, { sku: 'CLI-0001', name: 'Mouse', quantity: 5 });
    expect((await tested.run(['stock', '--free'])).out).toMatch(/^CLI-0001 Mouse 5$/m);
    expect((await tested.run(['stock', '--help'])).out).toContain('--free');
    expect((await tested.run(['--help'])).out).toContain('Print what is in stock');
  });

  it('has variables that are validated with those of the service, and listed with them', async () => {
    const wrong = await tested.run(['create-admin', '--email', 'x@acme.example'], 'x', { RESERVATION_DAYS: '0' });
    expect(wrong.err).toContain('RESERVATION_DAYS must be a whole number from 1 to 365, not "0".');
    expect((await tested.run(['variables'])).out).toContain('#RESERVATION_DAYS=14');
    const doctor = await tested.run(['doctor'], '', { RESERVATION_DAYS: 'two' });
    expect(doctor.out).toMatch(/problem +settings +RESERVATION_DAYS must be/);
  });

  it('has rules of accounts: the domains of their e-mails', async () => {
    const created = await root.post('/accounts', document('iam:accounts', { email: 'jane@other.example' }));
    expect(errorsOf(created)).toEqual(['422 validation_failed /data/attributes/email']);
    expect(created.body.errors[0].detail).toMatch(/must be an address of example\.com, acme\.example/);
  });
});
