import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage } from 'typeorm';
import { type Attribute, compileAttributes, compileFilters, type Filter, ID } from './attributes.js';
import { columnsOf, hasDeletedColumn, nameOf, type SideTable, tableName } from './columns.js';
import type { Restrictions } from './permissions.js';
import { compileRelationships, type Relationship } from './relationships.js';
import type { AttributeRule, FilterRule, RelationshipRule } from './resource-definition.js';
import type { AnyResource } from './resource.js';
import type { Operands } from '../sql/operators.js';
import type { Sql } from '../sql/sql.js';

/** What a module adds to a resource of another module; made by {@link extendResource}. */
export interface ResourceExtension {
  readonly on: AnyResource;
  readonly entity?: Type<object>;
  readonly attributes: Readonly<Record<string, AttributeRule<never>>>;
  readonly relationships: Readonly<Record<string, RelationshipRule<never>>>;
  readonly filters: Readonly<Record<string, FilterRule>>;
  readonly sql: OwnSql;
  /** What an actor may not do with a row, in addition to what the resource's own service says. */
  restrict?(actor: unknown, row: unknown): Restrictions;
}

/** The ids of the rows of a type that the actor may read, as a subquery: for SQL that names such rows. */
export type ReadableIds = (type: string) => Sql;

/** The SQL of an extension, as a repository has it of its own: conditions and values on `row`. */
export interface OwnSql {
  /** By property: computed attributes. */
  readonly computed?: Readonly<Record<string, (actor: never, readable: ReadableIds) => Sql>>;
  /** By name: filters that are no attributes. */
  readonly filters?: Readonly<Record<string, (operands: Operands, actor: never, readable: ReadableIds) => Sql>>;
}

type RowOf<On> = On extends { readonly entity: Type<infer Row> } ? Row : never;

/** What {@link extendResource} takes besides resource and entity. */
interface Additions<Entity, Row, Actor> {
  readonly attributes?: { readonly [Key in keyof Entity & string]?: AttributeRule<Entity> };
  readonly relationships?: Readonly<Record<string, RelationshipRule<Entity>>>;
  readonly filters?: Readonly<Record<string, FilterRule>>;
  /** For attributes that are computed, and for filters. */
  readonly sql?: {
    readonly computed?: Readonly<Record<string, (actor: Actor, readable: ReadableIds) => Sql>>;
    readonly filters?: Readonly<Record<string, (operands: Operands, actor: Actor, readable: ReadableIds) => Sql>>;
  };
  readonly restrict?: (actor: Actor, row: Row) => Restrictions;
}

/**
 * Declares attributes and relationships of another module's resource. The values are columns of `entity`, a table of the
 * extension's own whose primary key is the id of the row that they belong to, with a foreign key that deletes them with
 * it. A row without one there has null in all of them, so these columns are nullable. A property that is no column is
 * computed, and `sql` has its SQL.
 */
export const extendResource = <On extends AnyResource, Entity extends object, Actor>(
  on: On,
  entity: Type<Entity>,
  { attributes = {}, relationships = {}, filters = {}, sql = {}, ...rest }: Additions<Entity, RowOf<On>, Actor>,
): ResourceExtension => ({
  on,
  entity,
  attributes: attributes as ResourceExtension['attributes'],
  relationships: relationships as ResourceExtension['relationships'],
  filters,
  sql: sql as OwnSql,
  ...(rest as Pick<ResourceExtension, 'restrict'>),
});

/** Declares relationships of another module's resource that need no column: to many, by a property of the related ones. */
export const relateResource = (
  on: AnyResource,
  relationships: Readonly<Record<string, Extract<RelationshipRule<never>, { many: string }>>>,
): ResourceExtension => ({ on, attributes: {}, relationships, filters: {}, sql: {} });

/** Key and table of an entity that holds attributes of another one. @throws TypeError that begins with `where` */
function sideTable(where: string, entity: Type<object>, place: number): SideTable {
  const keys = [...columnsOf(entity).values()].filter(({ options }) => options.primary === true);
  const [key] = keys;
  if (!key || keys.length > 1 || key.options.type !== 'uuid') {
    throw new TypeError(`${where}: ${entity.name} needs one primary column, of the type uuid: the id of the row`);
  }
  const references = getMetadataArgsStorage().foreignKeys.some(
    ({ target, propertyName, onDelete }) =>
      target === entity && propertyName === key.propertyName && onDelete === 'CASCADE',
  );
  if (!references) {
    throw new TypeError(`${where}: ${entity.name}.${key.propertyName} needs a @ForeignKey with onDelete: 'CASCADE'`);
  }
  if (hasDeletedColumn(entity)) throw new TypeError(`${where}: ${entity.name} must have no @DeleteDateColumn`);
  const { propertyName: property } = key;
  return { entity, table: tableName(entity), alias: `side${place}`, key: { property, column: nameOf(key) } };
}

function besides(attribute: Attribute, side: SideTable, where: string): Attribute {
  const { nullable, property } = attribute;
  const name = `${where}: the column ${side.entity.name}.${property}`;
  if (attribute.computed) return attribute;
  if (!nullable) throw new TypeError(`${name} must be nullable: rows that are there already have no value`);
  return { ...attribute, side };
}

/** Adds to a map what it does not have. */
function addAll<Value>(where: string, known: Map<string, Value>, added: ReadonlyMap<string, Value>): void {
  for (const [name, value] of added) {
    if (known.has(name)) throw new TypeError(`${where} "${name}" is declared twice; call one of them otherwise`);
    known.set(name, value);
  }
}

/**
 * A resource with what extensions add to it.
 * @throws TypeError with a sentence that names what does not fit
 */
export function extended(resource: AnyResource, extensions: readonly ResourceExtension[]): AnyResource {
  if (extensions.length === 0) return resource;
  const attributes = new Map<string, Attribute>(resource.attributes);
  const filters = new Map<string, Filter>(resource.filters);
  const relationships = new Map<string, Relationship>(resource.relationships);
  const sides: SideTable[] = [];
  const { type } = resource;
  for (const { entity, ...rules } of extensions) {
    if (entity) {
      const side = sideTable(type, entity, sides.length);
      const twin = sides.find(({ table }) => table === side.table);
      if (twin) throw new TypeError(`${type}: ${entity.name} holds attributes twice; declare them together`);
      sides.push(side);
      const compiled = compileAttributes(entity, { ...rules, type });
      const added = new Map([...compiled].map(([name, one]) => [name, besides(one, side, type)]));
      addAll(`${type}: attribute`, attributes, added);
      const own = [...compileFilters(entity, { ...rules, type }, added)].filter(([, { on }]) => on?.attribute !== ID);
      addAll(`${type}: filter`, filters, new Map(own));
    }
    const compiled = compileRelationships(entity ?? resource.entity, { ...rules, type });
    const side = sides.at(-1);
    const placed = [...compiled].map(([name, one]): [string, Relationship] => {
      if (attributes.has(name)) throw new TypeError(`${type}: relationship "${name}" has the name of an attribute`);
      const { link } = one;
      return [name, entity && side && link.cardinality === 'one' ? { ...one, link: { ...link, side } } : one];
    });
    addAll(`${type}: relationship`, relationships, new Map(placed));
  }
  return Object.freeze({ ...resource, attributes, filters, relationships, sides });
}
