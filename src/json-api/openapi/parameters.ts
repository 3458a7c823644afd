import { ApiQuery, type ApiQueryOptions } from '@nestjs/swagger';
import { FIELD_TYPES, type Schema } from '../resource/field-types.js';
import { LIMITS } from '../limits.js';
import type { AnyResource } from '../resource/resource.js';

/** The query parameters of a resource's routes, as OpenAPI describes them; derived from the resource definition. */

const query = (options: ApiQueryOptions & { name: string }): MethodDecorator =>
  ApiQuery({ required: false, ...options });

/** Parameters of the selection: sparse fieldsets and related resources. */
export function selectionParameters(resource: AnyResource): MethodDecorator[] {
  const relationships = [...resource.relationships.keys()];
  const types = [resource.type, ...new Set([...resource.relationships.values()].map(({ target }) => target))];
  const first = [...resource.attributes.values()].find(({ hidden }) => !hidden)?.name ?? 'id';
  const fields = query({
    name: 'fields',
    style: 'deepObject',
    explode: true,
    schema: {
      type: 'object',
      properties: Object.fromEntries(types.map((type) => [type, { type: 'string' }])),
      additionalProperties: { type: 'string' },
      // What the documentation's page fills in: every field, unless the reader names some.
      examples: [{}],
    },
    description:
      'The fields to include in the response. The key is the resource type and the value is a comma list of fields, ' +
      `such as \`{ "${resource.type}": "${first}" }\`.`,
  });
  const included = query({
    name: 'included',
    style: 'form',
    explode: false,
    schema: { type: 'array', items: { type: 'string', enum: relationships } },
    description: `The related resources to include in the response, also as \`include\`. Allowed: ${relationships.join(', ')}`,
  });
  return relationships.length > 0 ? [included, fields] : [fields];
}

/** What picks the part of a collection: paging, sorting, counting and filters. */
export function collectionParameters(resource: AnyResource): MethodDecorator[] {
  const integer = (name: string, schema: Schema, description: string): MethodDecorator =>
    query({ name, schema: { type: 'integer', minimum: 1, ...schema }, description });
  const text = (name: string, description: string): MethodDecorator =>
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
    text(
      'sort',
      `The sort order, comma separated list of fields, \`-\` for descending. Allowed: ${sortable.join(', ')}`,
    ),
    query({
      name: 'count',
      schema: { type: 'boolean' },
      description: 'Set to true to return the total number of items in the collection',
    }),
    ...[...resource.filters.values()].map(({ name, type, takes, description, scope }) =>
      query({
        name: `filter[${name}]`,
        // A list is text on the wire, whatever its values are.
        schema:
          takes === 'list' || type === FIELD_TYPES.json ? { type: 'string' } : { ...type.schema, format: undefined },
        description: `${description}${scope === undefined ? '' : ` (needs the right to read ${resource.type} in scope ${scope})`}`,
      }),
    ),
  ];
}
