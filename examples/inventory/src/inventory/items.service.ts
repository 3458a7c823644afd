import { Injectable } from '@nestjs/common';
import {
  type Actor,
  Audit,
  Config,
  type CreateAttributes,
  type Facts,
  ResourceService,
  ResourceTools,
  type Restrictions,
} from 'iam';
import { INVENTORY_VARIABLES } from './inventory.variables.js';
import type { Item } from './item.entity.js';
import type { ItemResource } from './item.resource.js';
import { ItemsRepository } from './items.repository.js';

declare module 'iam' {
  interface OwnActions {
    /** The actor has reserved `details.quantity` of the item. */
    'inventory:items.reserved': true;
  }
}

/** Items: the five verbs are inherited. */
@Injectable()
export class ItemsService extends ResourceService<Item, Actor, CreateAttributes<Item, typeof ItemResource.rules>> {
  private readonly days: number;

  constructor(
    private readonly items: ItemsRepository,
    private readonly audit: Audit,
    config: Config,
    tools: ResourceTools,
  ) {
    super(items, tools);
    this.days = config.valuesOf(INVENTORY_VARIABLES).RESERVATION_DAYS;
  }

  /** Of a rule on an own action `meta.can.actions` knows too. */
  protected override restrict(_actor: Actor, { quantity, reserved }: Item, _facts: Facts): Restrictions {
    return {
      ...(reserved > 0 && { delete: 'Some of it is reserved' }),
      ...(reserved >= quantity && { actions: { reserve: 'All of it is reserved' } }),
    };
  }

  /** An own action. @throws ApiError 404 and 403 as `findForAction`, 409 when there are not as many */
  reserve(actor: Actor, id: string, quantity: number): Promise<void> {
    return this.transactions.run(async (tx) => {
      await this.findForAction(actor, 'reserve', id, tx);
      await this.items.reserve(id, actor.id, quantity, this.days, tx);
      const target = { type: 'inventory:items', id };
      await this.audit.record(tx, {
        action: 'inventory:items.reserved',
        actorId: actor.id,
        target,
        details: { quantity },
      });
    });
  }
}
