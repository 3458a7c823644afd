import type { Kind, KindName, Operand } from './kinds.js';
import { and, or, raw, sql, type Sql } from './sql.js';

/**
 * The filter operators, one row each: how the values are read and what they mean in SQL. A resource table lists
 * which of them an attribute has; `filter[name__match]` is attribute `name` with operator `match`.
 */

/** Filter values after parsing. `null` as a value means IS NULL and travels apart from the others. */
export interface Operands {
  readonly values: readonly Operand[];
  readonly orNull: boolean;
}

interface OperatorRow {
  /** A list takes several values, comma separated or repeated; `whole` takes the text as it is, commas and all. */
  readonly takes: 'list' | 'whole';
  /** The kinds that it makes sense for. The resource table is checked against this at boot. */
  readonly kinds: readonly KindName[];
  /** Whether the literal `null` means IS NULL. */
  readonly knowsNull: boolean;
  readonly description: string;
  sql(column: Sql, operands: Operands, kind: Kind): Sql;
}

const EVERY_KIND: readonly KindName[] = ['string', 'uuid', 'boolean', 'integer', 'time', 'json'];

function anyOf(column: Sql, { values, orNull }: Operands, kind: Kind): Sql {
  const cast = raw(`::${kind.pgType}`);
  const plain = values.flatMap((operand) => ('value' in operand ? [operand.value] : []));
  const conditions = values.flatMap((operand) =>
    'from' in operand
      ? [sql`${column} >= ${operand.from}::timestamptz AND ${column} < ${operand.before}::timestamptz`]
      : [],
  );
  // One value stays an equality: PostgreSQL estimates it better, and it keeps the order of an index behind it.
  if (plain.length === 1) conditions.push(sql`${column} = ${plain[0]}${cast}`);
  if (plain.length > 1) conditions.push(sql`${column} = ANY(${plain}${cast}[])`);
  if (orNull) conditions.push(sql`${column} IS NULL`);
  return or(conditions);
}

/** More values than this are compared one by one: so many ranges would take longer to plan than to leave alone. */
const MOST_GAPS = 20;

/**
 * Neither of the values nor null, as the gaps between the values: unlike `<>`, an index serves each. Every other value
 * lies in one of the gaps, in whatever order the values are taken. Where PostgreSQL would order them otherwise than we
 * do, gaps overlap and hold some of the values as well, so these are kept out once more, in a form that the planner
 * does not take for a second filter.
 */
function between(column: Sql, values: readonly unknown[], cast: Sql): Sql {
  const sorted = [...values].sort();
  const gaps = [undefined, ...sorted].map((value, i) => {
    const bounds = [
      ...(i > 0 ? [sql`${column} > ${value}${cast}`] : []),
      ...(i < sorted.length ? [sql`${column} < ${sorted[i]}${cast}`] : []),
    ];
    return and(bounds);
  });
  return and([or(gaps), sql`nullif(${column} = ANY(${values}${cast}[]), true) IS NOT NULL`]);
}

function noneOf(column: Sql, operands: Operands, kind: Kind): Sql {
  const values = plainValues(operands);
  const isAny = anyOf(column, { values: operands.values, orNull: false }, kind);
  const ranges = values.length === operands.values.length && values.length > 0 && values.length <= MOST_GAPS;
  if (ranges) {
    const others = between(column, values, raw(`::${kind.pgType}`));
    return operands.orNull ? others : or([others, sql`${column} IS NULL`]);
  }
  const others = operands.values.length > 0 ? sql`(${isAny}) IS NOT TRUE` : raw('TRUE');
  return operands.orNull ? and([sql`${column} IS NOT NULL`, others]) : others;
}

/** Makes `%`, `_` and the backslash plain characters of a LIKE pattern. */
const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

const single = ({ values }: Operands): Operand => {
  const [operand] = values;
  if (!operand) throw new TypeError('An operator that takes a whole value was given none');
  return operand;
};

export const OPERATORS = {
  eq: {
    takes: 'list',
    kinds: EVERY_KIND,
    knowsNull: true,
    description: 'equals; several values mean any of them, `null` means without a value',
    sql: anyOf,
  },
  in: { takes: 'list', kinds: EVERY_KIND, knowsNull: true, description: 'is any of the values', sql: anyOf },
  nin: { takes: 'list', kinds: EVERY_KIND, knowsNull: true, description: 'is none of the values', sql: noneOf },
  match: {
    takes: 'whole',
    kinds: ['string'],
    knowsNull: false,
    description: 'contains the text, whatever its case',
    sql: (column, operands) => {
      const operand = single(operands);
      // Not ILIKE: a trigram index folds case by the database's locale and would miss rows that ILIKE under ICU finds.
      return sql`lower(${column}) LIKE lower(${likePattern('value' in operand ? String(operand.value) : '')} COLLATE "und-x-icu")`;
    },
  },
  gte: {
    takes: 'whole',
    kinds: ['integer', 'time'],
    knowsNull: false,
    description: 'at or after',
    sql: (column, operands, kind) => {
      const operand = single(operands);
      return sql`${column} >= ${'from' in operand ? operand.from : operand.value}${raw(`::${kind.pgType}`)}`;
    },
  },
  lte: {
    takes: 'whole',
    kinds: ['integer', 'time'],
    knowsNull: false,
    description: 'at or before; a bare date includes that whole day in UTC',
    sql: (column, operands, kind) => {
      const operand = single(operands);
      return 'from' in operand
        ? sql`${column} < ${operand.before}::timestamptz`
        : sql`${column} <= ${operand.value}${raw(`::${kind.pgType}`)}`;
    },
  },
} as const satisfies Record<string, OperatorRow>;

export type Operator = keyof typeof OPERATORS;

/** The filter's name on the wire: equality has no suffix. */
export const filterName = (attribute: string, operator: Operator): string =>
  operator === 'eq' ? attribute : `${attribute}__${operator}`;

/** The plain values of a filter, for the SQL of a repository's own filters. */
export const plainValues = ({ values }: Operands): unknown[] =>
  values.flatMap((operand) => ('value' in operand ? [operand.value] : []));
