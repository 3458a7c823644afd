import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiResponse, document, type SignedInClient, type TestIam } from 'iam/testing';
import { DataSource } from 'typeorm';
import { InventoryApp } from './inventory.testing.js';

const ids = (response: ApiResponse): string[] => response.many().map(({ id }) => id);
const linkedWith = (response: ApiResponse, name: string): unknown => response.one().relationships?.[name]?.data;

describe('Attributes that the inventory adds to accounts', () => {
  let app: InventoryApp;
  let iam: TestIam;
  let admin: SignedInClient;

  before(async () => {
    app = await InventoryApp.start();
    ({ iam, admin } = app);
  });
  after(() => iam.stop());

  const change = (id: string, attributes: object): Promise<ApiResponse> =>
    admin.patch(`/accounts/${id}`, document('iam:accounts', attributes));

  it('are written, shown, and null where nothing is known', async () => {
    const sent = { email: 'new@acme.example', employee_number: 17, cost_center: 'K-1' };
    const { attributes } = (await admin.post('/accounts', document('iam:accounts', sent))).one();
    assert.deepEqual([attributes['employee_number'], attributes['cost_center']], [17, 'K-1']);
    const { id } = await iam.create.account();
    const first = (await admin.get(`/accounts/${id}`)).one();
    assert.deepEqual([first.attributes['employee_number'], first.attributes['cost_center']], [null, null]);
    const second = (await change(id, { cost_center: 'K-2' })).one();
    assert.deepEqual([second.attributes['cost_center'], second.meta?.['version']], ['K-2', 2]);
    assert.equal((await change(id, { cost_center: null })).one().attributes['cost_center'], null);
    const sparse = await admin.get(`/accounts/${id}?fields[iam:accounts]=cost_center`);
    assert.deepEqual(sparse.one().attributes, { cost_center: null });
  });

  it('are validated by the rules of their entity, and a value that is taken is 409', async () => {
    const [{ id }, other] = [await iam.create.account(), await iam.create.account()];
    const pointer = (name: string): string => `/data/attributes/${name}`;
    assert.deepEqual((await change(id, { employee_number: 'x', cost_center: 'K\u0007' })).problems, [
      `422 validation_failed ${pointer('employee_number')}`,
      `422 validation_failed ${pointer('cost_center')}`,
    ]);
    assert.equal((await change(id, { cost_center: 'K'.repeat(21) })).status, 422);
    assert.equal((await change(id, { employee_number: 99 })).status, 200);
    const taken = await change(other.id, { employee_number: 99 });
    assert.deepEqual(taken.problems, [`409 conflict ${pointer('employee_number')}`]);
    const dangling = await change(id, { manager_id: '01900000-0000-7000-8000-000000000000' });
    assert.deepEqual(dangling.problems, [`422 validation_failed ${pointer('manager_id')}`]);
  });

  it('are filtered and sorted by, on pages by number and by cursor', async () => {
    const of = await iam.create.organization();
    const people: (string | undefined)[] = [];
    for (const center of ['S-3', null, 'S-1', 'S-2']) {
      const { id } = await iam.create.account({ of });
      if (center !== null) await change(id, { cost_center: center });
      people.push(id);
    }
    const [third, unknown, first, second] = people;
    const within = `filter[with_role_scope][org][]=${of.id}`;
    const found = async (query: string) => ids(await admin.get(`/accounts?${within}&${query}`));
    assert.deepEqual(await found('sort=cost_center'), [first, second, third, unknown]);
    assert.deepEqual(await found('sort=-cost_center&page[size]=2&page[number]=2'), [second, first]);
    assert.deepEqual(await found('filter[cost_center]=S-1'), [first]);
    assert.deepEqual(await found('filter[cost_center]=null'), [unknown]);
    assert.deepEqual(await found('filter[cost_center__match]=s-&sort=cost_center'), [first, second, third]);
    const seen: string[] = [];
    let next: string | null | undefined = `/accounts?${within}&sort=cost_center&page[size]=1&page[after]=`;
    while (next && seen.length < 9) {
      const page: ApiResponse = await admin.get(next);
      seen.push(...ids(page));
      next = page.links['next'];
    }
    assert.deepEqual(seen, [first, second, third, unknown]);
  });

  it('link accounts with each other and with items, in includes both ways', async () => {
    const of = await iam.create.organization();
    const boss = await iam.create.account({ of });
    const person = await iam.as('user', { of });
    const item = await app.itemIn(of);
    assert.equal((await person.post(`/items/${item}/reserve`, { quantity: 1 })).status, 204);
    await change(person.account.id, { manager_id: boss.id });
    const shown = await admin.get(`/accounts/${person.account.id}?include=manager,reserved_items`);
    assert.deepEqual(linkedWith(shown, 'manager'), { type: 'iam:accounts', id: boss.id });
    assert.deepEqual(shown.included.map(({ id }) => id).sort(), [boss.id, item].sort());
    const reports = await admin.get(`/accounts/${boss.id}?include=reports`);
    assert.deepEqual(linkedWith(reports, 'reports'), [{ type: 'iam:accounts', id: person.account.id }]);
    const back = await admin.get(`/items/${item}?include=organization,reserved_by`);
    assert.deepEqual(back.included.map(({ id }) => id).sort(), [of.id, person.account.id].sort());
    const items = await admin.get(`/organizations/${of.id}?include=items`);
    assert.deepEqual(linkedWith(items, 'items'), [{ type: 'inventory:items', id: item }]);
    assert.deepEqual(ids(await admin.get(`/items?filter[reserved_by]=${person.account.id}`)), [item]);
  });

  it('are computed by SQL, and are filters of their own, of which what may not be read finds nothing', async () => {
    const [own, other] = [await iam.create.organization(), await iam.create.organization()];
    const owner = await iam.as('org_owner', { of: own });
    const person = await iam.as('user', { of: [own, other] });
    const [mine, theirs] = [await app.itemIn(own, { quantity: 5 }), await app.itemIn(other)];
    await person.post(`/items/${mine}/reserve`, { quantity: 3 });
    await person.post(`/items/${theirs}/reserve`, { quantity: 1 });
    const found = async (query: string) => ids(await owner.get(`/accounts?${query}`));
    assert.deepEqual(await found('filter[reserved_count__gte]=4'), [person.account.id]);
    assert.deepEqual(await found(`filter[reserved_item]=${mine}`), [person.account.id]);
    assert.deepEqual(await found(`filter[reserved_item]=${theirs}`), []);
  });

  it('may be closed to the account itself, and meta.can says so', async () => {
    const me = await iam.as('user');
    const path = `/accounts/${me.account.id}`;
    const rejected = await me.patch(path, document('iam:accounts', { cost_center: 'mine' }));
    assert.deepEqual(rejected.problems, ['403 forbidden /data/attributes/cost_center']);
    const { attributes } = (await me.get(`${path}?can=true`)).one().meta?.['can'] as { attributes: string[] };
    assert.deepEqual([attributes.includes('employee_number'), attributes.includes('cost_center')], [true, false]);
  });

  it('are attributes of organizations just as well', async () => {
    const { id } = await iam.create.organization();
    await admin.patch(`/organizations/${id}`, document('iam:organizations', { inventory_budget: '1200.50' }));
    assert.equal((await admin.get(`/organizations/${id}`)).one().attributes['inventory_budget'], '1200.50');
    assert.deepEqual(ids(await admin.get('/organizations?filter[inventory_budget__gte]=1200')), [id]);
  });

  it('move with import and export, and go with the account', async () => {
    const line = { name: 'Jo', email: 'jo@acme.example', employee_number: 4711, cost_center: 'K-9' };
    assert.equal((await app.run(['accounts', 'import', '-'], `${JSON.stringify(line)}\n`)).exitCode, 0);
    assert.match((await app.run(['accounts', 'export'])).out, /"employee_number":4711/);
    await iam.sql(`DELETE FROM accounts WHERE email = 'jo@acme.example'`);
    assert.deepEqual(await iam.sql('SELECT 1 FROM staff_records WHERE employee_number = 4711'), []);
  });

  it('stand in the OpenAPI document', async () => {
    const { paths, components } = JSON.parse((await iam.anonymous.get('/openapi.json')).text);
    const named: string[] = paths['/accounts'].get.parameters.map(({ name }: { name: string }) => name);
    for (const name of ['filter[cost_center__match]', 'filter[name]', 'can']) assert.ok(named.includes(name));
    assert.equal(new Set(named).size, named.length);
    const { properties } = components.schemas.AccountCreate.properties.data.properties.attributes;
    assert.deepEqual([properties.cost_center.type, properties.cost_center.maxLength], [['string', 'null'], 20]);
    assert.ok('reserved_items' in components.schemas.AccountResource.properties.relationships.properties);
  });

  it('lie in tables that the migration makes as the entities describe them', async () => {
    const { driver, entityMetadatas } = iam.nest.get(DataSource);
    // A comment is the wording of the API's documentation, and no part of the schema.
    for (const { columns } of entityMetadatas) for (const column of columns) column.comment = undefined;
    const queries = (await driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);
    const own = /items|reservations|staff_records|inventory_settings/;
    assert.deepEqual(
      queries.filter((query) => own.test(query)),
      [],
    );
  });
});
