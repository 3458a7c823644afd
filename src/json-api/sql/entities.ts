import type { EntityMetadata, ObjectLiteral, Repository } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { ResourceRow } from '../document/response.js';
import { type Facts, permissionsOf, type Restrictions } from '../resource/permissions.js';
import type { Action } from '../resource/resource-definition.js';
import type { AnyResource } from '../resource/resource.js';
import { type Columns, type Executor, ident, join, raw, rowColumn, type Sql, sql, type Transaction } from './sql.js';

/**
 * Rows as entities, for writes and for the rules on rows. The statements are written here and the values converted by
 * TypeORM's driver: its query builder costs more than everything else in a write (lock: 160 → 20 µs).
 */

/** Conditions on `row` by name. A boolean needs no look at the row. */
export type Conditions = Readonly<Record<string, Sql | boolean>>;

/** A row, and which of the conditions hold for it. */
interface Inspected<Entity> {
  readonly entity: Entity;
  readonly facts: Facts;
}

/** How the rows of a table become entities. */
interface EntityReader {
  readonly columns: readonly ColumnMetadata[];
  /** What is selected of `row`, in the order of the columns. */
  readonly selection: Sql;
}

const readers = new WeakMap<EntityMetadata, EntityReader>();

function readerOf(metadata: EntityMetadata): EntityReader {
  const known = readers.get(metadata);
  if (known) return known;
  const columns = metadata.columns.filter(({ isSelect }) => isSelect);
  const valueOf = ({ query, databaseName }: ColumnMetadata): Sql =>
    query ? raw(`(${query('row')})`) : rowColumn(databaseName);
  const reader = { columns, selection: join(columns.map(valueOf), ', ') };
  readers.set(metadata, reader);
  return reader;
}

/** An entity with these values, which begin with those of its own columns. */
function entityOf<Entity extends ObjectLiteral>({ metadata, manager }: Repository<Entity>, values: Columns): Entity {
  const { driver } = manager.dataSource;
  const entity = metadata.create() as Entity;
  for (const [i, column] of readerOf(metadata).columns.entries()) {
    column.setEntityValue(entity, driver.prepareHydratedValue(values[i], column));
  }
  return entity;
}

/** A row, locked; null if it does not match the condition, and then it was never locked. */
export async function lockRow<Entity extends ObjectLiteral>(
  rows: Repository<Entity>,
  id: string,
  { condition, action }: { readonly condition: Sql; readonly action: Action },
  tx: Transaction,
): Promise<Entity | null> {
  const { selection } = readerOf(rows.metadata);
  const lock = raw(action === 'delete' ? 'FOR UPDATE' : 'FOR NO KEY UPDATE');
  const statement = sql`
    SELECT ${selection} FROM ${ident(rows.metadata.tableName)} row WHERE row."id" = ${id} AND (${condition}) ${lock}`;
  const [values] = await tx.columns(statement.compile());
  return values ? entityOf(rows, values) : null;
}

/** The booleans among the conditions. */
const decided = (conditions: Conditions): Facts =>
  Object.fromEntries(
    Object.entries(conditions).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean'),
  );

/** Where rows are read: in a transaction, or on any connection. */
export interface RowsPlace<Entity extends ObjectLiteral> {
  readonly rows: Repository<Entity>;
  readonly executor: Executor;
  readonly tx?: Transaction;
}

/** Reads rows with the conditions that hold for them, by id: one statement, whatever their number. */
async function inspectRows<Entity extends ObjectLiteral & { id: string }>(
  { rows, executor, tx }: RowsPlace<Entity>,
  ids: readonly string[],
  conditions: Conditions,
): Promise<Map<string, Inspected<Entity>>> {
  const { metadata } = rows;
  const { columns, selection } = readerOf(metadata);
  const asked = Object.entries(conditions).filter((entry): entry is [string, Sql] => typeof entry[1] !== 'boolean');
  const selected = join([selection, ...asked.map(([, condition]) => sql`(${condition})`)], ', ');
  const { deleteDateColumn } = metadata;
  const isLeft = deleteDateColumn ? sql`AND ${rowColumn(deleteDateColumn.databaseName)} IS NULL` : raw('');
  const statement = sql`
    SELECT ${selected} FROM ${ident(metadata.tableName)} row WHERE row."id" = ANY(${ids}::uuid[]) ${isLeft}`;
  const known = decided(conditions);
  return new Map(
    (await executor.rows(statement.compile(), tx)).map((values) => {
      const entity = entityOf(rows, values);
      const found = asked.map(([name], i) => [name, values[columns.length + i] === true] as const);
      return [entity.id, { entity, facts: { ...known, ...Object.fromEntries(found) } }];
    }),
  );
}

/** The facts about one row: one statement, or none where all are decided. */
export async function loadFacts<Entity extends ObjectLiteral & { id: string }>(
  place: RowsPlace<Entity>,
  id: string,
  conditions: Conditions,
): Promise<Facts> {
  const known = decided(conditions);
  if (Object.keys(known).length === Object.keys(conditions).length) return known;
  return (await inspectRows(place, [id], conditions)).get(id)?.facts ?? known;
}

/** What an actor's permissions on the rows of a resource follow from. */
export interface RowRules<Entity extends ObjectLiteral> {
  readonly resource: AnyResource;
  readonly place: RowsPlace<Entity>;
  /** By action, `update`, `delete` and own ones: on which rows the actor may do it; false where no route offers it. */
  readonly inScope: Conditions;
  readonly facts: Conditions;
  restrict(row: Entity, facts: Facts): Restrictions;
}

/** The rows with what the actor may do with each: one statement, or none where there is nothing that might be done. */
export async function addPermissions<Entity extends ObjectLiteral & { id: string }>(
  rows: readonly ResourceRow[],
  { resource, place, inScope, facts, restrict }: RowRules<Entity>,
): Promise<ResourceRow[]> {
  const isOffered = rows.length > 0 && Object.values(inScope).some((condition) => condition !== false);
  const ids = rows.map(({ id }) => id);
  const actions = Object.entries(inScope).map(([action, condition]) => [actionKey(action), condition]);
  const conditions = { ...facts, ...Object.fromEntries(actions) };
  const found = isOffered ? await inspectRows(place, ids, conditions) : new Map<string, never>();
  return rows.map((row) => {
    const inspected: Inspected<Entity> | undefined = found.get(row.id);
    const can = (name: string): boolean => inspected?.facts[actionKey(name)] === true;
    const allowed = Object.fromEntries(Object.keys(inScope).map((action) => [action, can(action)]));
    return {
      ...row,
      can: permissionsOf(resource, allowed, inspected ? restrict(inspected.entity, inspected.facts) : {}),
    };
  });
}

/** Apart from the names of facts. */
const actionKey = (action: string): string => `may ${action}`;
