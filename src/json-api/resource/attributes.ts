import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage } from 'typeorm';
import type { ColumnMetadataArgs } from 'typeorm/metadata-args/ColumnMetadataArgs.js';
import { filterName, type Operator, OPERATORS } from '../sql/operators.js';
import { COLUMN_TYPES, type FieldType, type FieldTypeName, FIELD_TYPES, type Schema } from './field-types.js';
import type { AttributeRule, FilterRule } from './resource-definition.js';

/** One attribute: what the entity's column says of it, and what the resource definition allows. */
export interface Attribute {
  /** The entity's property. */
  readonly property: string;
  /** The name on the wire and of the column. */
  readonly name: string;
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
  readonly hidden: boolean;
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
  };
}

interface Rules {
  readonly type: string;
  readonly attributes: object;
  readonly filters?: Readonly<Record<string, FilterRule>>;
}

/** The database table of an entity. */
export function tableName(entity: Type<unknown>): string {
  const name = getMetadataArgsStorage().tables.find((table) => table.target === entity)?.name;
  if (!name) throw new TypeError(`${entity.name} has no @Entity('table_name')`);
  return name;
}

/** The columns that an entity declares itself or inherits, by property. */
export function columnsOf(entity: Type<unknown>): Map<string, ColumnMetadataArgs> {
  const lineage: unknown[] = [];
  for (let target: unknown = entity; typeof target === 'function'; target = Object.getPrototypeOf(target)) {
    lineage.push(target);
  }
  const columns = getMetadataArgsStorage().columns.filter((column) => lineage.includes(column.target));
  return new Map(columns.map((column) => [column.propertyName, column]));
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
  where: string,
  property: string,
  rule: AttributeRule<unknown>,
  column: ColumnMetadataArgs | undefined,
): Attribute {
  if (!column && !rule.computed) throw new TypeError(`${where} has no column and is not computed`);
  if (column && rule.computed) throw new TypeError(`${where} is computed, yet has a column`);
  const columnType = String(column?.options.type ?? '');
  const typeName: FieldTypeName | undefined = rule.computed?.type ?? COLUMN_TYPES[columnType];
  if (!typeName) throw new TypeError(`${where} has the unsupported column type "${columnType}"`);
  for (const operator of rule.filter ?? []) {
    if (!(OPERATORS[operator].types as readonly FieldTypeName[]).includes(typeName)) {
      throw new TypeError(`${where} lists the filter "${operator}", which a ${typeName} does not have`);
    }
  }
  if (rule.hidden && (rule.sort || rule.write)) throw new TypeError(`${where} is hidden, yet sortable or writable`);
  const description = rule.computed?.description ?? column?.options.comment;
  const type: FieldType = FIELD_TYPES[typeName];
  const initial = defaultOf(column);
  return {
    property,
    name: snakeCase(property),
    type,
    initial: rule.initial ?? (() => initial),
    canonical: rule.canonical ?? type.canonical ?? identity,
    nullable: rule.computed?.nullable ?? column?.options.nullable === true,
    required: rule.write !== undefined && !rule.optional && column !== undefined && !has(column),
    sortable: rule.sort === true,
    hidden: rule.hidden === true,
    computed: rule.computed !== undefined,
    ...(column?.options.length !== undefined && { length: Number(column.options.length) }),
    ...(rule.write && { write: rule.write }),
    ...(description && { description }),
    ...(rule.schema && { schema: rule.schema }),
  };
}

/** Reads the entity's columns and the table's rules into attributes, by name on the wire. */
export function compileAttributes(entity: Type<unknown>, rules: Rules): Map<string, Attribute> {
  const columns = columnsOf(entity);
  const versioned = columns.get('version')?.mode === 'version';
  if (!columns.has('id') || !versioned) {
    throw new TypeError(`${entity.name} needs an id column and a @VersionColumn() named version`);
  }
  return new Map(
    Object.entries(rules.attributes as Record<string, AttributeRule<unknown>>).map(([property, rule]) => {
      const where = `${rules.type}: attribute "${property}"`;
      const attribute = compileAttribute(where, property, rule, columns.get(property));
      return [attribute.name, attribute];
    }),
  );
}

/** The id as a sort key and a filter; it is no attribute of a document. */
export const ID: Attribute = {
  property: 'id',
  name: 'id',
  type: FIELD_TYPES.uuid,
  nullable: false,
  required: false,
  initial: () => undefined,
  canonical: identity,
  sortable: true,
  hidden: true,
  computed: false,
};

/** Every filter that the table opens, by its name in the brackets. `id` can always be filtered. */
export function compileFilters(rules: Rules, attributes: ReadonlyMap<string, Attribute>): Map<string, Filter> {
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
        description: `\`${attribute.name}\` ${description}`,
        secret: rule.secret === true,
        ...(rule.scope && { scope: rule.scope }),
        on: {
          attribute,
          operator,
          ...(rule.compare && equality && { compare: { column: snakeCase(rule.compare.column), as: rule.compare.as } }),
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
    add({ name, nullable: rule.takes === 'list', secret: rule.secret === true, ...rule, type: FIELD_TYPES[rule.type] });
  }
  return filters;
}

/** `createdAt` → `created_at`: the one spelling of a property's name in the database and on the wire. */
export const snakeCase = (property: string): string =>
  property.replace(/[A-Z]/g, (letter, at: number) => (at > 0 ? '_' : '') + letter.toLowerCase());
