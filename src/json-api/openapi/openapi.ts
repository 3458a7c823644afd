import { isWritable, type WriteVerb } from '../write/body.js';
import { JSON_API, RESOURCE_META } from './members.js';
import { ERROR_CODES } from '../document/errors.js';
import { RULES } from '../document/rules.js';
import type { Schema } from '../resource/field-types.js';
import type { Attribute } from '../resource/attributes.js';
import type { Relationship } from '../resource/relationships.js';
import type { AnyResource } from '../resource/resource.js';

/** JSON Schemas of a resource's documents, derived from the entity and the resource definition (OpenAPI 3.1). */

export const schemaRef = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** Names of the component schemas of a resource. */
export const schemaNames = ({ entity: { name } }: AnyResource) => ({
  resource: `${name}Resource`,
  document: `${name}Document`,
  collection: `${name}Collection`,
  create: `${name}Create`,
  update: `${name}Update`,
});

/** The schema of one attribute's value. */
export function attributeSchema({ type, nullable, length, description, schema }: Attribute): Schema {
  const base: Schema = { ...type.schema, ...(length !== undefined && { maxLength: length }), ...schema };
  const values = base['enum'];
  const typed = nullable
    ? { ...base, type: [base['type'], 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) }
    : base;
  return { ...typed, ...(description && { description }) };
}

const attributesSchema = (attributes: readonly Attribute[], required: readonly Attribute[] = []): Schema => ({
  type: 'object',
  properties: Object.fromEntries(attributes.map((attribute) => [attribute.name, attributeSchema(attribute)])),
  ...(required.length > 0 && { required: required.map(({ name }) => name) }),
});

const identifier = (type: string): Schema => ({
  type: 'object',
  properties: { type: { const: type }, id: { type: 'string', format: 'uuid' } },
  required: ['type', 'id'],
});

const LINK: Schema = { type: 'string', format: 'uri-reference' };
const NULLABLE_LINK: Schema = { ...LINK, type: ['string', 'null'] };

const linksSchema = (links: Readonly<Record<string, Schema>>, required = Object.keys(links)): Schema => ({
  type: 'object',
  properties: links,
  required,
});

/** Whether documents show a relationship that was not included: by its address. */
const hasAddress = ({ link, parameter }: Relationship): boolean =>
  link.cardinality === 'one' || parameter !== undefined;

function relationshipSchema(relationship: Relationship): Schema {
  const { target, link } = relationship;
  const isOne = link.cardinality === 'one';
  const one = identifier(target);
  const properties = {
    ...(hasAddress(relationship) && { links: linksSchema({ related: isOne ? NULLABLE_LINK : LINK }) }),
    data: isOne ? { oneOf: [one, { type: 'null' }] } : { type: 'array', items: one },
  };
  return { type: 'object', properties, required: [hasAddress(relationship) ? 'links' : 'data'] };
}

/** The schema of `relationships`; undefined for a resource that has none. */
function relationshipsSchema(resource: AnyResource): (Schema & { required: string[] }) | undefined {
  const relationships = [...resource.relationships.values()];
  if (relationships.length === 0) return undefined;
  return {
    type: 'object',
    description: sparse(resource),
    properties: Object.fromEntries(relationships.map((one) => [one.name, relationshipSchema(one)])),
    required: relationships.filter(hasAddress).map(({ name }) => name),
    additionalProperties: false,
  };
}

/** What is `required` of attributes and relationships holds without sparse fieldsets: clients seldom send any. */
const sparse = ({ type }: AnyResource): string => `With \`fields[${type}]\` only those that it names`;

function writeSchema(resource: AnyResource, verb: WriteVerb): Schema {
  const attributes = [...resource.attributes.values()].filter((attribute) => isWritable(attribute, verb));
  const required = verb === 'create' ? attributes.filter((attribute) => attribute.required) : [];
  const data: Record<string, Schema> = {
    type: { const: resource.type },
    ...(verb === 'update' && { id: { type: 'string', format: 'uuid' } }),
    attributes: {
      ...attributesSchema(attributes, required),
      // An update may carry what was read, unchanged; so its attributes are open to more.
      ...(verb === 'create' && { additionalProperties: false }),
    },
  };
  return {
    type: 'object',
    properties: {
      data: { type: 'object', properties: data, required: verb === 'create' ? ['type', 'attributes'] : ['type'] },
    },
    required: ['data'],
  };
}

/** The component schemas of a resource, by name. `lookup` finds the resources that may be included. */
export function resourceSchemas(
  resource: AnyResource,
  lookup: (type: string) => AnyResource | undefined,
): Record<string, Schema> {
  const names = schemaNames(resource);
  const visible = [...resource.attributes.values()].filter(({ hidden }) => !hidden);
  const targets = new Set([...resource.relationships.values()].map(({ target }) => target));
  const included = [...targets].flatMap((type) => {
    const target = lookup(type);
    return target ? [schemaRef(schemaNames(target).resource)] : [];
  });
  const [only, ...others] = included;
  const includedSchema = only
    ? { included: { type: 'array', items: others.length > 0 ? { anyOf: included } : only } }
    : {};
  const relationships = relationshipsSchema(resource);
  const always = [
    ...(visible.length > 0 ? ['attributes'] : []),
    ...(relationships && relationships.required.length > 0 ? ['relationships'] : []),
  ];
  const writes = (verb: WriteVerb): boolean =>
    [...resource.attributes.values()].some((attribute) => isWritable(attribute, verb));
  return {
    [names.resource]: {
      type: 'object',
      properties: {
        type: { const: resource.type },
        id: { type: 'string', format: 'uuid' },
        attributes: {
          ...attributesSchema(visible, visible),
          description: sparse(resource),
          additionalProperties: false,
        },
        ...(relationships && { relationships }),
        links: linksSchema({ self: LINK }),
        meta: RESOURCE_META,
      },
      required: ['type', 'id', ...always, 'links', 'meta'],
      additionalProperties: false,
    },
    [names.document]: {
      type: 'object',
      properties: {
        jsonapi: JSON_API,
        data: schemaRef(names.resource),
        ...includedSchema,
        meta: { type: 'object', additionalProperties: true },
        links: linksSchema({ self: LINK }),
      },
      required: ['jsonapi', 'data', 'links'],
      additionalProperties: false,
    },
    [names.collection]: {
      type: 'object',
      properties: {
        jsonapi: JSON_API,
        data: { type: 'array', items: schemaRef(names.resource) },
        ...includedSchema,
        meta: {
          type: 'object',
          description: 'With `count=true`',
          properties: { count: { type: 'integer', minimum: 0 } },
          required: ['count'],
        },
        links: linksSchema({ self: LINK, first: LINK, prev: NULLABLE_LINK, next: NULLABLE_LINK, last: LINK }, [
          'self',
          'first',
          'prev',
          'next',
        ]),
      },
      required: ['jsonapi', 'data', 'links'],
      additionalProperties: false,
    },
    ...(writes('create') && { [names.create]: writeSchema(resource, 'create') }),
    ...(writes('update') && { [names.update]: writeSchema(resource, 'update') }),
  };
}

/** The component schema of every error document. */
export const ERROR_SCHEMAS: Record<string, Schema> = {
  Errors: {
    type: 'object',
    properties: {
      jsonapi: JSON_API,
      errors: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            id: { type: 'string', description: 'Id of the request, also in X-Request-Id' },
            status: { type: 'string' },
            code: { type: 'string', enum: Object.keys(ERROR_CODES) },
            title: { type: 'string' },
            detail: { type: 'string' },
            meta: {
              type: 'object',
              description:
                'Of `validation_failed`: the rule that the value breaks, and its parameters. Of ' +
                '`reauthentication_required`: what the account can prove who it is with',
              properties: {
                rule: { type: 'string', examples: Object.keys(RULES) },
                minimum: { type: 'integer' },
                maximum: { type: 'integer' },
                expected: { type: 'string' },
                allowed: { type: 'array', items: { type: 'string' } },
                methods: { type: 'array', items: { type: 'string' } },
              },
            },
            source: {
              type: 'object',
              properties: {
                pointer: { type: 'string', description: 'JSON Pointer into the body (RFC 6901)' },
                parameter: { type: 'string', description: 'The query parameter, as sent' },
                header: { type: 'string' },
              },
            },
          },
          required: ['id', 'status', 'code', 'title', 'detail'],
        },
      },
    },
    required: ['jsonapi', 'errors'],
  },
};
