import { LIMITS } from '../limits.js';
import type { Operator } from '../sql/operators.js';
import {
  FIELD_TYPES,
  type FieldType,
  type FieldTypeName,
  hasAtMostCharacters,
  quotedJson,
  toText,
} from './field-types.js';
import { isStorable, isStorableText } from '../sql/sql.js';

/** Field types that depend on more than their name: permitted values, digits, lengths. */

/** The types that an own one may be based on: their values are compared as a whole, and each has one spelling. */
type BaseType = 'string' | 'uuid' | 'boolean' | 'integer' | 'date';

/** What an own type says otherwise than the one that it is based on; `name` is what errors call it in `meta.expected`. */
type OwnFieldType = Omit<Partial<FieldType>, 'name' | 'items' | 'base' | 'operators'> & {
  readonly name: string;
  readonly operators?: readonly Operator[];
};

/**
 * A field type of a team's own, for the option `type` of an attribute: text with a form of its own, or a type of
 * PostgreSQL that the service does not know.
 * @param like the type that decides what is not said
 * @param own `operators` are those that its columns may list, by default `eq`, `in` and `nin`; `pgType` is what values
 * are cast to
 */
export const defineFieldType = (like: BaseType, own: OwnFieldType): FieldType =>
  Object.freeze({ operators: ['eq', 'in', 'nin'], ...FIELD_TYPES[like], ...own, base: like });

/** What a computed attribute or a filter of the repository's own says of its type. */
export interface FieldTypeRule {
  readonly type: FieldTypeName;
  /** Of an `enum`: the permitted values. */
  readonly values?: readonly string[];
  /** Of a `numeric`: how many digits it has. */
  readonly precision?: number;
  /** Of a `numeric`: how many of these stand after the point; 0 without it. */
  readonly scale?: number;
}

interface FieldTypeOptions extends FieldTypeRule {
  /** Of a `list`: maximum number of characters of an item. */
  readonly length?: number;
  /** Of an `enum` or a `list`: the type of a value in the database; `text` without it. */
  readonly pgType?: string;
}

function enumType(where: string, { values = [], pgType = 'text' }: FieldTypeOptions): FieldType {
  if (values.length === 0) throw new TypeError(`${where} is an enum and needs "values"`);
  const permitted = new Set(values);
  const oneOf = `one of ${values.join(', ')}`;
  return {
    name: 'enum',
    pgType,
    schema: { type: 'string', enum: [...values] },
    expected: oneOf,
    wanted: oneOf,
    parse: (text) => (permitted.has(text) ? { value: text } : undefined),
    json: FIELD_TYPES.string.json,
    text: toText,
    accepts: (value) => typeof value === 'string' && permitted.has(value),
  };
}

function numericType(where: string, { precision, scale = 0 }: FieldTypeOptions): FieldType {
  if (precision === undefined) throw new TypeError(`${where} is a numeric and needs "precision"`);
  const digits = precision - scale;
  const pattern = `^-?${digits > 0 ? `\\d{1,${digits}}` : '0'}${scale > 0 ? `(\\.\\d{1,${scale}})?` : ''}$`;
  const isNumeric = new RegExp(pattern);
  const bound = `with at most ${digits} digits before the point and ${scale} after it`;
  return {
    name: 'numeric',
    pgType: 'numeric',
    // Text, since a JSON number loses digits in most clients.
    schema: { type: 'string', pattern },
    expected: `a decimal number ${bound}`,
    wanted: `a decimal number as a string, ${bound}`,
    parse: (text) => (isNumeric.test(text) ? { value: text } : undefined),
    json: quotedJson,
    text: toText,
    accepts: (value) => typeof value === 'string' && isNumeric.test(value),
  };
}

function listType({ length: maxCharacters = LIMITS.listItemCharacters, pgType = 'text' }: FieldTypeOptions): FieldType {
  const maxItems = LIMITS.listItems;
  const isItem = (item: unknown): boolean => isStorableText(item) && hasAtMostCharacters(item, maxCharacters);
  return {
    name: 'list',
    pgType,
    schema: { type: 'array', items: { type: 'string', maxLength: maxCharacters }, maxItems },
    expected: FIELD_TYPES.string.expected,
    wanted: 'a list of strings',
    parse: (text) => (isStorable(text) ? { value: text } : undefined),
    json: FIELD_TYPES.string.json,
    text: toText,
    accepts: (value) => Array.isArray(value) && value.length <= maxItems && value.every(isItem),
    items: { maxItems, maxCharacters },
  };
}

/**
 * The field type that a rule or a column asks for.
 * @throws TypeError that begins with `where` when something is missing
 */
export function fieldType(where: string, options: FieldTypeOptions): FieldType {
  const { type } = options;
  if (type === 'enum') return enumType(where, options);
  if (type === 'numeric') return numericType(where, options);
  return type === 'list' ? listType(options) : FIELD_TYPES[type];
}
