import { type FieldType, type FieldTypeName, FIELD_TYPES, type Operand } from '../resource/field-types.js';
import { and, or, Parameter, raw, sql, type Sql } from './sql.js';

/**
 * The filter operators, one row each: how the values are read and what they mean in SQL. A resource definition lists
 * which of them an attribute has; `filter[name__match]` is attribute `name` with operator `match`.
 */

/** Filter values after parsing. `null` as a value means IS NULL and travels apart from the others. */
export interface Operands {
  readonly values: readonly Operand[];
  readonly orNull: boolean;
  /**
   * Whether PostgreSQL plans without a pattern's text. A plan that connections keep is used only where it looks no worse
   * than those made for the first values, and without a value all look the same.
   */
  readonly onePlan?: boolean;
}

interface OperatorRow {
  /** A list takes several values, comma separated or repeated; `whole` takes the text as it is, commas and all. */
  readonly takes: 'list' | 'whole';
  /** The field types that it supports. Resource definitions are checked against this at boot. */
  readonly types: readonly FieldTypeName[];
  /** Whether the literal `null` means IS NULL. */
  readonly nullable: boolean;
  readonly description: string;
  sql(column: Sql, operands: Operands, type: FieldType): Sql;
}

/** The types whose values are compared as a whole. */
const EVERY_TYPE: readonly FieldTypeName[] = [
  ...(['string', 'uuid', 'boolean', 'integer', 'numeric', 'time', 'date', 'enum', 'json'] as const),
];
/** The types whose values have an order that is worth a bound. */
const ORDERED: readonly FieldTypeName[] = ['integer', 'numeric', 'time', 'date'];

function anyOf(column: Sql, operands: Operands, type: FieldType): Sql {
  const ranges = operands.values.flatMap((operand) => ('from' in operand ? [operand] : []));
  return or([
    isAnyOf(column, plainValues(operands), type.pgType),
    // Dates and instants stand side by side, so every list of times has both, be it one of none.
    ...(type === FIELD_TYPES.time ? [isInRanges(column, ranges)] : []),
    ...(operands.orNull ? [sql`${column} IS NULL`] : []),
  ]);
}

function noneOf(column: Sql, operands: Operands, type: FieldType): Sql {
  const values = plainValues(operands);
  const isNull = sql`${column} IS NULL`;
  if (values.length > 0 && values.length === operands.values.length) {
    const others = isNoneOf(column, values, type.pgType);
    return operands.orNull ? others : or([others, isNull]);
  }
  const isAny = anyOf(column, { values: operands.values, orNull: false }, type);
  const others = operands.values.length > 0 ? [sql`(${isAny}) IS NOT TRUE`] : [];
  return and(operands.orNull ? [sql`${column} IS NOT NULL`, ...others] : others);
}

/** Text in lower case, and the collation of what it is compared with. */
export interface LowerCase {
  readonly text: Sql;
  readonly collation: Sql;
}

/** The lower case of a column, made for each row. A trigram index on `lower(x)` serves it. */
export const lowerCaseOf = (column: Sql): LowerCase => ({ text: sql`lower(${column})`, collation: raw('') });

/** The lower case that a column stores: see `FOLDED`. A trigram index on the column serves it. */
export const storedLowerCase = (column: Sql): LowerCase => ({ text: column, collation: raw(' COLLATE "C"') });

/** Makes `%`, `_` and the backslash plain characters of a LIKE pattern. */
export const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/**
 * Whether text is like a pattern, whatever the case. Not ILIKE: a trigram index folds case by the database's locale and
 * would miss rows that ILIKE under ICU finds.
 * @param onePlan whether PostgreSQL plans without the pattern, as {@link Operands} has it
 */
export function isLike({ text, collation }: LowerCase, pattern: unknown, onePlan = false): Sql {
  const lower = sql`lower(${pattern} COLLATE "und-x-icu")${collation}`;
  return sql`${text} LIKE ${onePlan ? sql`(SELECT ${lower})` : lower}`;
}

/** Whether text contains the value of a filter, whatever the case. */
export function contains(lowerCase: LowerCase, operands: Operands): Sql {
  const operand = single(operands);
  return isLike(lowerCase, likePattern('value' in operand ? String(operand.value) : ''), operands.onePlan);
}

const TRIGRAM = /[\p{L}\p{N}]{3}/u;

/** Whether a trigram index can look for the text. */
export const hasTrigram = (text: string): boolean => TRIGRAM.test(text);

const single = ({ values }: Operands): Operand => {
  const [operand] = values;
  if (!operand) throw new TypeError('An operator that takes a whole value was given none');
  return operand;
};

export const OPERATORS = {
  eq: {
    takes: 'list',
    types: EVERY_TYPE,
    nullable: true,
    description: 'equals; several values mean any of them, `null` means without a value',
    sql: anyOf,
  },
  in: { takes: 'list', types: EVERY_TYPE, nullable: true, description: 'is any of the values', sql: anyOf },
  nin: { takes: 'list', types: EVERY_TYPE, nullable: true, description: 'is none of the values', sql: noneOf },
  match: {
    takes: 'whole',
    types: ['string'],
    nullable: false,
    description: 'contains the text, whatever its case',
    sql: (column, operands) => contains(lowerCaseOf(column), operands),
  },
  contains: {
    takes: 'list',
    types: ['list'],
    nullable: true,
    description: 'contains any of the values; `null` means without a value',
    sql: (column, operands, type) =>
      or([
        sql`${column} && ${plainValues(operands)}${raw(`::${type.pgType}[]`)}`,
        ...(operands.orNull ? [sql`${column} IS NULL`] : []),
      ]),
  },
  gte: {
    takes: 'whole',
    types: ORDERED,
    nullable: false,
    description: 'at or above; for times, at or after',
    sql: (column, operands, type) => {
      const operand = single(operands);
      return sql`${column} >= ${'from' in operand ? operand.from : operand.value}${raw(`::${type.pgType}`)}`;
    },
  },
  lte: {
    takes: 'whole',
    types: ORDERED,
    nullable: false,
    description: 'at or below; for times, at or before, where a bare date includes that whole day in UTC',
    sql: (column, operands, type) => {
      const operand = single(operands);
      return 'from' in operand
        ? sql`${column} < ${operand.before}::timestamptz`
        : sql`${column} <= ${operand.value}${raw(`::${type.pgType}`)}`;
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

/**
 * Conditions on lists of values. Their text is the same for every length of list, so that what a client sends decides
 * neither how much PostgreSQL parses and plans nor how many statements the service remembers. PostgreSQL knows the values
 * when it plans, and folds what depends on them alone (`cardinality(…) = 1`, a subscript): the plan is made for them.
 */

/** A half-open range of times. */
type Range = Extract<Operand, { from: string }>;

/** A list as one parameter of an array type; `at` gives a value by its place from 1, or NULL where there is none. */
function array(values: readonly unknown[], pgType: string): { all: Sql; at: (place: string | Sql) => Sql } {
  const all = sql`${new Parameter(values)}${raw(`::${pgType}[]`)}`;
  return { all, at: (place) => sql`(${all})[${typeof place === 'string' ? raw(place) : place}]` };
}

/**
 * Whether a column has one of the values. Of a list of one PostgreSQL makes an equality, which it estimates better, and
 * which keeps the order of an index behind the column.
 * @param pgType type of one value, such as `uuid`
 */
export function isAnyOf(column: Sql, values: readonly unknown[], pgType: string): Sql {
  const list = array([...new Set(values)], pgType);
  return sql`CASE cardinality(${list.all}) WHEN 0 THEN FALSE WHEN 1 THEN ${column} = ${list.at('1')} ELSE ${column} = ANY(${list.all}) END`;
}

/** Ranges in order, those that meet or overlap made one. Their bounds are ISO 8601 in UTC or `infinity`: text compares. */
function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = result.at(-1);
    if (!last || range.from > last.before) result.push(range);
    else if (range.before > last.before) result[result.length - 1] = { ...last, before: range.before };
  }
  return result;
}

/**
 * Whether a time lies in one of the ranges. An index serves the span from the first to the last; within it the bounds, in
 * order, cut time into pieces of which each second one is a range.
 */
export function isInRanges(column: Sql, ranges: readonly Range[]): Sql {
  const bounds = merged(ranges).flatMap(({ from, before }) => [from, before]);
  const { all, at } = array(bounds, 'timestamptz');
  const span = sql`${column} >= ${at('1')} AND ${column} < ${at(sql`cardinality(${all})`)}`;
  return sql`CASE cardinality(${all}) WHEN 0 THEN FALSE WHEN 2 THEN ${span} ELSE ${span} AND width_bucket(${column}, ${all}) % 2 = 1 END`;
}

/** So many values have gaps around them; what lies in a gap is compared with the other values one by one. */
const MAX_BOUNDS = 20;

/**
 * Whether a column has none of the values; a null has none, and is not TRUE. As the gaps between the values: unlike `<>`,
 * an index serves each. Every other value lies in one of the gaps, in whatever order the values are taken. Where
 * PostgreSQL would order them otherwise than we do, gaps overlap and hold some of the values as well, so these are kept
 * out once more, in a form that the planner does not take for a second filter.
 */
export function isNoneOf(column: Sql, values: readonly unknown[], pgType: string): Sql {
  const distinct = [...new Set(values)];
  const sorted = distinct.toSorted().slice(0, MAX_BOUNDS);
  const bounds = array(sorted, pgType);
  const gaps = Array.from({ length: MAX_BOUNDS - 1 }, (_, i) =>
    and([sql`${column} > ${bounds.at(String(i + 1))}`, sql`${column} < ${bounds.at(String(i + 2))}`]),
  );
  const ends = [sql`${column} < ${bounds.at('1')}`, sql`${column} > ${sorted.at(-1)}${raw(`::${pgType}`)}`];
  const all = array(distinct, pgType).all;
  return and([or([...ends, ...gaps]), sql`nullif(${column} = ANY(${all}), true) IS NOT NULL`]);
}
