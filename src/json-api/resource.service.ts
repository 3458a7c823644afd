import { Injectable, Optional } from '@nestjs/common';
import { apiError, type ErrorObject, throwIfErrors } from './document/errors.js';
import { type Item, type Page, type Visible, withMeta } from './document/response.js';
import type { Criteria, Selection } from './query/criteria.js';
import type { ResourceRepository } from './resource.repository.js';
import { snakeCase } from './resource/columns.js';
import { type Facts, type Restrictions, separateRestricted } from './resource/permissions.js';
import type { ResourceActor, Identified } from './resource/resource-definition.js';
import { lastRead } from './sql/load.js';
import { type Transaction, Transactions, TRUE } from './sql/sql.js';
import { IdempotencyKeys } from './write/idempotency-keys.repository.js';
import type { IfMatch, WriteDocument } from './write/write-document.js';

/** A write while it runs. */
export interface Write<Actor, Entity, Values> {
  readonly actor: Actor;
  readonly tx: Transaction;
  /** The row as it was; null on a create. */
  readonly row: Entity | null;
  /** The attributes that change, by property; those sent back unchanged are not in it. */
  readonly values: Values;
  /** Whether the client confirmed a write with consequences (`?confirm=true`). */
  readonly confirmed: boolean;
  /** What the response of a create shows once in `meta`, such as a key. A replay under its idempotency key does not. */
  readonly shownOnce: Map<string, unknown>;
}

/** A deletion while it runs. */
export interface Deletion<Actor, Entity> {
  readonly actor: Actor;
  readonly tx: Transaction;
  readonly row: Entity;
}

/** What a write is about to do, before any row is locked. `names` are the attributes on the wire. */
export type Intent = { readonly verb: 'update'; readonly names: readonly string[] } | { readonly verb: 'delete' };

/**
 * The five verbs of a resource, in the contract's order of errors: 404 of the row, 412, 409, 403 of a value, 422. A
 * subclass overrides the hooks for what is special about it, and nothing else.
 */
export abstract class ResourceService<Entity extends Identified, Actor extends ResourceActor, Values extends object> {
  constructor(
    protected readonly rows: ResourceRepository<Entity, Actor>,
    private readonly tools: ResourceTools,
  ) {
    rows.restrictBy((actor, row, facts) => this.restrict(actor, row, facts));
  }

  /** Opens the transactions of a subclass's own actions. */
  protected get transactions(): Transactions {
    return this.tools.transactions;
  }

  /** One page of the collection. */
  index(actor: Actor, criteria: Criteria): Promise<Page> {
    return this.rows.index(actor, criteria);
  }

  /** One resource. @throws ApiError 404 */
  show(actor: Actor, id: string, selection: Selection): Promise<Item> {
    return this.rows.show(actor, id, selection);
  }

  /** Creates a resource. @throws ApiError 403, 409, 422 */
  create(actor: Actor, document: WriteDocument<Values>): Promise<Item> {
    return this.transactions.runAndRead(async (tx) => {
      const { selection } = document.context;
      const earlier = await this.tools.idempotency.claim(actor.id, document, tx);
      if (earlier !== null) return lastRead(this.rows.show(actor, earlier, selection, tx), selection);
      document.checkIdentity();
      const write = await this.validate(document, { actor, tx, row: null });
      const id = await this.rows.insert(await this.before(write), tx);
      await this.after(write, id);
      await this.emit('created', id, write, write.values);
      this.tools.idempotency.complete(actor.id, document, id, tx);
      const read = this.rows.reloadCreated(actor, id, selection, tx).then((item) => withMeta(item, write.shownOnce));
      // Where the scope has conditions, the read decides whether the row may be created.
      return lastRead(read, selection, this.rows.scopeCondition(actor, 'create') === TRUE);
    });
  }

  /** Changes a resource. One that changes nothing writes nothing. @throws ApiError 403, 404, 409, 412, 422 */
  update(actor: Actor, id: string, document: WriteDocument<Values>): Promise<Item> {
    return this.transactions.runAndRead(async (tx) => {
      const { selection, ifMatch } = document.context;
      await this.prepare(actor, id, { verb: 'update', names: document.names }, tx);
      const { entity, ...visible } = await this.rows.findForUpdate(actor, 'update', id, tx, document.linked);
      ifMatch.check(entity.version);
      document.checkIdentity(id);
      const restrictions = await this.rows.restrictionsOn(actor, entity, tx);
      if (restrictions.update !== undefined) throw apiError('forbidden', restrictions.update);
      const write = await this.validate(document, { actor, tx, row: entity }, { visible, restrictions });
      if (Object.keys(write.values).length > 0) {
        await this.rows.update(id, await this.before(write), tx, 'send');
        await this.after(write, id);
        await this.emit('updated', id, write, write.values);
      }
      return lastRead(this.rows.reload(actor, id, selection, tx), selection);
    });
  }

  /** Deletes a resource. @throws ApiError 403, 404, 409, 412 */
  delete(actor: Actor, id: string, ifMatch: IfMatch): Promise<void> {
    return this.transactions.run(async (tx) => this.deleteLocked(await this.findForDelete(actor, id, ifMatch, tx)));
  }

  /** Locks a row that is to be deleted. @throws ApiError 403, 404, 409, 412 */
  protected async findForDelete(
    actor: Actor,
    id: string,
    ifMatch: IfMatch,
    tx: Transaction,
  ): Promise<Deletion<Actor, Entity>> {
    await this.prepare(actor, id, { verb: 'delete' }, tx);
    const entity = await this.rows.lock(actor, 'delete', id, tx);
    ifMatch.check(entity.version);
    const { delete: detail } = await this.rows.restrictionsOn(actor, entity, tx);
    if (detail !== undefined) throw apiError('forbidden', detail);
    return { actor, tx, row: entity };
  }

  /** Locks a row for an own action. @throws ApiError 404 out of scope, 403 where a right or `restrict` forbids it */
  protected async findForAction(actor: Actor, action: string, id: string, tx: Transaction): Promise<Entity> {
    const entity = await this.rows.lock(actor, action, id, tx);
    const detail = (await this.rows.restrictionsOn(actor, entity, tx)).actions?.[action];
    if (detail !== undefined) throw apiError('forbidden', detail);
    return entity;
  }

  /** Deletes a locked row, with all that belongs to it. */
  protected async deleteLocked(deletion: Deletion<Actor, Entity>): Promise<void> {
    await this.beforeDelete(deletion);
    await this.rows.delete(deletion.row.id, deletion.tx);
    await this.afterDelete(deletion);
    await this.emit('deleted', deletion.row.id, deletion);
  }

  /** Takes locks that must come before the row's, so that all writers take them in one order. */
  protected async prepare(_actor: Actor, _id: string, _intent: Intent, _tx: Transaction): Promise<void> {}

  /** What a create fills in for attributes that the document leaves out; validated as what a client may ask for. */
  protected defaults(_values: Values): Partial<Values> {
    return {};
  }

  /**
   * What the actor may not do with a row, whatever the values. Writes are rejected by it, and `meta.can` is computed from
   * it. `facts` are those that the repository declares.
   */
  protected restrict(_actor: Actor, _row: Entity, _facts: Facts): Restrictions {
    return {};
  }

  /** What the actor may not do with these values: errors of status 403. Attributes that are restricted are not in it. */
  protected async authorize(_write: Write<Actor, Entity, Values>): Promise<ErrorObject[]> {
    return [];
  }

  /**
   * What stands against the values in other rows: errors of status 409. Only asked when something is wrong with the
   * document too, which comes after it: of a document that is right, the write itself finds out, and without a race.
   */
  protected async conflicts(_write: Write<Actor, Entity, Values>): Promise<ErrorObject[]> {
    return [];
  }

  /** What is wrong with the values beyond what the entity says: errors of status 422. */
  protected async check(_write: Write<Actor, Entity, Values>): Promise<ErrorObject[]> {
    return [];
  }

  /** The columns to store. Attributes without a column are left out by an override, which stores them in `after`. */
  protected async before(write: Write<Actor, Entity, Values>): Promise<object> {
    return write.values;
  }

  /** What else is written in the same transaction, once the row is. */
  protected async after(_write: Write<Actor, Entity, Values>, _id: string): Promise<void> {}

  /** What is written in the same transaction while the row is there. */
  protected async beforeDelete(_deletion: Deletion<Actor, Entity>): Promise<void> {}

  /** What is written in the same transaction once the row is gone. */
  protected async afterDelete(_deletion: Deletion<Actor, Entity>): Promise<void> {}

  private async emit(verb: WriteEvent['verb'], id: string, write: Omit<Deletion<Actor, Entity>, 'row'>, values = {}) {
    const [{ type }, attributes] = [this.rows.resource, Object.keys(values).map(snakeCase)];
    await this.tools.emit({ verb, type, id, actorId: write.actor.id, attributes }, write.tx);
  }

  private async validate(
    document: WriteDocument<Values>,
    { actor, tx, row }: Omit<Write<Actor, Entity, Values>, 'values' | 'shownOnce' | 'confirmed'>,
    { visible, restrictions = {} }: { visible?: Visible; restrictions?: Restrictions } = {},
  ): Promise<Write<Actor, Entity, Values>> {
    const { values: sent, errors } = document.read(visible?.attributes);
    const values = row === null ? this.withDefaults(document, sent) : sent;
    const { confirmed = false } = document.context;
    const write = { actor, tx, row, values, confirmed, shownOnce: new Map<string, unknown>() };
    const { errors: restricted, open } = separateRestricted(values, restrictions);
    throwIfErrors([
      ...document.relationshipErrors(visible?.linkage),
      ...restricted,
      ...(await this.authorize({ ...write, values: open })),
    ]);
    const wrong = [...errors, ...(await this.check(write))];
    if (wrong.length > 0) throwIfErrors(await this.conflicts(write));
    throwIfErrors(wrong);
    return write;
  }

  /** The values with the defaults of what the document leaves out; what it names wrongly gets none. */
  private withDefaults({ names }: WriteDocument<Values>, sent: Values): Values {
    const left = Object.entries(this.defaults(sent)).filter(([property]) => !names.includes(snakeCase(property)));
    return { ...sent, ...Object.fromEntries(left) };
  }
}

/** A write that a resource service has just made. */
export interface WriteEvent {
  readonly verb: 'created' | 'updated' | 'deleted';
  readonly type: string;
  readonly id: string;
  /** Id of the actor; null if there is none. */
  readonly actorId: string | null;
  /** Names of the attributes that were set or changed, on the wire. */
  readonly attributes: readonly string[];
}

/** Called for every write, inside its transaction, such as for an audit trail. Optional. */
export abstract class WriteObserver {
  abstract onWrite(write: WriteEvent, tx: Transaction): Promise<void>;
}

/** What every resource service works with besides its rows. */
@Injectable()
export class ResourceTools {
  constructor(
    readonly transactions: Transactions,
    readonly idempotency: IdempotencyKeys,
    @Optional() private readonly observer?: WriteObserver,
  ) {}

  /** Calls the observer, if there is one. */
  async emit(write: WriteEvent, tx: Transaction): Promise<void> {
    await this.observer?.onWrite(write, tx);
  }
}
