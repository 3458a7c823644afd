import type { Schema } from '../../json-api/resource/field-types.js';
import { schemaNames } from '../../json-api/openapi/openapi.js';
import {
  type ClientOperation,
  documentAttributes,
  isRedirect,
  jsonSchema,
  pathParameters,
  queryParameters,
  requestBody,
  successes,
} from './operations.js';
import { camelCase, comment, listOf, quote, referenced, type SchemaTypes, union } from './schema-types.js';

/** The methods of operations: their signatures, and their lines in the table that the client runs by. */

/** The verbs that all resources have in common. */
export const VERBS = ['list', 'get', 'create', 'update', 'delete'] as const;
/** A method of a resource that the generated client has. */
export type Verb = (typeof VERBS)[number];

/** Methods, paths and bodies of the verbs. */
const FORMS: Readonly<Record<Verb, { method: string; isRow: boolean; hasDocument: boolean }>> = {
  list: { method: 'GET', isRow: false, hasDocument: false },
  get: { method: 'GET', isRow: true, hasDocument: false },
  create: { method: 'POST', isRow: false, hasDocument: true },
  update: { method: 'PATCH', isRow: true, hasDocument: true },
  delete: { method: 'DELETE', isRow: true, hasDocument: false },
};

/** What a read of a verb answers with: otherwise the operation is one of its own. */
const ANSWERS: Partial<Record<Verb, 'collection' | 'document'>> = { list: 'collection', get: 'document' };

const isVerb = (name: string): name is Verb => (VERBS as readonly string[]).includes(name);

/** The verb of a resource that an operation is; undefined for one of its own, with a body or a response of its own. */
export function verbOf(operation: ClientOperation, types: SchemaTypes): Verb | undefined {
  const { name, resource, method, path } = operation;
  if (!resource || !isVerb(name)) return undefined;
  const form = FORMS[name];
  const isPath = form.isRow ? /^\/[^/]+\/\{\w+\}$/.test(path) : path === resource.path;
  if (method !== form.method || !isPath || hasDocument(operation, types) !== form.hasDocument) return undefined;
  const answer = ANSWERS[name];
  const refers = (schema: Schema | undefined): boolean =>
    answer === undefined || schema?.['$ref'] === `#/components/schemas/${schemaNames(resource)[answer]}`;
  return successes(operation.operation).every(refers) ? name : undefined;
}

const hasDocument = ({ operation }: ClientOperation, types: SchemaTypes): boolean =>
  documentAttributes(bodySchema(operation), (schema) => types.resolved(schema)) !== undefined;

/** The schema of a body that is JSON. */
export const bodySchema = ({ requestBody: body }: ClientOperation['operation']): Schema | undefined =>
  body && 'content' in body ? jsonSchema(body.content) : undefined;

/** The line of an operation in the table: see `MethodTable` of packages/client. */
export function tableLine({ method, path, operation }: ClientOperation, types: SchemaTypes): string {
  const body = requestBody(operation, (schema) => types.resolved(schema));
  const { properties = {} } = body ? types.resolved(body.schema) : {};
  const flags = [
    ...(body ? [body.isForm ? 'form' : Object.hasOwn(properties as object, 'cookie') ? '{cookie}' : '{}'] : []),
    ...(queryParameters(operation).length > 0 ? ['?'] : []),
    ...(isRedirect(operation) ? ['url'] : []),
  ];
  return [method, path, ...flags].join(' ');
}

/** The signature of an operation's method, with its documentation. */
export function signature(operation: ClientOperation, types: SchemaTypes): string {
  const { name, method, path, operation: described } = operation;
  const body = requestBody(described, (schema) => types.resolved(schema));
  const query = queryParameters(described);
  const parameters = pathParameters(path).map((parameter) => `${camelCase(parameter)}: string`);
  if (body) parameters.push(`body${body.isRequired ? '' : '?'}: ${types.typeOf(body.schema, 'in')}`);
  if (query.length > 0) {
    const schema = {
      type: 'object',
      properties: Object.fromEntries(query.map((one) => [one.name, one.schema])),
      required: query.filter(({ required }) => required).map((one) => one.name),
    };
    parameters.push(`query${schema.required.length > 0 ? '' : '?'}: ${types.typeOf(schema, 'in')}`);
  }
  parameters.push('options?: CallOptions');
  const result = isRedirect(described) ? 'URL' : `Promise<${resultType(successes(described), types)}>`;
  const text = [`\`${method} ${path}\``, described.description ?? described.summary ?? ''].filter(Boolean).join(': ');
  return `${comment(text)}  ${name}(${parameters.join(', ')}): ${result};\n`;
}

/** What a method returns for any of these responses. */
export const resultType = (schemas: readonly (Schema | undefined)[], types: SchemaTypes): string => {
  const empty = schemas.every((schema) => schema === undefined) ? 'void' : 'undefined';
  return union(schemas.map((schema) => (schema ? unwrapped(schema, types) : empty)));
};

type Members = Record<string, Schema> | undefined;

/** The type of a document without what is around its data, as the client returns it. */
function unwrapped(schema: Schema, types: SchemaTypes): string {
  const { properties, required } = partsOf(schema, types);
  const { data, meta } = properties;
  if (!data) return types.typeOf(meta && properties['jsonapi'] ? meta : schema, 'out');
  const own = types.known(schema) ?? resourceType(data, types);
  if (own === undefined) return meta ? types.typeOf(schema, 'out') : types.typeOf(data, 'out');
  const shown = meta && documentMeta(meta, required.includes('meta'), types);
  const type = shown === undefined ? own : `${own} & { readonly $meta: ${shown} }`;
  // An action may show a secret that it made.
  if (type === types.known(schema) && meta?.['additionalProperties'] === true)
    return `${own} & { readonly $meta: ShownOnce }`;
  const name = referenced(schema);
  return type === types.known(schema) || name === undefined ? type : types.alias(shortName(name), () => type);
}

/** `AccountAuthDocument` → `AccountAuth` */
const shortName = (name: string): string => name.replace(/(?<=.)(Document|Resource)$/, '');

/** The members of a document's schema, which may be put together of several. */
function partsOf(schema: Schema, types: SchemaTypes): { properties: Record<string, Schema>; required: string[] } {
  const {
    properties = {},
    required = [],
    allOf = [],
  } = types.resolved(schema) as {
    properties?: Record<string, Schema>;
    required?: string[];
    allOf?: Schema[];
  };
  const parts = allOf.map((one) => partsOf(one, types));
  return {
    properties: Object.assign({}, ...parts.map((part) => part.properties), properties) as Record<string, Schema>,
    required: [...parts.flatMap((part) => part.required), ...required],
  };
}

/** What a document's `meta` adds to that of its resource; undefined where its schema says nothing. */
export function documentMeta(meta: Schema, isRequired: boolean, types: SchemaTypes): string | undefined {
  const { properties, required } = types.resolved(meta) as { properties?: Record<string, Schema>; required?: string[] };
  if (!properties || Object.keys(properties).length === 0) return undefined;
  return types.typeOf({ type: 'object', properties, required: isRequired ? required : [] }, 'out');
}

/** What the document of a write has in `meta` beside that of its resource. */
export function writeMeta({ operation }: ClientOperation, types: SchemaTypes): string | undefined {
  const [schema] = successes(operation);
  if (!schema) return undefined;
  const { properties, required } = partsOf(schema, types);
  return properties['meta'] && documentMeta(properties['meta'], required.includes('meta'), types);
}

/** The type of resource objects, flat; undefined for other data. */
function resourceType(data: Schema, types: SchemaTypes): string | undefined {
  const named = types.known(data);
  if (named !== undefined) return named;
  const resolved = types.resolved(data);
  if (resolved['type'] === 'array') {
    const item = resourceType((resolved['items'] ?? {}) as Schema, types);
    return item && listOf(item);
  }
  const { type, id, attributes } = (resolved['properties'] as Members) ?? {};
  if (!type || !attributes) return undefined;
  const { properties = {}, required = [] } = types.resolved(attributes) as { properties?: object; required?: string[] };
  const flat = {
    type: 'object',
    properties: { type, id: id ?? {}, ...properties },
    required: ['type', 'id', ...required],
  };
  const name = referenced(data);
  return name === undefined ? types.block(flat, 'out') : types.alias(shortName(name), () => types.block(flat, 'out'));
}

/** The union of literal names. */
export const literals = (names: readonly string[]): string => union(names.map(quote));
