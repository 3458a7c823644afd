import type { ApiQueryOptions } from '@nestjs/swagger';
import { ApiQuery } from './decorators.js';
import { FIELD_TYPES, type Schema } from '../resource/field-types.js';
import { LIMITS } from '../limits.js';
import type { Filter } from '../resource/attributes.js';
import type { AnyResource } from '../resource/resource.js';

/** The query parameters of a resource's routes, as OpenAPI describes them; derived from the resource definition. */

/** A query parameter, as OpenAPI has it. */
export type QueryParameter = ApiQueryOptions & { readonly name: string; readonly schema: Schema };

const query = (options: QueryParameter): QueryParameter => ({ required: false, ...options });

/** The decorator of a handler for parameters. */
export const queryDecorators = (parameters: readonly QueryParameter[]): MethodDecorator[] =>
  parameters.map((parameter) => ApiQuery(parameter));

/** The parameters of a page of the resource. */
export const indexParameters = (resource: AnyResource): QueryParameter[] => [
  ...collectionParameters(resource),
  ...selectionParameters(resource),
  permissionsParameter(),
];

/** The parameters of one resource. */
export const showParameters = (resource: AnyResource): QueryParameter[] => [
  ...selectionParameters(resource),
  permissionsParameter(),
];

/** Several values of one parameter are separated by commas. */
const COMMA_LIST = { style: 'form', explode: false } as const;

/** One of a closed list of values, or several of them. */
const oneOrMore = (values: readonly unknown[]): Schema => {
  const one = { type: 'string', enum: values };
  return { anyOf: [one, { type: 'array', items: one }] };
};

/** The schema of `fields[TYPE]`: text that is a comma list, or the names one by one. */
export function fieldsSchema({ attributes, relationships }: AnyResource): Schema {
  const visible = [...attributes.values()].filter(({ hidden }) => !hidden);
  const names = [...visible.map(({ name }) => name), ...relationships.keys()];
  return { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string', enum: names } }] };
}

function filterSchema({ type, takes, nullable, on }: Filter): Schema {
  const values = type.schema['enum'];
  const orNull = nullable && on?.attribute.nullable ? ['null'] : [];
  if (Array.isArray(values)) return oneOrMore([...values, ...orNull]);
  if (type === FIELD_TYPES.boolean) return orNull.length > 0 ? { enum: [true, false, ...orNull] } : type.schema;
  // Any other list is text on the wire, whatever its values are.
  if (takes === 'list' || type === FIELD_TYPES.json) return { type: 'string' };
  return { ...type.schema, format: undefined };
}

/** Parameters of the selection: sparse fieldsets and related resources. */
export function selectionParameters(resource: AnyResource): QueryParameter[] {
  const relationships = [...resource.relationships.keys()];
  const types = new Set([resource.type, ...[...resource.relationships.values()].map(({ target }) => target)]);
  const included = query({
    name: 'included',
    ...COMMA_LIST,
    schema: { type: 'array', items: { type: 'string', enum: relationships } },
    description: `The related resources to include in the response, also as \`include\`. Allowed: ${relationships.join(', ')}`,
  });
  const fields = [...types].map((type) =>
    query({
      name: `fields[${type}]`,
      ...COMMA_LIST,
      // The names are filled in where all resources are known: see `nameFields`.
      schema: { type: 'string' },
      description: `The fields of ${type} to include in the response: a comma list. Without it all of them`,
    }),
  );
  return relationships.length > 0 ? [included, ...fields] : fields;
}

/** Asks what the actor may do with each resource. */
const permissionsParameter = (): QueryParameter =>
  query({
    name: 'can',
    schema: { type: 'boolean' },
    description: 'Set to true to have `meta.can` in each resource of `data`: what you may do with it',
  });

/** What picks the part of a collection: paging, sorting, counting and filters. */
function collectionParameters(resource: AnyResource): QueryParameter[] {
  const integer = (name: string, schema: Schema, description: string): QueryParameter =>
    query({ name, schema: { type: 'integer', minimum: 1, ...schema }, description });
  const text = (name: string, description: string): QueryParameter =>
    query({ name, schema: { type: 'string' }, description });
  const sortable = [
    'id',
    ...[...resource.attributes.values()].flatMap(({ sortable, name }) => (sortable ? [name] : [])),
  ];
  return [
    integer('page[number]', { default: 1 }, 'The page number, default to 1'),
    integer(
      'page[size]',
      { default: LIMITS.pageSize, maximum: LIMITS.pageSize },
      `The number of items per page, default to ${LIMITS.pageSize}`,
    ),
    text('page[after]', 'Cursor paging: the page after this cursor; empty for the first page'),
    text('page[before]', 'Cursor paging: the page before this cursor; empty for the last page'),
    query({
      name: 'sort',
      ...COMMA_LIST,
      schema: oneOrMore(sortable.flatMap((name) => [name, `-${name}`])),
      description: `The sort order, comma separated list of fields, \`-\` for descending. Allowed: ${sortable.join(', ')}`,
    }),
    query({
      name: 'count',
      schema: { type: 'boolean' },
      description: 'Set to true to return the total number of items in the collection',
    }),
    ...[...resource.filters.values()].map((filter) =>
      query({
        name: `filter[${filter.name}]`,
        schema: filterSchema(filter),
        description: `${filter.description}${filter.scope === undefined ? '' : ` (needs the right to read ${resource.type} in scope ${filter.scope})`}`,
      }),
    ),
  ];
}

/** By operation: the query parameters of resources to which extensions add attributes or relationships. */
export function extendedParameters(
  resources: readonly AnyResource[],
): ReadonlyMap<string, (QueryParameter & { in: 'query' })[]> {
  const parameters = new Map<string, (QueryParameter & { in: 'query' })[]>();
  for (const resource of resources.filter(({ sides }) => sides !== undefined)) {
    const selection = selectionParameters(resource);
    const verbs = { index: indexParameters(resource), show: showParameters(resource) };
    for (const [verb, list] of Object.entries({ ...verbs, create: selection, update: selection })) {
      const inQuery = list.map((parameter) => ({ in: 'query' as const, ...parameter }));
      parameters.set(operationId(resource, verb), inQuery);
    }
  }
  return parameters;
}

/** The name of an operation in OpenAPI. */
export const operationId = ({ path }: AnyResource, verb: string): string => `${path.slice(1)}_${verb}`;
