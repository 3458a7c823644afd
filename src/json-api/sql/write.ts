import { v7 as uuidv7 } from 'uuid';
import type { SideTable } from '../resource/columns.js';
import type { AnyResource } from '../resource/resource.js';
import type { Transaction } from './executor.js';

/** Writes of a row, by TypeORM: to the resource's table, and to those in which extensions keep what they add. */

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
async function storeSide({ manager }: Transaction, side: SideTable, id: string, values: Values): Promise<void> {
  const { entity, key } = side;
  await manager.upsert(entity, { ...values, [key.property]: id }, [key.property]);
}

/** Inserts a row under a new id (UUIDv7) and gives the id. */
export async function insertRow(resource: AnyResource, columns: object, tx: Transaction): Promise<string> {
  const id = uuidv7();
  const { own, sides } = separateSides(resource, columns);
  await tx.manager.insert(resource.entity, { ...own, id });
  for (const [side, values] of sides) await storeSide(tx, side, id, values);
  return id;
}

/** Updates a locked row, and raises its version. */
export async function updateRow(resource: AnyResource, id: string, columns: object, tx: Transaction): Promise<void> {
  const { own, sides } = separateSides(resource, columns);
  const raised = { ...own, version: () => '"version" + 1' };
  await tx.manager.createQueryBuilder().update(resource.entity).set(raised).whereInIds([id]).execute();
  for (const [side, values] of sides) await storeSide(tx, side, id, values);
}

/** Deletes a locked row, softly where the entity says so. */
export async function deleteRow({ entity, deletedColumn }: AnyResource, id: string, tx: Transaction): Promise<void> {
  const builder = tx.manager.createQueryBuilder();
  const deletion = deletedColumn === undefined ? builder.delete() : builder.softDelete();
  await deletion.from(entity).whereInIds([id]).execute();
}
