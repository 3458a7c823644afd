import test from 'node:test';
import { contractTests, type Fixture, startIam } from 'iam/testing';
import { extension } from '../extension.js';
import { Item } from './item.entity.js';
import { InventorySettings, StaffRecord } from './staff.attributes.js';

/** An organization of which the inventory knows something, or nothing. */
const organization: Fixture = async ({ create }, n) => {
  const { id } = await create.organization();
  const inventoryBudget = n % 3 ? `${n * 100}.50` : null;
  if (n % 2) await create.row(InventorySettings, { organizationId: id, inventoryBudget });
  return id;
};

const account: Fixture = async ({ create }, n) => {
  const { id } = await create.account({ email: `person.${n}@example.com`, joined: false });
  if (n % 3) await create.row(StaffRecord, { accountId: id, costCenter: n % 2 ? null : `K-${n}` });
  return id;
};

const item: Fixture = async ({ create }, n) => {
  const { id: organizationId } = await create.organization();
  const sku = `ABC-${String(n).padStart(4, '0')}`;
  const price = n % 2 ? null : `${n}.50`;
  const { id } = await create.row(Item, { sku, name: `Item ${n}`, quantity: n + 1, price, organizationId });
  return id;
};

// Of the resources to which the inventory adds, and of its own.
contractTests({
  start: () => startIam({ extension, roles: new URL('../../roles.yml', import.meta.url) }),
  fixtures: { 'iam:organizations': organization, 'iam:accounts': account, 'inventory:items': item },
  runner: test,
});
