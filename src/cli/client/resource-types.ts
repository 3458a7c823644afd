import { attributeSchema } from '../../json-api/openapi/openapi.js';
import type { Filter } from '../../json-api/resource/attributes.js';
import { FIELD_TYPES, type Schema } from '../../json-api/resource/field-types.js';
import type { AnyResource } from '../../json-api/resource/resource.js';
import { comment, memberName, quote, type SchemaTypes, union } from './schema-types.js';

/** Types of a resource: its attributes, and what queries of it may have. */

/** The names of a resource's types. */
export const typeNames = ({ entity: { name } }: Pick<AnyResource, 'entity'>) => ({
  resource: name,
  attributes: `${name}Attributes`,
  create: `${name}Create`,
  update: `${name}Update`,
  filter: `${name}Filter`,
});

/** What a create and an update take; undefined where there is none. */
export interface WritableSchemas {
  readonly create?: Schema | undefined;
  readonly update?: Schema | undefined;
}

/** The declarations of a resource's types. */
export function resourceDeclarations(resource: AnyResource, writes: WritableSchemas, types: SchemaTypes): string {
  const names = typeNames(resource);
  const visible = [...resource.attributes.values()].filter(({ hidden }) => !hidden);
  const attributes = {
    description: `Attributes of \`${resource.type}\`.`,
    properties: Object.fromEntries(visible.map((attribute) => [attribute.name, attributeSchema(attribute)])),
    required: visible.map(({ name }) => name),
  };
  const filters = [...resource.filters.values()].map(
    (filter) =>
      `${comment(filter.description)}  readonly ${memberName(filter.name)}?: ${filterType(filter, types)} | undefined;\n`,
  );
  return [
    `/** A resource of type \`${resource.type}\`, with all of its attributes. */\n` +
      `export type ${names.resource} = Resource<Resources, ${quote(resource.type)}>;\n`,
    types.declaration(names.attributes, attributes, 'out'),
    ...(writes.create ? [types.declaration(names.create, writes.create, 'in')] : []),
    ...(writes.update ? [types.declaration(names.update, writes.update, 'in')] : []),
    `/** Filters of \`${resource.type}\`. */\nexport interface ${names.filter} {\n${filters.join('')}}\n`,
  ].join('\n');
}

/** The entry of the resource in the interface of all resources. */
export function resourceEntry(resource: AnyResource, { create, update }: WritableSchemas): string {
  const names = typeNames(resource);
  const sortable = [...resource.attributes.values()].filter((attribute) => attribute.sortable);
  const relationships = [...resource.relationships.values()];
  const related = (cardinality: 'one' | 'many'): string => {
    const members = relationships
      .filter(({ link }) => link.cardinality === cardinality)
      .map(({ name, target }) => `readonly ${memberName(name)}: ${quote(target)}`);
    return members.length > 0 ? `{ ${members.join('; ')} }` : 'object';
  };
  return `  ${quote(resource.type)}: {
    attributes: ${names.attributes};
    create: ${create ? names.create : 'never'};
    update: ${update ? names.update : 'never'};
    filter: ${names.filter};
    sort: ${union(['id', ...sortable.map(({ name }) => name)].map(quote))};
    one: ${related('one')};
    many: ${related('many')};
  };
`;
}

/** The type of a filter's value. */
function filterType({ type, takes, nullable, on }: Filter, types: SchemaTypes): string {
  const schema = type === FIELD_TYPES.json && on ? attributeSchema({ ...on.attribute, nullable: false }) : type.schema;
  const item = type.name === 'list' ? { type: 'string' } : schema;
  const one = types.typeOf(item, 'in');
  if (takes === 'whole') return one;
  return `OneOrMore<${nullable && on?.attribute.nullable ? `${one} | null` : one}>`;
}

/** Filters that take their value as it is, commas and all, though their name has no operator. */
export const wholeFilters = ({ filters }: AnyResource): string[] =>
  [...filters.values()]
    .filter(({ takes, type, on }) => takes === 'whole' && !on && type !== FIELD_TYPES.json)
    .map(({ name }) => name);
