import type { OpenAPIObject } from '@nestjs/swagger';
import { ResourceRegistry } from '../../src/json-api/resource/registry.js';
import type { Attribute } from '../../src/json-api/resource/attributes.js';
import { columnsOf, nameOf, snakeCase } from '../../src/json-api/resource/columns.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import type { Verb } from '../../src/json-api/http/route.js';
import { operations, type CheckedClient } from '../contract/openapi.js';
import type { TestApp } from '../support/app.js';
import { document, send, type ApiResponse, type RequestOptions } from '../support/client.js';
import type { Factory } from './fixtures.js';
import type { TypeName } from './semantics.js';

/** One row: its id, and the values of its attributes by name, those of hidden ones included. */
export interface Row {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
}

interface ResourceObject {
  readonly id: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** The name of an attribute's type. */
export const typeOf = ({ type }: Pick<Attribute, 'type'>): TypeName => type.name;

/** The values of an attribute that is an enum, in their order. */
export const valuesOf = ({ type }: Pick<Attribute, 'type'>): readonly unknown[] =>
  (type.schema['enum'] as unknown[] | undefined) ?? [];

const OPERATIONS: Readonly<Record<Verb, readonly [method: string, ofRow: boolean]>> = {
  index: ['GET', false],
  show: ['GET', true],
  create: ['POST', false],
  update: ['PATCH', true],
  delete: ['DELETE', true],
};

/** A resource that the contract is about, as an admin meets it. Every response is validated against the OpenAPI document. */
export class Subject {
  readonly resource: AnyResource;
  private made = 0;

  constructor(
    readonly app: TestApp,
    readonly type: string,
    private readonly factory: Factory,
    private readonly client: CheckedClient,
    private readonly openApi: OpenAPIObject,
    private readonly token: string,
  ) {
    const resource = app.nest.get(ResourceRegistry).resource(type);
    if (!resource) throw new Error(`There is a fixture for ${type}, but no such resource`);
    this.resource = resource;
  }

  get path(): string {
    return this.resource.path;
  }

  get attributes(): Attribute[] {
    return [...this.resource.attributes.values()];
  }

  get visible(): Attribute[] {
    return this.attributes.filter(({ hidden }) => !hidden);
  }

  /** Names of what must never be seen: hidden attributes, and columns that the table does not list. */
  get secrets(): string[] {
    const shown = new Set(['id', ...this.visible.map(({ name }) => name)]);
    const columns = [...columnsOf(this.resource.entity).values()];
    const spelled = columns.flatMap((column) => [snakeCase(column.propertyName), nameOf(column)]);
    return [...new Set([...spelled, ...this.attributes.map(({ name }) => name)])].filter((name) => !shown.has(name));
  }

  offers(verb: Verb): boolean {
    return operations(this.openApi).has(this.operation(...OPERATIONS[verb]));
  }

  /** The query parameters that the document lists for the collection. */
  get parameters(): string[] {
    const parameters = this.openApi.paths[this.path]?.get?.parameters ?? [];
    return parameters.flatMap((one) => ('in' in one && one.in === 'query' ? [one.name] : []));
  }

  /** Makes rows, each different from all before. */
  async make(count = 1): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) ids.push(await this.factory(this.app, this.made++));
    return ids;
  }

  /** Takes a row out behind the service's back, so that its like can be made. */
  async remove(id: string): Promise<void> {
    await this.app.sql(`DELETE FROM "${this.resource.table}" WHERE id = $1`, [id]);
  }

  /** Reads the collection, or with `/id` a row. */
  get(tail = '', headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.call('GET', tail, { headers });
  }

  post(attributes: Record<string, unknown>, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.call('POST', '', { headers, body: document(this.type, attributes) });
  }

  patch(id: string, attributes: Record<string, unknown>, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.call('PATCH', `/${id}`, { headers, body: document(this.type, attributes, id) });
  }

  /** An admin's request to the collection's address and what stands behind it: nothing, `?query` or `/id`. */
  call(method: string, tail: string, options: RequestOptions = {}): Promise<ApiResponse> {
    return this.callAs(this.token, method, tail, options);
  }

  /** A request with the token; unauthenticated without one. */
  callAs(token: string | undefined, method: string, tail: string, options: RequestOptions = {}): Promise<ApiResponse> {
    const [, id, query = ''] = /^(?:\/([^?]+))?(\?.*)?$/.exec(tail) ?? [];
    const operation = this.operation(method, id !== undefined);
    return this.client.send(operation, id === undefined ? [] : [id], { ...options, query, ...(token && { token }) });
  }

  /** One row as it is shown. */
  async row(id: string): Promise<Row> {
    const { body } = await this.get(`/${id}`);
    return { id, values: body.data.attributes };
  }

  /** A request that the OpenAPI document need not know. */
  attempt(method: string, tail: string): Promise<ApiResponse> {
    return send(this.app, method, this.path + tail, { token: this.token });
  }

  /** Goes where a link leads. */
  follow(link: string): Promise<ApiResponse> {
    return send(this.app, 'GET', link, { token: this.token });
  }

  /** Every row, in the order of ids. */
  async rows(): Promise<Row[]> {
    const { body } = await this.get();
    const hidden = this.attributes.flatMap((one) => (one.hidden ? [`"${one.column}" AS "${one.name}"`] : []));
    const stored = await this.app.sql(`SELECT ${['id', ...hidden].join(', ')} FROM "${this.resource.table}"`);
    const secrets = new Map(stored.map(({ id, ...values }) => [id as string, JSON.parse(JSON.stringify(values))]));
    return body.data.map(({ id, attributes }: ResourceObject) => ({
      id,
      values: { id, ...secrets.get(id), ...attributes },
    }));
  }

  private operation(method: string, ofRow: boolean): string {
    return `${method} ${this.path}${ofRow ? '/{resource_id}' : ''}`;
  }
}
