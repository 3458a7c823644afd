import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { OpenApiCheck } from '../../src/testing/contract/openapi-check.js';
import type { TestApp } from '../support/app.js';
import { send, type RequestOptions } from '../support/client.js';

export { operations } from '../../src/testing/contract/openapi-check.js';
export type { Operation } from '../../src/testing/contract/openapi-check.js';

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

/** Sends requests, and validates every response against the OpenAPI document. */
export class CheckedClient {
  /** Status codes that were seen, by operation: `GET /accounts` → 200, 401. */
  readonly seen = new Map<string, Set<number>>();
  private readonly document: OpenApiCheck;

  constructor(
    private readonly app: TestApp,
    document: OpenAPIObject,
  ) {
    this.document = new OpenApiCheck(document);
  }

  /** One request to the operation at `template`, in whose braces the parameters are put, in order. */
  async send(operation: string, parameters: string[] = [], options: RequestOptions & { query?: string } = {}) {
    const [method = '', template = ''] = operation.split(' ');
    const { query = '', ...rest } = options;
    const path = template.replace(/\{[^}]+\}/g, () => parameters.shift() ?? '');
    const response = await send(this.app, method, path + query, rest);
    const seen = this.seen.get(operation) ?? new Set<number>();
    this.seen.set(operation, seen.add(response.status));
    this.document.response(operation, response, query.includes('fields['));
    return response;
  }
}
