import type { Type } from '@nestjs/common';
import { type Attribute, compileAttributes, compileFilters, type Filter } from './attributes.js';
import { checkEntity, columnName, type SideTable, tableName } from './columns.js';
import { compileRelationships, type Relationship } from './relationships.js';
import type { Identified, ResourceDefinition } from './resource-definition.js';

/** A resource definition, checked and compiled: what the rest of the layer works with. */
export interface Resource<
  Entity extends Identified = Identified,
  Rules extends ResourceDefinition<Entity> = ResourceDefinition<Entity>,
> {
  readonly entity: Type<Entity>;
  readonly type: string;
  /** Path of the collection, such as `/account_sessions`, without the prefix. */
  readonly path: string;
  /** Name of the database table. */
  readonly table: string;
  /** The column in which a deletion is stored; absent where rows are really deleted. */
  readonly deletedColumn?: string;
  /** By name on the wire, hidden ones included. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** By what stands in the brackets of `filter[…]`. */
  readonly filters: ReadonlyMap<string, Filter>;
  readonly relationships: ReadonlyMap<string, Relationship>;
  /** Where extensions keep the attributes that they add. */
  readonly sides?: readonly SideTable[];
  /** The table as it was written; carries the types of the bodies. */
  readonly rules: Rules;
}

/** A resource of any entity, for code that treats all of them alike. */
export type AnyResource = Omit<Resource, 'entity' | 'rules'> & { readonly entity: Type<Identified> };

/** The column of a property, in the resource's table or beside it. @throws TypeError that begins with `where` */
export function columnOf(
  where: string,
  { entity, attributes }: AnyResource,
  property: string,
): Pick<Attribute, 'column' | 'side'> {
  const attribute = [...attributes.values()].find((one) => one.property === property && one.side !== undefined);
  return attribute ?? { column: columnName(where, entity, property) };
}

type Writes<Rules, Rule> = Rules extends { attributes: infer Attributes }
  ? { [Key in keyof Attributes]: Attributes[Key] extends { write: Rule } ? Key : never }[keyof Attributes]
  : never;

/** The attributes that a create may carry, with the entity's own types. */
export type CreateAttributes<Entity, Rules> = Partial<Pick<Entity, Writes<Rules, 'create' | 'always'> & keyof Entity>>;

/** The attributes that an update may carry, with the entity's own types. */
export type UpdateAttributes<Entity, Rules> = Partial<Pick<Entity, Writes<Rules, 'always'> & keyof Entity>>;

/** Fails to compile if the definition names a property that the entity does not have. */
type NoUnknownAttributes<Entity, Rules> = Rules extends { attributes: infer Attributes }
  ? { attributes: { [Key in Exclude<keyof Attributes, keyof Entity>]: never } }
  : unknown;

/**
 * Declares a resource: the entity says what a field is, the definition what a client may do with it.
 * @throws TypeError with a sentence that names the error, when the definition does not fit the entity.
 */
export function defineResource<Entity extends Identified, const Rules extends ResourceDefinition<Entity>>(
  entity: Type<Entity>,
  rules: Rules & NoUnknownAttributes<Entity, Rules>,
): Resource<Entity, Rules> {
  const deletion = checkEntity(entity);
  const attributes = compileAttributes(entity, rules);
  return Object.freeze({
    entity,
    type: rules.type,
    path: `/${rules.type.slice(rules.type.indexOf(':') + 1)}`,
    table: tableName(entity),
    ...deletion,
    attributes,
    filters: compileFilters(entity, rules, attributes),
    relationships: compileRelationships(entity, rules),
    rules,
  });
}
