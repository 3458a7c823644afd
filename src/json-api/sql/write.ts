import type { EntityManager } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { v7 as uuidv7 } from 'uuid';
import type { SideTable } from '../resource/columns.js';
import type { AnyResource } from '../resource/resource.js';
import { ident, join, raw, type Sql, sql, type Transaction } from './sql.js';

/**
 * Writes of a row: to the resource's table, and to those in which extensions keep what they add. As TypeORM's query
 * builder would write them, with values that its driver converts; that builder takes 130 µs for a statement.
 */

type Values = Readonly<Record<string, unknown>>;

/** Values by property: those of the resource's own table, and those of each table beside it that has any. */
function separateSides(
  { attributes, sides = [] }: AnyResource,
  columns: object,
): { own: Values; sides: ReadonlyMap<SideTable, Values> } {
  if (sides.length === 0) return { own: { ...columns }, sides: new Map() };
  const sideOf = new Map([...attributes.values()].flatMap(({ property, side }) => (side ? [[property, side]] : [])));
  const own: Record<string, unknown> = {};
  const beside = new Map<SideTable, Record<string, unknown>>();
  for (const [property, value] of Object.entries(columns)) {
    const side = sideOf.get(property);
    const place = side ? (beside.get(side) ?? {}) : own;
    place[property] = value;
    if (side) beside.set(side, place);
  }
  return { own, sides: beside };
}

/** Stores values beside a row that the transaction has written, and so locked. */
async function storeSides({ manager }: Transaction, id: string, sides: ReadonlyMap<SideTable, Values>): Promise<void> {
  for (const [{ entity, key }, values] of sides) {
    await manager.upsert(entity, { ...values, [key.property]: id }, [key.property]);
  }
}

/** A column and what is stored in it. */
type Assignment = readonly [ColumnMetadata, Sql];

/** What is stored of these values by property; a function gives SQL. Those that are undefined, or no column, are left out. */
function assignments(manager: EntityManager, columns: readonly ColumnMetadata[], values: Values): Assignment[] {
  const { driver } = manager.dataSource;
  return columns.flatMap((column): Assignment[] => {
    const given: unknown = column.getEntityValue(values);
    if (given === undefined) return [];
    if (typeof given === 'function') return [[column, raw(String(given()))]];
    const related: unknown =
      column.referencedColumn && isRow(given) ? column.referencedColumn.getEntityValue(given) : given;
    return [[column, sql`${driver.preparePersistentValue(related, column)}`]];
  });
}

/** Whether a value is the entity that a relation leads to, and not its key. */
const isRow = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);

const nameOf = ({ databaseName }: ColumnMetadata): Sql => ident(databaseName);

/** Inserts a row under a new id (UUIDv7) and gives the id. */
export async function insertRow(resource: AnyResource, columns: object, tx: Transaction): Promise<string> {
  const id = uuidv7();
  const { own, sides } = separateSides(resource, columns);
  const { manager } = tx;
  const { tableName, columns: known } = manager.dataSource.getMetadata(resource.entity);
  const insertable = known.filter(({ isInsert }) => isInsert);
  const stored = assignments(manager, insertable, { version: 1, ...own, id });
  const [names, values] = [stored.map(([column]) => nameOf(column)), stored.map(([, value]) => value)];
  await tx.query(sql`INSERT INTO ${ident(tableName)} (${join(names, ', ')}) VALUES (${join(values, ', ')})`);
  await storeSides(tx, id, sides);
  return id;
}

/** The statement of an update, which raises the version. */
function updateOf({ entity }: AnyResource, id: string, values: Values, { manager }: Transaction): Sql {
  const { tableName, updateDateColumn, columns } = manager.dataSource.getMetadata(entity);
  const raised = {
    ...(updateDateColumn && { [updateDateColumn.propertyName]: () => 'CURRENT_TIMESTAMP' }),
    ...values,
    version: () => '"version" + 1',
  };
  const updatable = columns.filter(({ isUpdate }) => isUpdate);
  const stored = assignments(manager, updatable, raised).map(([column, value]) => sql`${nameOf(column)} = ${value}`);
  return sql`UPDATE ${ident(tableName)} SET ${join(stored, ', ')} WHERE "id" = ${id}`;
}

/** Updates a locked row, and raises its version. */
export async function updateRow(
  resource: AnyResource,
  id: string,
  { columns, run }: { readonly columns: object; readonly run: 'query' | 'send' },
  tx: Transaction,
): Promise<void> {
  const { own, sides } = separateSides(resource, columns);
  await tx[run](updateOf(resource, id, own, tx));
  await storeSides(tx, id, sides);
}

/** Deletes a locked row, softly where the entity says so. */
export async function deleteRow({ entity, deletedColumn }: AnyResource, id: string, tx: Transaction): Promise<void> {
  const builder = tx.manager.createQueryBuilder();
  const deletion = deletedColumn === undefined ? builder.delete() : builder.softDelete();
  await deletion.from(entity).whereInIds([id]).execute();
}
