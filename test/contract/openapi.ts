import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from '@jest/globals';
import type { TestApp } from '../support/app.js';
import { send, type ApiResponse, type RequestOptions } from '../support/client.js';

/** One operation of the API reference, as `endpoints.json` has it. */
export interface Endpoint {
  readonly tag: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: boolean;
  readonly parameters: readonly { name: string; in: string; type: string; required: boolean }[];
}

/** The API reference that the service implements, as data. */
export const ENDPOINTS: readonly Endpoint[] = JSON.parse(
  readFileSync(new URL('./endpoints.json', import.meta.url), 'utf8'),
);

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const METHODS = ['get', 'post', 'patch', 'delete'] as const;

/** Every operation of a document, as `GET /accounts`. */
export function operations({ paths }: OpenAPIObject): Map<string, Operation> {
  const entries = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [[`${method.toUpperCase()} ${path}`, operation] as const] : [];
    }),
  );
  return new Map(entries);
}

/** A pointer of a reference's target: `#/components/schemas/Errors` → its value, or undefined. */
export function resolve(document: unknown, reference: string): unknown {
  return reference
    .slice('#/'.length)
    .split('/')
    .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

/** Every `$ref` in a JSON value. */
export function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : references(item),
  );
}

/** With sparse fieldsets, resource objects may lack what the document says is there without them. */
function sparseSchemas({ components }: OpenAPIObject): Record<string, unknown> {
  const schemas: Record<string, { properties?: object; required?: string[] }> = structuredClone(
    components?.schemas ?? {},
  ) as never;
  for (const [name, schema] of Object.entries(schemas)) {
    if (!name.endsWith('Resource')) continue;
    schema.required = ['type', 'id', 'links'];
    const { attributes, relationships }: Record<string, { required?: string[] }> = { ...schema.properties };
    delete attributes?.required;
    delete relationships?.required;
  }
  return schemas;
}

/** Sends requests, and validates every response against the OpenAPI document. */
export class CheckedClient {
  /** Status codes that were seen, by operation: `GET /accounts` → 200, 401. */
  readonly seen = new Map<string, Set<number>>();
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly operations: Map<string, Operation>;

  constructor(
    private readonly app: TestApp,
    document: OpenAPIObject,
  ) {
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: 'openapi', components: document.components });
    this.ajv.addSchema({ $id: 'sparse', components: { schemas: sparseSchemas(document) } });
    this.operations = operations(document);
  }

  /** One request to the operation at `template`, in whose braces the parameters are put, in order. */
  async send(operation: string, parameters: string[] = [], options: RequestOptions & { query?: string } = {}) {
    const [method = '', template = ''] = operation.split(' ');
    const { query = '', ...rest } = options;
    const path = template.replace(/\{[^}]+\}/g, () => parameters.shift() ?? '');
    const response = await send(this.app, method, path + query, rest);
    const seen = this.seen.get(operation) ?? new Set<number>();
    this.seen.set(operation, seen.add(response.status));
    this.check(operation, response, query.includes('fields[') ? 'sparse' : 'openapi');
    return response;
  }

  private check(operation: string, response: ApiResponse, schemas: 'openapi' | 'sparse'): void {
    const promised = this.operations.get(operation)?.responses[response.status];
    if (!promised || '$ref' in promised) throw new Error(`${operation} does not promise a ${response.status}`);
    const [mediaType = ''] = (response.headers.get('content-type') ?? '').split(';');
    if (!promised.content) return expect([operation, response.text]).toEqual([operation, '']);
    expect(Object.keys(promised.content)).toContain(mediaType);
    const schema = promised.content[mediaType]?.schema;
    if (!schema || !('$ref' in schema)) throw new Error(`${operation} has no schema for a ${response.status}`);
    const validate = this.validator(schemas + schema.$ref);
    validate(response.body);
    expect([operation, response.status, validate.errors]).toEqual([operation, response.status, null]);
  }

  private validator(reference: string): ValidateFunction {
    const validate = this.validators.get(reference) ?? this.ajv.compile({ $ref: reference });
    this.validators.set(reference, validate);
    return validate;
  }
}
