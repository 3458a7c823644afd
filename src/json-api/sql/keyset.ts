import type { SortKey } from '../query/criteria.js';
import { and, FALSE, join, or, raw, sql, type Sql } from './sql.js';

/** Gives the SQL of a sort key's value, such as `row."name"`; `at` is the key's place in the order. */
export type Expression = (key: SortKey, at: number) => Sql;

const cast = (key: SortKey, value: unknown): Sql => sql`${value}${raw(`::${key.attribute.type.pgType}`)}`;

const same = (key: SortKey, column: Sql, value: unknown): Sql =>
  value === null ? sql`${column} IS NULL` : sql`${column} = ${cast(key, value)}`;

/** Rows that come later by this key alone. Null counts as the greatest value. */
function later(key: SortKey, column: Sql, value: unknown): Sql {
  if (value === null) return key.descending ? sql`${column} IS NOT NULL` : FALSE;
  if (key.descending) return sql`${column} < ${cast(key, value)}`;
  const greater = sql`${column} > ${cast(key, value)}`;
  return key.attribute.nullable ? or([greater, sql`${column} IS NULL`]) : greater;
}

/** Whether all keys go one way and none is null, so that PostgreSQL can compare them as one row. */
const isOneWay = (sort: readonly SortKey[]): boolean =>
  sort.every((key) => key.descending === sort[0]?.descending && !key.attribute.nullable);

/** Rows that come later by all the keys, of which none is null here unless it is said so. */
function laterByAll(sort: readonly SortKey[], values: readonly unknown[], expression: Expression): Sql {
  const [first] = sort;
  if (first && isOneWay(sort)) {
    // One row comparison is what an index on (key, id) can start from.
    const bounds = sort.map((key, i) => cast(key, values[i] ?? ''));
    const columns = join(sort.map(expression), ', ');
    return sql`(${columns}) ${raw(first.descending ? '<' : '>')} (${join(bounds, ', ')})`;
  }
  return or(
    sort.map((key, i) =>
      and([
        ...sort.slice(0, i).map((earlier, j) => same(earlier, expression(earlier, j), values[j] ?? null)),
        later(key, expression(key, i), values[i] ?? null),
      ]),
    ),
  );
}

const solid = (key: SortKey): SortKey => ({ ...key, attribute: { ...key.attribute, nullable: false } });

/**
 * Rows that come after the cursor: conditions of which each is one range of the order, in this order. There are two
 * where the first key has nulls, since no index range holds values and nulls at once.
 */
export function rangesAfter(sort: readonly SortKey[], values: readonly unknown[], expression: Expression): Sql[] {
  const [first, ...rest] = sort;
  const [value = null, ...restValues] = values;
  if (!first) return [];
  const column = expression(first, 0);
  if (value === null) {
    const nulls = and([sql`${column} IS NULL`, laterByAll(rest, restValues, expression)]);
    return first.descending ? [nulls, sql`${column} IS NOT NULL`] : [nulls];
  }
  const keys = [solid(first), ...rest];
  const beyond = laterByAll(keys, values, expression);
  // The bound by the first key alone is what an index can start from where the keys' directions differ. Beside a row
  // comparison PostgreSQL 18 starts from it too, and reads all rows with the cursor's own value of that key.
  const bound = sql`${column} ${raw(first.descending ? '<=' : '>=')} ${cast(first, value)}`;
  const rows = isOneWay(keys) ? beyond : and([bound, beyond]);
  return first.attribute.nullable && !first.descending ? [rows, sql`${column} IS NULL`] : [rows];
}
