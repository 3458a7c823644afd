import { KINDS, type Kind, type KindName, type Operand } from '../resource/field-types.js';
import { isAnyOf, isInRanges, isNoneOf } from './list-conditions.js';
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

function anyOf(column: Sql, operands: Operands, kind: Kind): Sql {
  const ranges = operands.values.flatMap((operand) => ('from' in operand ? [operand] : []));
  return or([
    isAnyOf(column, plainValues(operands), kind.pgType),
    // Dates and instants stand side by side, so every list of times has both, be it one of none.
    ...(kind === KINDS.time ? [isInRanges(column, ranges)] : []),
    ...(operands.orNull ? [sql`${column} IS NULL`] : []),
  ]);
}

function noneOf(column: Sql, operands: Operands, kind: Kind): Sql {
  const values = plainValues(operands);
  const isNull = sql`${column} IS NULL`;
  if (values.length > 0 && values.length === operands.values.length) {
    const others = isNoneOf(column, values, kind.pgType);
    return operands.orNull ? others : or([others, isNull]);
  }
  const isAny = anyOf(column, { values: operands.values, orNull: false }, kind);
  const others = operands.values.length > 0 ? [sql`(${isAny}) IS NOT TRUE`] : [];
  return and(operands.orNull ? [sql`${column} IS NOT NULL`, ...others] : others);
}

/** Makes `%`, `_` and the backslash plain characters of a LIKE pattern. */
export const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/**
 * Whether a column is like a pattern, whatever the case. Not ILIKE: a trigram index folds case by the database's locale and
 * would miss rows that ILIKE under ICU finds.
 */
export const isLike = (column: Sql, pattern: unknown): Sql =>
  sql`lower(${column}) LIKE lower(${pattern} COLLATE "und-x-icu")`;

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
      return isLike(column, likePattern('value' in operand ? String(operand.value) : ''));
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
