import type { ObjectLiteral, Repository } from 'typeorm';
import type { ResourceRow } from '../document/response.js';
import { type Facts, permissionsOf, type Restrictions } from '../resource/permissions.js';
import type { AnyResource } from '../resource/resource.js';
import type { Sql } from './sql.js';

/** Rows as entities, which TypeORM makes: for writes, and for the rules on rows. */

/** Conditions on `row` by name. A boolean needs no look at the row. */
export type Conditions = Readonly<Record<string, Sql | boolean>>;

/** A row, and which of the conditions hold for it. */
interface Inspected<Entity> {
  readonly entity: Entity;
  readonly facts: Facts;
}

/** A piece of SQL as TypeORM takes it: with names for parameters. */
function namedParameters(piece: Sql, prefix: string): { text: string; values: Record<string, unknown> } {
  const { text, values } = piece.compile();
  return {
    text: `(${text.replaceAll(/\$(\d+)/g, `:${prefix}_$1`)})`,
    values: Object.fromEntries(values.map((value, i) => [`${prefix}_${i + 1}`, value])),
  };
}

/** A row, locked; null if it does not match the condition, and then it was never locked. */
export function lockRow<Entity extends ObjectLiteral>(
  rows: Repository<Entity>,
  id: string,
  condition: Sql,
  mode: 'pessimistic_write' | 'for_no_key_update',
): Promise<Entity | null> {
  const { text, values } = namedParameters(condition, 'value');
  return rows.createQueryBuilder('row').setLock(mode).where('row.id = :id', { id }).andWhere(text, values).getOne();
}

/** The booleans among the conditions. */
const decided = (conditions: Conditions): Facts =>
  Object.fromEntries(
    Object.entries(conditions).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean'),
  );

/** Reads rows with the conditions that hold for them, by id: one statement, whatever their number. */
async function inspectRows<Entity extends ObjectLiteral & { id: string }>(
  rows: Repository<Entity>,
  ids: readonly string[],
  conditions: Conditions,
): Promise<Map<string, Inspected<Entity>>> {
  const builder = rows.createQueryBuilder('row').where('row.id = ANY(:ids::uuid[])', { ids });
  const asked = Object.entries(conditions).filter((entry): entry is [string, Sql] => typeof entry[1] !== 'boolean');
  for (const [i, [, condition]] of asked.entries()) {
    const { text, values } = namedParameters(condition, `fact${i}`);
    builder.addSelect(text, `fact_${i}`).setParameters(values);
  }
  const { raw, entities } = await builder.getRawAndEntities<Record<string, unknown>>();
  const byId = new Map(raw.map((columns) => [columns['row_id'], columns]));
  const known = decided(conditions);
  return new Map(
    entities.map((entity) => {
      const columns = byId.get(entity.id) ?? {};
      const found = asked.map(([name], i) => [name, columns[`fact_${i}`] === true] as const);
      return [entity.id, { entity, facts: { ...known, ...Object.fromEntries(found) } }];
    }),
  );
}

/** The facts about one row: one statement, or none where all are decided. */
export async function loadFacts<Entity extends ObjectLiteral & { id: string }>(
  rows: Repository<Entity>,
  id: string,
  conditions: Conditions,
): Promise<Facts> {
  const known = decided(conditions);
  if (Object.keys(known).length === Object.keys(conditions).length) return known;
  return (await inspectRows(rows, [id], conditions)).get(id)?.facts ?? known;
}

/** What an actor's permissions on the rows of a resource follow from. */
export interface RowRules<Entity extends ObjectLiteral> {
  readonly resource: AnyResource;
  readonly entities: Repository<Entity>;
  /** By action, `update`, `delete` and own ones: on which rows the actor may do it; false where no route offers it. */
  readonly inScope: Conditions;
  readonly facts: Conditions;
  restrict(row: Entity, facts: Facts): Restrictions;
}

/** The rows with what the actor may do with each: one statement, or none where there is nothing that might be done. */
export async function addPermissions<Entity extends ObjectLiteral & { id: string }>(
  rows: readonly ResourceRow[],
  { resource, entities, inScope, facts, restrict }: RowRules<Entity>,
): Promise<ResourceRow[]> {
  const isOffered = rows.length > 0 && Object.values(inScope).some((condition) => condition !== false);
  const ids = rows.map(({ id }) => id);
  const actions = Object.entries(inScope).map(([action, condition]) => [actionKey(action), condition]);
  const conditions = { ...facts, ...Object.fromEntries(actions) };
  const found = isOffered ? await inspectRows(entities, ids, conditions) : new Map<string, never>();
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
