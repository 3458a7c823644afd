import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import {
  Account,
  AccountResource,
  type Actor,
  extendResource,
  NoControlCharacters,
  Organization,
  OrganizationResource,
  plainValues,
  relateResource,
  SORTED,
  sql,
} from 'iam';
import { Reservation } from './item.entity.js';

/** What the inventory knows of an account: a row only where something is known. */
@Entity('staff_records')
@Unique(['employeeNumber'])
@Index(['costCenter'])
@Index(['managerId'])
export class StaffRecord {
  @PrimaryColumn('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  @Column({ type: 'integer', nullable: true, comment: 'Number of the employee' }) employeeNumber!: number | null;

  @Column({ type: 'varchar', length: 20, nullable: true, comment: 'Who pays', ...SORTED })
  @NoControlCharacters()
  costCenter!: string | null;

  @Column({ type: 'uuid', nullable: true, comment: 'Account of the manager' })
  @ForeignKey(() => Account, { onDelete: 'SET NULL' })
  managerId!: string | null;

  /** No column: how many items the account has reserved. */
  reservedCount!: number;
}

/** Attributes and relationships of accounts. */
export const STAFF = extendResource(AccountResource, StaffRecord, {
  attributes: {
    employeeNumber: { write: 'always', filter: ['eq', 'in'], sort: true },
    costCenter: { write: 'always', filter: ['eq', 'in', 'nin', 'match'], sort: true },
    managerId: { write: 'always', filter: ['eq', 'in'] },
    reservedCount: { computed: { type: 'integer', description: 'How many items are reserved' }, filter: ['gte'] },
  },
  relationships: {
    manager: { one: 'iam:accounts', by: 'managerId' },
    reports: { many: 'iam:accounts', by: 'managerId' },
    reserved_items: {
      many: 'inventory:items',
      through: { entity: Reservation, from: 'accountId', to: 'itemId' },
      related: 'filter[reserved_by]',
    },
  },
  filters: { reserved_item: { type: 'uuid', takes: 'list', description: 'accounts that have reserved the item' } },
  sql: {
    computed: {
      reservedCount: () => sql`(
        SELECT coalesce(sum(reservation.quantity), 0)::integer FROM reservations reservation
        WHERE reservation.account_id = row.id)`,
    },
    filters: {
      reserved_item: (operands, _actor: Actor, readable) => sql`row.id IN (
        SELECT reservation.account_id FROM reservations reservation
        WHERE reservation.item_id = ANY(${plainValues(operands)}::uuid[])
          AND reservation.item_id IN (${readable('inventory:items')}))`,
    },
  },
  // Who may change the own account may not change this.
  restrict: (actor: Actor, { id }) =>
    id === actor.id ? { attributes: { costCenter: 'Your manager assigns the cost center' } } : {},
});

/** What the inventory knows of an organization. */
@Entity('inventory_settings')
export class InventorySettings {
  @PrimaryColumn('uuid')
  @ForeignKey(() => Organization, { onDelete: 'CASCADE' })
  organizationId!: string;

  @Column({ type: 'numeric', precision: 12, scale: 2, nullable: true, comment: 'What may be spent in a year' })
  inventoryBudget!: string | null;
}

export const BUDGET = extendResource(OrganizationResource, InventorySettings, {
  attributes: { inventoryBudget: { write: 'always', filter: ['gte', 'lte'], sort: true } },
});

/** A relationship that needs no column of its own. */
export const ITEMS = relateResource(OrganizationResource, {
  items: { many: 'inventory:items', by: 'organizationId' },
});
