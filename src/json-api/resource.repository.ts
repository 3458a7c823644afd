import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type Repository } from 'typeorm';
import type { Item, LockedRow, Page, ResourceRow } from './document/response.js';
import type { Action, ResourceActor, Identified } from './resource/resource-definition.js';
import { filtersOutOfScope, type Source } from './sql/select.js';
import type { Criteria, Selection } from './query/criteria.js';
import { type ApiError, apiError, throwIfErrors } from './document/errors.js';
import type { LoadContext } from './sql/include.js';
import { unregistered } from './resource/columns.js';
import { type Facts, mergeRestrictions, type Restrict, type Restrictions } from './resource/permissions.js';
import { addPermissions, type Conditions, loadFacts, lockRow } from './sql/entities.js';
import { loadResource, loadPage } from './sql/load.js';
import type { Operands } from './sql/operators.js';
import { ResourceRegistry } from './resource/registry.js';
import type { AnyResource, Resource } from './resource/resource.js';
import type { Sql, Transaction } from './sql/sql.js';
import { and, Executor, FALSE, ident, isUuid, or, rowColumn, sql, TRUE } from './sql/sql.js';
import { deleteRow, insertRow, updateRow } from './sql/write.js';

export type { LockedRow };

/** All fields and no included resources: what a read without query parameters shows. */
export const EVERYTHING: Selection = { fields: new Map(), include: [] };
const absent = ({ type }: AnyResource): ApiError => apiError('not_found', `There is no such ${type}`);

/**
 * A resource's rows, as far as an actor's scopes go. Every read applies `scopeConditions`; nothing bypasses them from
 * outside, since the TypeORM repository stays protected.
 */
@Injectable()
export abstract class ResourceRepository<Entity extends Identified, Actor extends ResourceActor> {
  abstract readonly resource: Resource<Entity> | AnyResource;

  /**
   * By scope of a right: which rows it covers, as a condition on `row`. A scope that is missing covers no rows. What
   * differs between actors stands in it as values, of which each text has ever the same number.
   */
  protected abstract readonly scopeConditions: Readonly<Record<string, (actor: Actor) => Sql>>;
  /** By property: the SQL of the table's `computed` attributes. */
  protected readonly computed: Readonly<Record<string, (actor: Actor) => Sql>> = {};
  /**
   * By name: the SQL of the table's own filters, and of those on attributes for which there is a better one. Its text does
   * not grow with the number of values: `isAnyOf`, `= ANY(…)`.
   */
  protected readonly filters: Readonly<Record<string, (operands: Operands, actor: Actor) => Sql>> = {};

  /**
   * By name: facts about a row that the service's `restrict` asks for, as conditions on `row`; a boolean where the actor's
   * rights decide. Loaded together for a whole page, and for a row that is written.
   */
  protected readonly facts: Readonly<Record<string, (actor: Actor) => Sql | boolean>> = {};

  private readonly executor: Executor;
  private restrict?: Restrict<Actor, Entity>;

  constructor(
    protected readonly dataSource: DataSource,
    private readonly registry: ResourceRegistry,
  ) {
    this.executor = new Executor(dataSource);
  }

  onModuleInit(): void {
    const { computed, filters } = this;
    const { type, entity, relationships, sides = [] } = this.registry.register(this, { computed, filters });
    const tables = [...relationships.values()].flatMap(({ link }) => ('entity' in link ? [link.entity] : []));
    for (const used of [entity, ...tables, ...sides.map((side) => side.entity)]) {
      if (!this.dataSource.hasMetadata(used)) throw new TypeError(`${type}: ${unregistered(used)}`);
    }
  }

  /** Sets the rules of the service that writes the rows. Without one, nothing may be written. */
  restrictBy(restrict: Restrict<Actor, Entity>): void {
    if (this.restrict) throw new TypeError(`Two services write ${this.resource.type}`);
    this.restrict = restrict;
  }

  /** What the actor may not do with a locked row, by the rules of the service and of extensions. */
  async restrictionsOn(actor: Actor, row: Entity, tx: Transaction): Promise<Restrictions> {
    return this.restrictions(actor, row, await this.factsOf(actor, row.id, tx));
  }

  /** Scope condition: selects the rows on which the actor may do the action, as a condition on `row`. */
  scopeCondition(actor: Actor, action: Action): Sql {
    const scopes = [...actor.scopes(this.resource.type, action)];
    const parts = scopes.map((scope) => this.scopeConditions[scope]?.(actor) ?? FALSE);
    const [only = FALSE] = parts;
    return this.notDeleted(parts.length > 1 ? or(parts) : only);
  }

  /** The rows on which the actor may do the action, as the source of a statement. */
  source(actor: Actor, action: Action = 'read'): Source {
    return this.sourceWhere(actor, this.scopeCondition(actor, action));
  }

  /**
   * One page of the collection, with everything that the criteria ask for.
   * @throws ApiError 403 for filters that need a scope that the actor does not have
   */
  async index(actor: Actor, criteria: Criteria): Promise<Page> {
    throwIfErrors(filtersOutOfScope(criteria, actor.scopes(this.resource.type, 'read')));
    const page = await loadPage(this.loading(actor), this.source(actor), criteria);
    return criteria.can === true ? { ...page, rows: await this.withPermissions(actor, page.rows) } : page;
  }

  /** One resource. @throws ApiError 404 if it does not exist or is out of the actor's scope */
  async show(actor: Actor, id: string, selection: Selection = EVERYTHING, tx?: Transaction): Promise<Item> {
    const response = await this.find(actor, this.source(actor), id, selection, tx);
    if (!response) throw absent(this.resource);
    if (selection.can !== true) return response;
    const [row = response.row] = await this.withPermissions(actor, [response.row]);
    return { ...response, row };
  }

  /** Reloads a row after a write, also if the write moved it out of the actor's scope. */
  async reload(actor: Actor, id: string, selection: Selection, tx: Transaction): Promise<Item> {
    const response = await this.find(actor, this.sourceWhere(actor, this.notDeleted(TRUE)), id, selection, tx);
    if (!response) throw absent(this.resource);
    return response;
  }

  /** Reloads a row after a create, within the actor's scope. @throws ApiError 403 if it is out of scope */
  async reloadCreated(actor: Actor, id: string, selection: Selection, tx: Transaction): Promise<Item> {
    const scopeCondition = or([this.scopeCondition(actor, 'create'), this.scopeCondition(actor, 'read')]);
    const response = await this.find(actor, this.sourceWhere(actor, scopeCondition), id, selection, tx);
    if (!response) throw apiError('forbidden', `You may not create a ${this.resource.type} outside your own scope`);
    return response;
  }

  /**
   * Locks a row for a write. Only a row in the actor's scope is locked: no actor waits for a row that is none of theirs,
   * nor keeps others from it. The lock comes first. What the next statement reads, which is sent with it, is then as fresh
   * as the lock, also from other tables: whether the row is still in scope, unless that has every row.
   * @throws ApiError 404 if the actor cannot read the row, 403 if the actor can read it but may not do this
   */
  async lock(actor: Actor, action: Exclude<Action, 'read'>, id: string, tx: Transaction): Promise<Entity> {
    if (!isUuid(id)) throw absent(this.resource);
    const condition = this.scopeCondition(actor, action);
    const rows = this.entities(tx.manager);
    const [entity, { stays }] = await Promise.all([
      lockRow(rows, id, { condition, action }, tx),
      loadFacts({ rows, executor: this.executor, tx }, id, { stays: condition === TRUE || condition }),
    ]);
    return entity && stays ? entity : this.rejectLock(actor, action, id, tx);
  }

  /** Locks a row, as {@link lock} does, and reads what the actor sees of it. @throws ApiError 404, 403 */
  async findForUpdate(
    actor: Actor,
    action: Exclude<Action, 'read'>,
    id: string,
    tx: Transaction,
    linked: readonly string[] = [],
  ): Promise<LockedRow<Entity>> {
    if (!isUuid(id)) throw absent(this.resource);
    const source = this.source(actor, action);
    const [entity, locked] = await Promise.all([
      lockRow(this.entities(tx.manager), id, { condition: source.scopeCondition, action }, tx),
      this.find(actor, source, id, { ...EVERYTHING, include: linked }, tx),
    ]);
    if (!entity || !locked) return this.rejectLock(actor, action, id, tx);
    return { entity, attributes: JSON.parse(locked.row.attributes), linkage: locked.row.linkage };
  }

  /** The facts about a locked row: at most one statement. */
  factsOf(actor: Actor, id: string, tx: Transaction): Promise<Facts> {
    return loadFacts({ rows: this.entities(tx.manager), executor: this.executor, tx }, id, this.factConditions(actor));
  }

  /** Inserts a row under a new id (UUIDv7, so that ids follow the order of creation) and gives the id. */
  insert(columns: object, tx: Transaction): Promise<string> {
    return insertRow(this.extended, columns, tx);
  }

  /** Updates a locked row, and raises its version. With `send` its error is that of a later statement, or of the commit. */
  update(id: string, columns: object, tx: Transaction, run: 'query' | 'send' = 'query'): Promise<void> {
    return updateRow(this.extended, id, { columns, run }, tx);
  }

  /** Deletes a locked row; where the entity has a `@DeleteDateColumn`, the row stays, and no actor sees it any more. */
  delete(id: string, tx: Transaction): Promise<void> {
    return deleteRow(this.extended, id, tx);
  }

  /** The ids of another resource's rows that the actor may read, as a subquery: for filters that name such rows. */
  protected readableIds(type: string, actor: Actor): Sql {
    const repository = this.registry.repository(type);
    return sql`SELECT row."id" FROM ${ident(repository.resource.table)} row WHERE ${repository.scopeCondition(actor, 'read')}`;
  }

  /** TypeORM's repository of the entity. Not scoped: only for subclasses, which know why. */
  protected entities(manager: EntityManager): Repository<Entity> {
    return manager.getRepository<Entity>(this.resource.entity);
  }

  private get extended(): AnyResource {
    return this.registry.resource(this.resource.type) ?? this.resource;
  }

  private async rejectLock(actor: Actor, action: Action, id: string, tx: Transaction): Promise<never> {
    const readable = await this.find(actor, this.source(actor), id, EVERYTHING, tx);
    throw readable ? apiError('forbidden', `You may not ${action} this ${this.resource.type}`) : absent(this.resource);
  }

  private restrictions(actor: Actor, row: Entity, facts: Facts): Restrictions {
    const others = this.registry.extensionsOf(this.resource.type).map((other) => other.restrict?.(actor, row) ?? {});
    return mergeRestrictions([this.restrict?.(actor, row, facts) ?? {}, ...others]);
  }

  private notDeleted(condition: Sql): Sql {
    const { deletedColumn } = this.resource;
    return deletedColumn === undefined ? condition : and([sql`${rowColumn(deletedColumn)} IS NULL`, condition]);
  }

  /** The rows with what the actor may do with each: at most one statement. */
  private withPermissions(actor: Actor, rows: readonly ResourceRow[]): Promise<ResourceRow[]> {
    const { registry, restrict, extended: resource } = this;
    const actions = ['update', 'delete', ...registry.ownActions(resource.type)];
    const inScope = (action: Action): Sql | boolean =>
      restrict !== undefined && registry.offers(resource.type, action) && this.scopeCondition(actor, action);
    return addPermissions(rows, {
      resource,
      place: { rows: this.entities(this.dataSource.manager), executor: this.executor },
      inScope: Object.fromEntries(actions.map((action) => [action, inScope(action)])),
      facts: this.factConditions(actor),
      restrict: (row: Entity, facts: Facts) => this.restrictions(actor, row, facts),
    });
  }

  private factConditions(actor: Actor): Conditions {
    return Object.fromEntries(Object.entries(this.facts).map(([name, condition]) => [name, condition(actor)]));
  }

  private find(actor: Actor, source: Source, id: string, selection: Selection, tx?: Transaction): Promise<Item | null> {
    return isUuid(id) ? loadResource(this.loading(actor, tx), source, id, selection) : Promise.resolve(null);
  }

  private loading(actor: Actor, tx?: Transaction): LoadContext {
    const { executor, registry } = this;
    const { statements } = registry;
    return { executor, statements, source: (type) => registry.source(type, actor), ...(tx && { tx }) };
  }

  private sourceWhere(actor: Actor, scopeCondition: Sql): Source {
    return this.registry.sourceOf(this.extended, scopeCondition, actor, (type) => this.readableIds(type, actor));
  }
}
