import type { Type } from '@nestjs/common';
import type { ColumnMetadataArgs } from 'typeorm/metadata-args/ColumnMetadataArgs.js';
import { filterName, type Operator, OPERATORS } from '../sql/operators.js';
import { columnFieldType } from './column-types.js';
import { columnName, columnsOf, nameOf, type SideTable, snakeCase } from './columns.js';
import { fieldType } from './field-type-factories.js';
import { type FieldType, FIELD_TYPES, type Schema } from './field-types.js';
import type { AttributeRule, FilterRule } from './resource-definition.js';

/** One attribute: what the entity's column says of it, and what the resource definition allows. */
export interface Attribute {
  /** The entity's property. */
  readonly property: string;
  /** The name on the wire. */
  readonly name: string;
  /** The name of the column in the database; of a computed attribute there is none. */
  readonly column: string;
  /** The table of the column, where that is not the resource's own. */
  readonly side?: SideTable;
  readonly type: FieldType;
  readonly nullable: boolean;
  /** Longest text in characters, where the column has a limit. */
  readonly length?: number;
  /** Whether a create has to carry it: a writable column with neither null nor default. */
  readonly required: boolean;
  readonly write?: 'create' | 'always';
  /** The value in a new row, as far as the client can know it when it sends these attributes; undefined otherwise. */
  readonly initial: (sent: Readonly<Record<string, unknown>>) => unknown;
  /** A valid value in the one spelling by which two are compared. */
  readonly canonical: (value: unknown) => unknown;
  readonly sortable: boolean;
  /** In no document. */
  readonly hidden: boolean;
  /** Hidden, and yet part of writes. */
  readonly writeOnly: boolean;
  readonly computed: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

/** One filter parameter, as it stands in the brackets of `filter[…]`. */
export interface Filter {
  readonly name: string;
  readonly type: FieldType;
  readonly takes: 'list' | 'whole';
  readonly nullable: boolean;
  readonly description: string;
  readonly secret: boolean;
  /** The read scope that the actor needs. */
  readonly scope?: string;
  /** Absent for a filter of the repository's own. */
  readonly on?: {
    readonly attribute: Attribute;
    readonly operator: Operator;
    readonly compare?: { readonly column: string; readonly as: (value: string) => string };
    /** The column with the attribute's text in lower case. */
    readonly folded?: string;
  };
}

interface Rules {
  readonly type: string;
  readonly attributes: object;
  readonly filters?: Readonly<Record<string, FilterRule>>;
}

const has = (column: ColumnMetadataArgs): boolean =>
  column.options.nullable === true || column.options.default !== undefined || column.mode !== 'regular';

/** What a column without a value gets, as JSON; undefined where the database or the entity's decorator decides. */
function defaultOf(column: ColumnMetadataArgs | undefined): unknown {
  if (column?.mode !== 'regular') return undefined;
  const { nullable, default: value } = column.options;
  if (value === undefined) return nullable === true ? null : undefined;
  return typeof value === 'function' ? undefined : value;
}

const identity = (value: unknown): unknown => value;

function compileAttribute(
  { type: resource }: Rules,
  entity: Type<unknown>,
  property: string,
  rule: AttributeRule<unknown>,
  column: ColumnMetadataArgs | undefined,
): Attribute {
  const where = `${resource}: attribute "${property}"`;
  if (column && rule.computed) throw new TypeError(`${where} is computed, yet has a column`);
  const type = rule.computed
    ? fieldType(where, rule.computed)
    : column && columnFieldType(resource, entity, column, rule);
  if (!type) throw new TypeError(`${where} has no column and is not computed`);
  for (const operator of rule.filter ?? []) {
    const has: readonly string[] = type.operators ?? OPERATORS[operator].types;
    if (!has.includes(type.operators ? operator : type.name)) {
      throw new TypeError(`${where} lists the filter "${operator}", which a ${type.name} does not have`);
    }
  }
  if (rule.folded !== undefined && !rule.filter?.includes('match')) {
    throw new TypeError(`${where} has "folded", which only the filter "match" reads`);
  }
  if (rule.sort && type.name === 'list') throw new TypeError(`${where} is a list, which cannot be sorted by`);
  if (rule.hidden && (rule.sort || rule.write)) throw new TypeError(`${where} is hidden, yet sortable or writable`);
  if (rule.writeOnly && (rule.hidden || rule.sort || rule.filter || !rule.write)) {
    throw new TypeError(`${where} is write-only, so it needs "write" and has neither "filter", "sort" nor "hidden"`);
  }
  const description = rule.computed?.description ?? column?.options.comment;
  const initial = defaultOf(column);
  return {
    property,
    name: snakeCase(property),
    column: column ? nameOf(column) : snakeCase(property),
    type,
    initial: rule.initial ?? (() => initial),
    canonical: rule.canonical ?? type.canonical ?? identity,
    nullable: rule.computed?.nullable ?? column?.options.nullable === true,
    required: rule.write !== undefined && !rule.optional && column !== undefined && !has(column),
    sortable: rule.sort === true,
    hidden: rule.hidden === true || rule.writeOnly === true,
    writeOnly: rule.writeOnly === true,
    computed: rule.computed !== undefined,
    ...(type.name === 'string' && column?.options.length !== undefined && { length: Number(column.options.length) }),
    ...(rule.write && { write: rule.write }),
    ...(description && { description }),
    ...(rule.schema && { schema: rule.schema }),
  };
}

/** Reads the entity's columns and the table's rules into attributes, by name on the wire. */
export function compileAttributes(entity: Type<unknown>, rules: Rules): Map<string, Attribute> {
  const columns = columnsOf(entity);
  return new Map(
    Object.entries(rules.attributes as Record<string, AttributeRule<unknown>>).map(([property, rule]) => {
      const attribute = compileAttribute(rules, entity, property, rule, columns.get(property));
      return [attribute.name, attribute];
    }),
  );
}

/** The id as a sort key and a filter; it is no attribute of a document. */
export const ID: Attribute = {
  property: 'id',
  name: 'id',
  column: 'id',
  type: FIELD_TYPES.uuid,
  nullable: false,
  required: false,
  initial: () => undefined,
  canonical: identity,
  sortable: true,
  hidden: true,
  writeOnly: false,
  computed: false,
};

/** Every filter that the table opens, by its name in the brackets. `id` can always be filtered. */
export function compileFilters(
  entity: Type<unknown>,
  rules: Rules,
  attributes: ReadonlyMap<string, Attribute>,
): Map<string, Filter> {
  const filters = new Map<string, Filter>();
  const add = (filter: Filter): void => {
    if (filters.has(filter.name)) throw new TypeError(`${rules.type}: filter "${filter.name}" is declared twice`);
    filters.set(filter.name, filter);
  };
  const addAttribute = (attribute: Attribute, rule: AttributeRule<unknown>): void => {
    for (const operator of rule.filter ?? []) {
      const { takes, nullable, description } = OPERATORS[operator];
      const equality = operator === 'eq' || operator === 'in' || operator === 'nin';
      add({
        name: filterName(attribute.name, operator),
        type: attribute.type,
        // An object has commas of its own, so JSON is never a list.
        takes: attribute.type === FIELD_TYPES.json ? 'whole' : takes,
        nullable,
        description: `\`${attribute.name}\` ${description}${permitted(attribute.type)}`,
        secret: rule.secret === true,
        ...(rule.scope && { scope: rule.scope }),
        on: {
          attribute,
          operator,
          ...(rule.compare && equality && { compare: comparison(entity, rules, attribute, rule.compare) }),
          ...(rule.folded !== undefined &&
            operator === 'match' && {
              folded: columnName(`${rules.type}: attribute "${attribute.property}"`, entity, rule.folded),
            }),
        },
      });
    }
  };
  addAttribute(ID, { filter: ['eq', 'in'] });
  for (const [property, rule] of Object.entries(rules.attributes as Record<string, AttributeRule<unknown>>)) {
    const attribute = attributes.get(snakeCase(property));
    if (attribute) addAttribute(attribute, rule);
  }
  for (const [name, rule] of Object.entries(rules.filters ?? {})) {
    const type = fieldType(`${rules.type}: filter "${name}"`, rule);
    const description = `${rule.description}${permitted(type)}`;
    add({ name, nullable: rule.takes === 'list', secret: rule.secret === true, ...rule, type, description });
  }
  return filters;
}

/** What OpenAPI adds to the description of a filter: the values of an enum. */
const permitted = ({ schema }: FieldType): string =>
  Array.isArray(schema['enum']) ? `. Allowed: ${schema['enum'].join(', ')}` : '';

type Comparison = NonNullable<NonNullable<Filter['on']>['compare']>;

function comparison(
  entity: Type<unknown>,
  { type }: Rules,
  { property }: Attribute,
  { column, as }: NonNullable<AttributeRule<unknown>['compare']>,
): Comparison {
  const name = columnName(`${type}: attribute "${property}"`, entity, column);
  const compared = columnsOf(entity).get(column);
  // The same options would change what is compared.
  if (compared) columnFieldType(type, entity, compared, { hidden: true });
  return { column: name, as };
}
