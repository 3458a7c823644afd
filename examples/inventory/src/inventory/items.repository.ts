import { Injectable } from '@nestjs/common';
import { type Actor, type Operands, plainValues, ResourceRepository, sql, type Transaction, TRUE } from 'iam';
import type { Item } from './item.entity.js';
import { ItemResource } from './item.resource.js';

/** The rows of items, limited to the actor's scope. */
@Injectable()
export class ItemsRepository extends ResourceRepository<Item, Actor> {
  readonly resource = ItemResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    org: (actor: Actor) => sql`row.organization_id = ANY(${actor.organizationIds}::uuid[])`,
  };

  protected override readonly filters = {
    reserved_by: (operands: Operands, actor: Actor) => sql`row.id IN (
      SELECT reservation.item_id FROM reservations reservation
      WHERE reservation.account_id = ANY(${plainValues(operands)}::uuid[])
        AND reservation.account_id IN (${this.readableIds('iam:accounts', actor)}))`,
  };

  /** Reserves some of a locked item. That there are as many is a constraint of the table. */
  async reserve(itemId: string, accountId: string, quantity: number, days: number, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE items SET reserved = reserved + ${quantity}, version = version + 1 WHERE id = ${itemId}`);
    await tx.query(sql`
      INSERT INTO reservations AS known (id, item_id, account_id, quantity, expires_at)
      VALUES (gen_random_uuid(), ${itemId}, ${accountId}, ${quantity}, now() + make_interval(days => ${days}))
      ON CONFLICT (item_id, account_id) DO UPDATE
      SET quantity = known.quantity + excluded.quantity, expires_at = excluded.expires_at`);
  }

  /**
   * Ends reservations of some items that have expired. As `reserve` does, it locks the items first. `accountId` is null
   * where the account is gone.
   */
  async expire(tx: Transaction): Promise<{ accountId: string | null; item: string }[]> {
    return tx.query(sql`
      WITH locked AS (
        SELECT id FROM items WHERE id IN (SELECT item_id FROM reservations WHERE expires_at <= now() LIMIT 100)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
      ), expired AS (
        DELETE FROM reservations WHERE expires_at <= now() AND item_id IN (SELECT id FROM locked)
        RETURNING item_id, account_id, quantity
      ), freed AS (
        SELECT item_id, sum(quantity)::integer AS quantity FROM expired GROUP BY item_id
      ), changed AS (
        UPDATE items SET reserved = reserved - freed.quantity, version = version + 1
        FROM freed WHERE items.id = freed.item_id RETURNING items.id, items.name
      )
      SELECT expired.account_id AS "accountId", changed.name AS item
      FROM expired JOIN changed ON changed.id = expired.item_id`);
  }

  /** How much there is of what, for people. */
  async stock(tx: Transaction): Promise<{ sku: string; name: string; free: number }[]> {
    return tx.query(sql`
      SELECT sku, min(name) AS name, sum(quantity - reserved)::integer AS free FROM items
      GROUP BY sku ORDER BY sku LIMIT 1000`);
  }
}
