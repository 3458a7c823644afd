import { LIMITS } from '../limits.js';
import { isStorable, isStorableText, isUuid, raw, sql, type Sql } from '../sql/sql.js';
import { isInstant, parseDate, parseTime } from './times.js';

/**
 * What a field's database type means on the wire: how a filter value is read, how PostgreSQL writes it as JSON,
 * and what OpenAPI says of it. One row for each type; nothing else in the layer asks for a field's type.
 */

/** A filter value after parsing: one value, or the half-open range that a bare date stands for. */
export type Operand = { value: unknown } | { from: string; before: string };

/** JSON Schema, as OpenAPI 3.1 takes it. */
export type Schema = Record<string, unknown>;

export interface FieldType {
  /** One of {@link FieldTypeName}, or the name of an own type (`defineFieldType`). */
  readonly name: string;
  /** PostgreSQL type that parameters are cast to. */
  readonly pgType: string;
  /** JSON Schema of the value; null is added for a nullable column. */
  readonly schema: Schema;
  /** Error text for a wrong filter value: what it should be. */
  readonly expected: string;
  /** The same for a value in a body. */
  readonly wanted: string;
  /** Reads a filter value out of a query string; `undefined` when it is not of this type. */
  parse(text: string): Operand | undefined;
  /**
   * The column as the text of a JSON value; null stays null. Concatenated texts take PostgreSQL 1.6 µs a row of eight
   * attributes, `json_build_object` 2.5 µs, and no byte of white space more.
   */
  json(column: Sql): Sql;
  /** The column as text that a cursor can carry and that casts back to the very same value. */
  text(column: Sql): Sql;
  /** Whether a JSON value of a body has this type. */
  accepts(value: unknown): boolean;
  /** A value of this type in the one spelling by which two are compared; absent where each value has only one. */
  canonical?(value: unknown): unknown;
  /** Of a list: how many items it has, and how many characters an item has, at most. */
  readonly items?: { readonly maxItems: number; readonly maxCharacters: number };
  /** Of an own type: the type that it is based on. */
  readonly base?: FieldTypeName;
  /** Of an own type: the filter operators that it has. */
  readonly operators?: readonly string[];
}

/** By their names in resource definitions. */
export type FieldTypeName =
  | ('string' | 'words' | 'uuid' | 'boolean' | 'integer' | 'time' | 'date' | 'json')
  // Of field-type-factories.ts, since these are not the same for every column.
  | ('enum' | 'numeric' | 'list');

/** Whether a value is a JSON object: no array, and not null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether every string in a JSON value is storable, and it is nested at most 32 deep. */
export function isStorableJson(value: unknown, depth = 32): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.entries(value).every(([key, item]) => isStorable(key) && isStorableJson(item, depth - 1));
}

function parseInteger(text: string): Operand | undefined {
  const value = Number(text);
  return /^-?\d{1,10}$/.test(text) && Math.abs(value) <= 2_147_483_647 ? { value } : undefined;
}

/** Reads JSON text of a query string; `undefined` when it is no JSON or PostgreSQL could not hold it. */
export function parseJson(text: string): Operand | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStorableJson(value) ? { value: JSON.stringify(value) } : undefined;
  } catch {
    return undefined;
  }
}

/** The different words of a search, blanks apart: white space of any kind, as Unicode has it. */
export const wordsOf = (text: string): string[] => [...new Set(text.split(/\s+/u).filter((word) => word !== ''))];

/** Whether a value has at most `max` characters, as PostgreSQL counts them (code points, not UTF-16 units). */
export const hasAtMostCharacters = (value: unknown, max: number): boolean =>
  // A character has at most two UTF-16 units, so what is far too long is not counted.
  typeof value === 'string' && value.length <= 2 * max && [...value].length <= max;

/** The JSON of what as text needs no escapes. */
export const quotedJson = (column: Sql): Sql => sql`'"' || ${column} || '"'`;

/** A column as PostgreSQL writes it. */
export const toText = (column: Sql): Sql => sql`(${column})::text`;

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
const format = (column: Sql, pattern: string): Sql =>
  sql`to_char(${column} AT TIME ZONE 'UTC', ${raw(`'${pattern}'`)})`;

const formatDate = (column: Sql, pattern: string): Sql => sql`to_char((${column})::timestamp, ${raw(`'${pattern}'`)})`;

/** The field types that are the same for every column. */
export const FIELD_TYPES = {
  string: {
    name: 'string',
    pgType: 'text',
    schema: { type: 'string' },
    expected: 'a text without NUL characters and lone surrogates',
    wanted: 'a string',
    parse: (text) => (isStorable(text) ? { value: text } : undefined),
    json: (column) => sql`to_json(${column})::text`,
    text: toText,
    accepts: isStorableText,
  },
  /** A search, whose words are matched one by one. No column has it. */
  words: {
    name: 'words',
    pgType: 'text',
    schema: { type: 'string' },
    expected: `at most ${LIMITS.searchWords} words without NUL characters and lone surrogates`,
    wanted: 'a string',
    parse: (text) => (isStorable(text) && wordsOf(text).length <= LIMITS.searchWords ? { value: text } : undefined),
    json: (column) => sql`to_json(${column})::text`,
    text: toText,
    accepts: isStorableText,
  },
  uuid: {
    name: 'uuid',
    pgType: 'uuid',
    schema: { type: 'string', format: 'uuid' },
    expected: 'a UUID',
    wanted: 'a UUID',
    parse: (text) => (isUuid(text) ? { value: text } : undefined),
    json: quotedJson,
    text: toText,
    accepts: isUuid,
    canonical: (value) => String(value).toLowerCase(),
  },
  boolean: {
    name: 'boolean',
    pgType: 'boolean',
    schema: { type: 'boolean' },
    expected: 'true or false',
    wanted: 'true or false',
    parse: (text) => (text === 'true' || text === 'false' ? { value: text === 'true' } : undefined),
    json: toText,
    text: toText,
    accepts: (value) => typeof value === 'boolean',
  },
  integer: {
    name: 'integer',
    pgType: 'integer',
    schema: { type: 'integer' },
    expected: 'an integer',
    wanted: 'an integer',
    parse: parseInteger,
    json: toText,
    text: toText,
    accepts: (value) => Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647,
  },
  time: {
    name: 'time',
    pgType: 'timestamptz',
    schema: { type: 'string', format: 'date-time' },
    expected: 'an ISO 8601 date (2026-01-31) or instant (2026-01-31T12:00:00.000Z), in UTC unless it has an offset',
    wanted: 'an ISO 8601 instant with its offset (2026-01-31T12:00:00.000Z)',
    parse: parseTime,
    json: (column) => format(column, `"\\""${ISO}"\\""`),
    text: (column) => format(column, ISO),
    accepts: isInstant,
    canonical: (value) => Date.parse(String(value)),
  },
  date: {
    name: 'date',
    pgType: 'date',
    schema: { type: 'string', format: 'date' },
    expected: 'a date (2026-01-31)',
    wanted: 'a date (2026-01-31)',
    parse: parseDate,
    // As text a date depends on the session's DateStyle.
    json: (column) => formatDate(column, '"\\""YYYY-MM-DD"\\""'),
    text: (column) => formatDate(column, 'YYYY-MM-DD'),
    accepts: (value) => typeof value === 'string' && parseDate(value) !== undefined,
  },
  json: {
    name: 'json',
    pgType: 'jsonb',
    schema: { type: 'object' },
    expected: 'JSON text',
    wanted: 'an object',
    parse: parseJson,
    json: toText,
    text: toText,
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && isStorableJson(value),
  },
} as const satisfies Record<Exclude<FieldTypeName, 'enum' | 'numeric' | 'list'>, FieldType>;

/** Column options that entities share. */

/** Text that sorts as people expect, whatever the database's own locale: ICU's root collation. */
export const SORTED = { collation: 'und-x-icu' } as const;

/** Text in lower case, which a trigger of the table stores: what `match` looks through instead of making it for each row. */
export const FOLDED = { type: 'text', collation: 'C', select: false, insert: false, update: false } as const;

/** A moment, in milliseconds and no finer, so that a time that was read can be filtered for. */
export const TIME = { type: 'timestamptz', precision: 3 } as const;
