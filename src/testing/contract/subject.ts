import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { Verb } from '../../json-api/http/route.js';
import type { Attribute } from '../../json-api/resource/attributes.js';
import { operationId } from '../../json-api/openapi/parameters.js';
import { columnsOf, nameOf as columnName, snakeCase } from '../../json-api/resource/columns.js';
import { ResourceRegistry } from '../../json-api/resource/registry.js';
import type { AnyResource } from '../../json-api/resource/resource.js';
import { ApiClient, type ApiResponse, document, type RequestOptions, type TestResource } from '../api-client.js';
import type { TestIam } from '../test-iam.js';
import { operations, type OpenApiCheck } from './openapi-check.js';
import type { TypeName } from './semantics.js';

/**
 * Puts one row into the database and returns its id. `n` counts the rows of an app from 0, so that they can differ: the
 * more values differ, or are null, the more the contract finds.
 */
export type Fixture = (iam: TestIam, n: number) => Promise<string>;

/** One row: its id, and the values of its attributes by name, those of hidden ones included. */
export interface Row {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The ids of a collection, in order. */
export const ids = (response: ApiResponse): string[] => response.many().map(({ id }) => id);

/** The entity tag of a response. */
export const etagOf = ({ headers }: ApiResponse): string => headers.get('etag') ?? '';

/** Type and id of a resource. */
export const nameOf = ({ type, id }: Pick<TestResource, 'type' | 'id'>): string => `${type} ${id}`;

/** The links of a relationship, and what it is linked with: nothing, one or many. */
export function linkageOf({ relationships }: TestResource, name: string) {
  const { data, links = {} } = relationships?.[name] ?? {};
  const linkage = [data ?? []].flat() as Pick<TestResource, 'type' | 'id'>[];
  return { links: links as Readonly<Record<string, unknown>>, linkage };
}

/** The name of an attribute's type. */
export const typeOf = ({ type }: Pick<Attribute, 'type'>): TypeName => (type.base ?? type.name) as TypeName;

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
    readonly iam: TestIam,
    readonly type: string,
    private readonly fixture: Fixture,
    private readonly check: OpenApiCheck,
    private readonly openApi: OpenAPIObject,
    private readonly admin: ApiClient,
  ) {
    const resource = registryOf(iam.nest).resource(type);
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
    const open = this.attributes.filter(({ hidden, writeOnly }) => !hidden || writeOnly);
    const shown = new Set(['id', ...open.map(({ name }) => name)]);
    const columns = [...columnsOf(this.resource.entity).values()];
    const spelled = columns.flatMap((column) => [snakeCase(column.propertyName), columnName(column)]);
    return [...new Set([...spelled, ...this.attributes.map(({ name }) => name)])].filter((name) => !shown.has(name));
  }

  offers(verb: Verb): boolean {
    const operation = operations(this.openApi).get(this.operation(...OPERATIONS[verb]));
    return operation?.operationId === operationId(this.resource, verb);
  }

  /** Whether there is another operation where that of a verb would be. */
  hasOwn(verb: Verb): boolean {
    return !this.offers(verb) && operations(this.openApi).has(this.operation(...OPERATIONS[verb]));
  }

  /** The query parameters that the document lists for the collection. */
  get parameters(): string[] {
    const parameters = this.openApi.paths[this.path]?.get?.parameters ?? [];
    return parameters.flatMap((one) => ('in' in one && one.in === 'query' ? [one.name] : []));
  }

  /** Makes rows, each different from all before. */
  async make(count = 1): Promise<string[]> {
    const made: string[] = [];
    while (made.length < count) made.push(await this.fixture(this.iam, this.made++));
    return made;
  }

  /** Takes a row out behind the service's back, so that its like can be made. */
  async remove(id: string): Promise<void> {
    await this.table.delete({ id });
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
    return this.callAs(this.admin.token, method, tail, options);
  }

  /** A request with the token; unauthenticated without one. The response is what the OpenAPI document promises. */
  async callAs(token: string | null, method: string, tail: string, options: RequestOptions = {}): Promise<ApiResponse> {
    const response = await new ApiClient(this.iam.url, token).send(method, this.path + tail, options);
    this.check.response(this.operation(method, tail.startsWith('/')), response, tail.includes('fields['));
    return response;
  }

  /** One row as it is shown. */
  async row(id: string): Promise<Row> {
    return { id, values: (await this.get(`/${id}`)).one().attributes };
  }

  /** A request that the OpenAPI document need not know. */
  attempt(method: string, tail: string): Promise<ApiResponse> {
    return this.admin.send(method, this.path + tail);
  }

  /** Goes where a link leads. */
  follow(link: string): Promise<ApiResponse> {
    return this.admin.get(link);
  }

  /** Every row, in the order of ids. */
  async rows(): Promise<Row[]> {
    const hidden = this.attributes.filter((one) => one.hidden);
    const select = Object.fromEntries(['id', ...hidden.map(({ property }) => property)].map((name) => [name, true]));
    const stored = await this.table.find({ select, withDeleted: true });
    const secrets = new Map(
      stored.map((row) => [
        row['id'],
        Object.fromEntries(hidden.map(({ name, property }) => [name, asJson(row[property])])),
      ]),
    );
    const shown = (await this.get()).many();
    return shown.map(({ id, attributes }) => ({ id, values: { id, ...secrets.get(id), ...attributes } }));
  }

  private get table() {
    return this.iam.nest.get(DataSource).getRepository<Record<string, unknown>>(this.resource.entity);
  }

  private operation(method: string, ofRow: boolean): string {
    return `${method} ${this.path}${ofRow ? '/{resource_id}' : ''}`;
  }
}

/** The resources of a service. */
export const registryOf = (nest: NestFastifyApplication): ResourceRegistry => nest.get(ResourceRegistry);

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
