import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { contractTests, type Fixture } from '../../src/testing/index.js';
import { startTestIam } from '../../test/support/kit.js';
import { extension as inventory } from './src/extension.js';
import { Item } from './src/inventory/item.entity.js';
import { InventorySettings, StaffRecord } from './src/inventory/staff.attributes.js';

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

describe('The contract of resources to which the inventory adds, and of its own', () => {
  const ROLES_FILE = fileURLToPath(new URL('./roles.yml', import.meta.url));
  contractTests({
    start: () => startTestIam({ extension: inventory, env: { ROLES_FILE } }),
    fixtures: { 'iam:organizations': organization, 'iam:accounts': account, 'inventory:items': item },
    runner: { describe, it, beforeAll, afterAll },
  });
});
