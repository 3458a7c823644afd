import { AccountRules, AccountsModule, type Extension } from 'iam';
import { EmailDomains } from './inventory/email-domains.js';
import { InventoryModule } from './inventory/inventory.module.js';
import { INVENTORY_VARIABLES } from './inventory/inventory.variables.js';
import { Item, Reservation } from './inventory/item.entity.js';
import { Inventory1770000000000 } from './migrations/1770000000000-inventory.js';
import { BUDGET, InventorySettings, ITEMS, STAFF, StaffRecord } from './inventory/staff.attributes.js';
import { stockCommand } from './inventory/stock.command.js';

/** What this team adds to the service; package.json names this file, once it is built. */
export const extension: Extension = {
  modules: [InventoryModule],
  entities: [Item, Reservation, StaffRecord, InventorySettings],
  migrations: [Inventory1770000000000],
  attributes: [STAFF, BUDGET, ITEMS],
  constraints: {
    items_reserved_check: {
      code: 'conflict',
      detail: 'There are not as many that are free',
      source: { pointer: '/quantity' },
    },
  },
  actions: ['inventory:items.reserved'],
  variables: INVENTORY_VARIABLES,
  commands: [stockCommand],
  replacements: [{ in: AccountsModule, providers: [{ provide: AccountRules, useClass: EmailDomains }] }],
};
