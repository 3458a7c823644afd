import type { OpenAPIObject } from '@nestjs/swagger';
import type { Schema } from '../../json-api/resource/field-types.js';
import type { AnyResource } from '../../json-api/resource/resource.js';
import { camelCase } from './schema-types.js';

/** The operations of an OpenAPI document, by the group and the name of the client's method. */

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

/** One operation, as methods are made of it. */
export interface ClientOperation {
  /** `accounts` of `iam.accounts.join()`. */
  readonly group: string;
  readonly name: string;
  /** In capitals. */
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  /** The resource whose collection the path begins with. */
  readonly resource?: AnyResource;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** What the ends of operationIds are as methods. */
const VERBS: Readonly<Record<string, string>> = { index: 'list', show: 'get' };

/**
 * The group of an operation is the first segment of its path. Its name is its operationId, without the name of the group
 * in front, or in the singular at the end: `accounts_resend_invitation` is `accounts.resendInvitation`, `login` at
 * `/auth/login` is `auth.login`.
 * @throws TypeError when two operations have the same name
 */
export function clientOperations(document: OpenAPIObject, resources: readonly AnyResource[]): ClientOperation[] {
  const byPath = new Map(resources.map((resource) => [resource.path.slice(1), resource]));
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): ClientOperation[] => {
      const operation = item[method];
      if (!operation) return [];
      const segment = path.split('/')[1] ?? '';
      const { operationId = `${method}_${path}` } = operation;
      const id = operationId.replace(new RegExp(`^${segment}_|_${segment.replace(/s$/, '')}$`), '');
      const resource = byPath.get(segment);
      const name = camelCase(VERBS[id] ?? id);
      return [
        {
          group: camelCase(segment),
          name,
          method: method.toUpperCase(),
          path,
          operation,
          ...(resource && { resource }),
        },
      ];
    }),
  );
  const seen = new Map<string, string>();
  for (const { group, name, method, path } of all) {
    const twin = seen.get(`${group}.${name}`);
    if (twin !== undefined) {
      throw new TypeError(
        `${method} ${path} and ${twin} would both be ${group}.${name}(): give one another operationId`,
      );
    }
    seen.set(`${group}.${name}`, `${method} ${path}`);
  }
  return all;
}

/** The schema of JSON among contents by media type: of a document, or plain. */
export function jsonSchema(content: Readonly<Record<string, { schema?: unknown }>> | undefined): Schema | undefined {
  const media = content?.['application/vnd.api+json'] ?? content?.['application/json'];
  return media?.schema as Schema | undefined;
}

/** The body of a request. */
export interface RequestBody {
  readonly schema: Schema;
  readonly isForm: boolean;
  readonly isRequired: boolean;
}

const FORM = 'application/x-www-form-urlencoded';

/** What the operation takes as its body; undefined where it takes none, or reads nothing of it. */
export function requestBody(
  { requestBody: body }: Operation,
  resolve: (schema: Schema) => Schema,
): RequestBody | undefined {
  if (!body || '$ref' in body) return undefined;
  const form = body.content[FORM]?.schema as Schema | undefined;
  const schema = jsonSchema(body.content) ?? form;
  if (!schema) return undefined;
  const { properties, required, additionalProperties, oneOf, anyOf, allOf } = resolve(schema);
  const isOpen = additionalProperties === true && properties === undefined;
  if (isOpen && !oneOf && !anyOf && !allOf) return undefined;
  const isRequired = body.required !== false && (!properties || (Array.isArray(required) && required.length > 0));
  return { schema, isForm: schema === form, isRequired };
}

/** The attributes that a JSON:API document of a body may have; undefined for any other body. */
export function documentAttributes(
  schema: Schema | undefined,
  resolve: (schema: Schema) => Schema,
): Schema | undefined {
  const data = schema && (resolve(schema)['properties'] as Record<string, Schema> | undefined)?.['data'];
  return data && (resolve(data)['properties'] as Record<string, Schema> | undefined)?.['attributes'];
}

/** The query parameters that are the operation's own: not those that select fields and related resources. */
export function queryParameters({
  parameters = [],
}: Operation): { name: string; required: boolean; schema: Schema; description?: string }[] {
  return parameters.flatMap((parameter) => {
    if (!('in' in parameter) || parameter.in !== 'query') return [];
    const { name, required = false, schema = {}, description } = parameter;
    if (/^(included|include|can|fields\[.*\])$/.test(name)) return [];
    return [{ name, required, schema: schema as Schema, ...(description !== undefined && { description }) }];
  });
}

/** The names of the parameters in a path, in order. */
export const pathParameters = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** The schemas of the responses that are a success; undefined for one without a body. */
export const successes = ({ responses }: Operation): (Schema | undefined)[] =>
  Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, response]) => (response && 'content' in response ? jsonSchema(response.content) : undefined));

/** Whether the operation only leads to another address, which a browser goes to. */
export const isRedirect = ({ responses }: Operation): boolean => {
  const statuses = Object.keys(responses);
  return (
    statuses.some((status) => status.startsWith('3') && status !== '304') &&
    !statuses.some((one) => one.startsWith('2'))
  );
};
