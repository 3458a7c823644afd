import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { TestApp } from '../../test/support/app.js';
import { type ApiClient, column, document, errorsOf, ids } from '../../test/support/client.js';
import { account, organization, signedIn } from '../../test/support/factories.js';
import { type InventoryApp, startInventory } from './inventory-app.js';

describe('Attributes that the inventory adds to accounts', () => {
  let tested: InventoryApp;
  let app: TestApp;
  let root: ApiClient;

  beforeAll(async () => {
    tested = await startInventory();
    ({ app, root } = tested);
  });
  afterAll(() => app.stop());

  const change = (id: string, attributes: Record<string, unknown>) =>
    root.patch(`/accounts/${id}`, document('iam:accounts', attributes));

  it('are written, shown, and null where nothing is known', async () => {
    const { body } = await root.post(
      '/accounts',
      document('iam:accounts', { email: 'new@acme.example', employee_number: 17, cost_center: 'K-1' }),
    );
    expect(body.data.attributes).toMatchObject({ employee_number: 17, cost_center: 'K-1', manager_id: null });
    const { id } = await account(app);
    const before = (await root.get(`/accounts/${id}`)).body.data;
    expect(before.attributes).toMatchObject({ employee_number: null, cost_center: null });
    const after = (await change(id, { cost_center: 'K-2' })).body.data;
    expect(after.attributes).toMatchObject({ cost_center: 'K-2', name: before.attributes.name });
    expect(after.meta.version).toBe(before.meta.version + 1);
    expect((await change(id, { cost_center: null })).body.data.attributes.cost_center).toBeNull();
    const sparse = await root.get(`/accounts/${id}?fields[iam:accounts]=cost_center`);
    expect(sparse.body.data.attributes).toEqual({ cost_center: null });
  });

  it('are validated by the rules of their entity, and a value that is taken is 409', async () => {
    const [{ id }, other] = [await account(app), await account(app)];
    expect(errorsOf(await change(id, { employee_number: 'x', cost_center: 'K\u0007' }))).toEqual([
      '422 validation_failed /data/attributes/employee_number',
      '422 validation_failed /data/attributes/cost_center',
    ]);
    expect(errorsOf(await change(id, { cost_center: 'K'.repeat(21) }))).toHaveLength(1);
    expect((await change(id, { employee_number: 99 })).status).toBe(200);
    expect(errorsOf(await change(other.id, { employee_number: 99 }))).toEqual([
      '409 conflict /data/attributes/employee_number',
    ]);
    expect(errorsOf(await change(id, { manager_id: '01900000-0000-7000-8000-000000000000' }))).toEqual([
      '422 validation_failed /data/attributes/manager_id',
    ]);
  });

  it('are filtered and sorted by, on pages by number and by cursor', async () => {
    const org = await organization(app);
    const people = [];
    for (const center of ['S-3', null, 'S-1', 'S-2']) {
      const { id } = await account(app, { org: [org] });
      if (center !== null) await change(id, { cost_center: center });
      people.push(id);
    }
    const [third, unknown, first, second] = people;
    const within = `filter[with_role_scope][org][]=${org}`;
    const found = async (query: string) => ids(await root.get(`/accounts?${within}&${query}`));
    expect(await found('sort=cost_center')).toEqual([first, second, third, unknown]);
    expect(await found('sort=-cost_center&page[size]=2&page[number]=2')).toEqual([second, first]);
    expect(await found('filter[cost_center]=S-1')).toEqual([first]);
    expect(await found('filter[cost_center]=null')).toEqual([unknown]);
    expect(await found('filter[cost_center__match]=s-&sort=cost_center')).toEqual([first, second, third]);
    const seen: string[] = [];
    let next: string | null = `/accounts?${within}&sort=cost_center&page[size]=1&page[after]=`;
    while (next !== null && seen.length < 9) {
      const { body } = await root.get(next.replace(/^.*\/api\//, '/'));
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      next = body.links.next;
    }
    expect(seen).toEqual([first, second, third, unknown]);
  });

  it('link accounts with each other and with items, in includes both ways', async () => {
    const org = await organization(app);
    const boss = await account(app, { org: [org] });
    const person = await signedIn(app, { org: [org] });
    const item = await tested.itemIn(org);
    expect((await person.post(`/items/${item}/reserve`, { quantity: 1 })).status).toBe(204);
    await change(person.account.id, { manager_id: boss.id });
    const { body } = await root.get(`/accounts/${person.account.id}?included=manager,reserved_items`);
    expect(body.data.relationships.manager.data).toEqual({ type: 'iam:accounts', id: boss.id });
    expect(column({ body: { data: body.included } } as never, 'name')).toContain('Laptop');
    const reports = await root.get(`/accounts/${boss.id}?included=reports`);
    expect(reports.body.data.relationships.reports.data).toEqual([{ type: 'iam:accounts', id: person.account.id }]);
    const back = await root.get(`/items/${item}?included=organization,reserved_by`);
    expect(back.body.included.map(({ id }: { id: string }) => id).sort()).toEqual([org, person.account.id].sort());
    const items = await root.get(`/organizations/${org}?included=items`);
    const { related } = items.body.data.relationships.items.links;
    expect(decodeURIComponent(related)).toBe(`/api/items?filter[organization_id]=${org}`);
    expect(ids(await root.get(`/items?filter[reserved_by]=${person.account.id}`))).toEqual([item]);
  });

  it('are computed by SQL, and are filters of their own, of which what may not be read finds nothing', async () => {
    const [org, other] = [await organization(app), await organization(app)];
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const person = await signedIn(app, { org: [org, other] });
    const [mine, theirs] = [await tested.itemIn(org, { quantity: 5 }), await tested.itemIn(other)];
    await person.post(`/items/${mine}/reserve`, { quantity: 3 });
    await person.post(`/items/${theirs}/reserve`, { quantity: 1 });
    const found = async (query: string) => ids(await owner.get(`/accounts?${query}`));
    expect(await found('filter[reserved_count__gte]=4')).toEqual([person.account.id]);
    expect(await found(`filter[reserved_item]=${mine}`)).toEqual([person.account.id]);
    expect(await found(`filter[reserved_item]=${theirs}`)).toEqual([]);
  });

  it('may be closed to the account itself, and meta.can says so', async () => {
    const me = await signedIn(app);
    const mine = `/accounts/${me.account.id}`;
    expect(errorsOf(await me.patch(mine, document('iam:accounts', { cost_center: 'mine' })))).toEqual([
      '403 forbidden /data/attributes/cost_center',
    ]);
    const { attributes } = (await me.get(`${mine}?can=true`)).body.data.meta.can;
    expect(attributes).toContain('employee_number');
    expect(attributes).not.toContain('cost_center');
  });

  it('are attributes of organizations just as well', async () => {
    const org = await organization(app);
    const path = `/organizations/${org}`;
    await root.patch(path, document('iam:organizations', { inventory_budget: '1200.50' }));
    expect((await root.get(path)).body.data.attributes.inventory_budget).toBe('1200.50');
    expect(ids(await root.get('/organizations?filter[inventory_budget__gte]=1200'))).toEqual([org]);
  });

  it('go with the account, and move with import and export', async () => {
    const line = { name: 'Jo', email: 'jo@acme.example', employee_number: 4711, cost_center: 'K-9' };
    expect((await tested.run(['accounts', 'import', '-'], `${JSON.stringify(line)}\n`)).exitCode).toBe(0);
    const { out } = await tested.run(['accounts', 'export']);
    expect(out).toContain('"employee_number":4711');
    await app.sql(`DELETE FROM accounts WHERE email = 'jo@acme.example'`);
    expect(await app.sql('SELECT 1 FROM staff_records WHERE employee_number = 4711')).toEqual([]);
  });

  it('lie in tables that the migration makes as the entities describe them', async () => {
    const { driver, entityMetadatas } = app.nest.get(DataSource);
    // A comment is the wording of the API's documentation, and no part of the schema.
    for (const { columns } of entityMetadatas) for (const column of columns) column.comment = undefined;
    const queries = (await driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);
    expect(queries.filter((query) => /items|reservations|staff_records|inventory_settings/.test(query))).toEqual([]);
  });

  it('stand in the OpenAPI document', async () => {
    const { paths, components } = JSON.parse(await (await fetch(`${tested.origin}/openapi.json`)).text());
    const named = paths['/api/accounts'].get.parameters.map(({ name }: { name: string }) => name);
    expect(named).toEqual(expect.arrayContaining(['filter[cost_center__match]', 'filter[name]', 'can']));
    expect(new Set(named).size).toBe(named.length);
    const { attributes } = components.schemas.AccountCreate.properties.data.properties;
    expect(attributes.properties.cost_center).toMatchObject({ type: ['string', 'null'], maxLength: 20 });
    expect(components.schemas.AccountResource.properties.relationships.properties).toHaveProperty('reserved_items');
  });
});
