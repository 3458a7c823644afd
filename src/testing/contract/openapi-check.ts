import assert from 'node:assert/strict';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** An operation of an OpenAPI document. */
export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** What a response is validated by. */
export interface CheckedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

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

/** A JSON Pointer as a URI fragment (RFC 6901, section 6). */
const pointer = (path: readonly (string | number)[]): string =>
  ['#', ...path.map((key) => encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1')))].join('/');

/** Validates responses against an OpenAPI document. */
export class OpenApiCheck {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly operations: Map<string, Operation>;

  constructor(document: OpenAPIObject) {
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: 'openapi', components: document.components, paths: document.paths });
    this.ajv.addSchema({ $id: 'sparse', components: { schemas: sparseSchemas(document) } });
    this.operations = operations(document);
  }

  /**
   * Checks a response to an operation such as `GET /accounts/{resource_id}`.
   * @param isSparse whether the request named fields
   * @throws AssertionError when the document promises another status, media type or body
   */
  response(operation: string, { status, headers, text }: CheckedResponse, isSparse: boolean): void {
    const promised = this.operations.get(operation)?.responses[status];
    if (!promised || '$ref' in promised) throw new Error(`${operation} does not promise a ${status}`);
    if (!promised.content) return assert.deepEqual([operation, text], [operation, '']);
    const [mediaType = ''] = (headers.get('content-type') ?? '').split(';');
    assert.ok(mediaType in promised.content, `${operation} does not promise ${mediaType} for a ${status}`);
    const schema = promised.content[mediaType]?.schema;
    if (!schema) throw new Error(`${operation} has no schema for a ${status}`);
    const [method = '', path = ''] = operation.split(' ');
    const place = ['paths', path, method.toLowerCase(), 'responses', status, 'content', mediaType, 'schema'];
    const reference = '$ref' in schema ? schema.$ref : pointer(place);
    const validate = this.validator((isSparse ? 'sparse' : 'openapi') + reference);
    validate(JSON.parse(text));
    assert.deepEqual([operation, status, validate.errors], [operation, status, null]);
  }

  private validator(reference: string): ValidateFunction {
    const validate = this.validators.get(reference) ?? this.ajv.compile({ $ref: reference });
    this.validators.set(reference, validate);
    return validate;
  }
}
