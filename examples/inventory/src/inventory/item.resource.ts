import { defineResource } from 'iam';
import { Item, Reservation } from './item.entity.js';
import { SKU } from './sku.js';

/** What a client may do with items. */
export const ItemResource = defineResource(Item, {
  type: 'inventory:items',
  attributes: {
    sku: { type: SKU, write: 'create', filter: ['eq', 'in'], sort: true },
    name: { write: 'always', filter: ['match'], sort: true },
    quantity: { write: 'always', filter: ['gte', 'lte'] },
    reserved: { filter: ['gte'] },
    price: { write: 'always', filter: ['gte', 'lte'] },
    purchasedOn: { write: 'always', filter: ['gte', 'lte'] },
    organizationId: { write: 'create', filter: ['eq', 'in'] },
    createdAt: { sort: true },
  },
  filters: { reserved_by: { type: 'uuid', takes: 'list', description: 'items that the account has reserved' } },
  relationships: {
    organization: { one: 'iam:organizations', by: 'organizationId' },
    reserved_by: { many: 'iam:accounts', through: { entity: Reservation, from: 'itemId', to: 'accountId' } },
  },
});
