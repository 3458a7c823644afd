import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Linkage } from '../document/response.js';
import { type BodyReading, readBody, type WriteVerb } from './body.js';
import type { Selection } from '../query/criteria.js';
import { ErrorList, apiError, type ErrorObject } from '../document/errors.js';
import { LIMITS, quoted } from '../limits.js';
import { isObject } from '../resource/field-types.js';
import type { AnyResource, CreateAttributes, Resource, UpdateAttributes } from '../resource/resource.js';
import type { Identified } from '../resource/resource-definition.js';

/** The parts of `{ "data": { "type", "id"?, "attributes"? } }`. */
export interface ParsedDocument {
  readonly type: unknown;
  readonly id: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Relationships that carry `data`. This layer does not write them; it only takes back what it gave. */
  readonly linkage: readonly SentLinkage[];
}

interface SentLinkage {
  readonly name: string;
  readonly data: unknown;
}

/** The members that a document has to have. */
export interface RequiredMembers {
  readonly type: boolean;
  readonly attributes: boolean;
}

/** By what a document is sent for. */
export const REQUIRED_MEMBERS = {
  create: { type: true, attributes: true },
  update: { type: true, attributes: false },
} as const satisfies Record<WriteVerb, RequiredMembers>;

/** Reads a body as a JSON:API document; `undefined` when it is none, with the errors. */
export function parseDocument(body: unknown, required: RequiredMembers, errors: ErrorList): ParsedDocument | undefined {
  const addError = (pointer: string, detail: string): undefined => {
    errors.push({ code: 'malformed_body', detail, source: { pointer } });
  };
  const data = isObject(body) ? body['data'] : undefined;
  if (!isObject(data))
    return addError('/data', 'The body must be a JSON:API document: { "data": { "type", "attributes" } }');
  const { type, id, attributes, relationships } = data;
  const isTyped = !required.type || (type !== undefined && type !== null);
  const hasAttributes = attributes === undefined ? !required.attributes : isObject(attributes);
  if (!isTyped) addError('/data/type', 'type must be the type of the resource');
  if (!hasAttributes) addError('/data/attributes', 'attributes must be an object');
  if (!isTyped || !hasAttributes) return undefined;
  const linkage = Object.entries(isObject(relationships) ? relationships : {}).flatMap(([name, relationship]) =>
    isObject(relationship) && relationship['data'] !== undefined ? [{ name, data: relationship['data'] }] : [],
  );
  for (const { name, data: identifiers } of linkage) {
    if (Array.isArray(identifiers) && identifiers.length > LIMITS.linkageIdentifiers) {
      const detail = `A linkage has at most ${LIMITS.linkageIdentifiers} resource identifiers`;
      return addError(`/data/relationships/${name}/data`, detail);
    }
  }
  return { type, id, attributes: (attributes ?? {}) as Record<string, unknown>, linkage };
}

/** Resource identifiers as a sorted set, or null for none; `undefined` for what is no linkage. */
function identifiersIn(data: unknown): string[] | null | undefined {
  if (data === null) return null;
  const all = Array.isArray(data) ? data : [data];
  if (!all.every(isObject)) return undefined;
  return all.map(({ type, id }) => JSON.stringify([type, id])).sort();
}

/** Whether linkage is unchanged. A new row has none; clients that know relationships send that too. */
function isUnchanged(sent: unknown, known: Linkage | undefined): boolean {
  if (known === undefined) return sent === null || (Array.isArray(sent) && sent.length === 0);
  return Array.isArray(sent) === Array.isArray(known) && isDeepStrictEqual(identifiersIn(sent), identifiersIn(known));
}

/** The condition of a write (RFC 9110, If-Match): versions that the row may have, or `*`. */
export class IfMatch {
  private constructor(private readonly versions: ReadonlySet<string> | null) {}

  static parse(header: string | undefined): IfMatch {
    if (header === undefined || header.trim() === '*') return new IfMatch(null);
    // Only the version counts, also behind W/: a client may have read another representation of the same row.
    const tags = [...header.matchAll(/(?:W\/)?"(\d+)(?:-[^"]*)?"/g)];
    return new IfMatch(new Set(tags.map(([, version]) => version ?? '')));
  }

  /** @throws ApiError 412 when the row has another version. */
  check(version: number): void {
    if (this.versions === null || this.versions.has(String(version))) return;
    const changed = 'The row was changed since you read it';
    const detail = this.versions.size > 0 ? changed : 'No entity tag of the row stands in the header';
    throw apiError('precondition_failed', detail, { header: 'If-Match' });
  }
}

/** What came with a write besides the document itself. */
export interface WriteContext {
  readonly selection: Selection;
  readonly ifMatch: IfMatch;
  /** `POST /accounts`: what an idempotency key belongs to, besides the account. */
  readonly operation: string;
  readonly idempotencyKey?: string;
  /** Whether a write with consequences is confirmed, on routes with `@TakesConfirmation()`. */
  readonly confirmed?: boolean;
}

/** A write's document, parsed but not validated; the service validates it in the contract's order. */
export class WriteDocument<Values> {
  constructor(
    private readonly resource: AnyResource,
    private readonly verb: WriteVerb,
    private readonly parsed: ParsedDocument,
    readonly context: WriteContext,
  ) {}

  /** The attributes' names as sent, for what must be known before the row is read. */
  get names(): readonly string[] {
    return Object.keys(this.parsed.attributes);
  }

  /** Distinguishes this document from another one under the same idempotency key (hex SHA-256). */
  get digest(): string {
    return createHash('sha256').update(JSON.stringify(this.parsed)).digest('hex');
  }

  /** @throws ApiError 403 for an id that the client made up, 409 for a type or id of something else. */
  checkIdentity(id?: string): void {
    const { type } = this.resource;
    if (id === undefined && this.parsed.id !== undefined) {
      throw apiError('forbidden', 'The service makes the ids itself', { pointer: '/data/id' });
    }
    if (this.parsed.type !== type) throw apiError('conflict', `The type must be ${type}`, { pointer: '/data/type' });
    if (id !== undefined && this.parsed.id !== undefined && this.parsed.id !== id) {
      throw apiError('conflict', 'The id must be the one in the path', { pointer: '/data/id' });
    }
  }

  /** The relationships that the document carries with linkage. */
  get linked(): readonly string[] {
    return this.parsed.linkage.map(({ name }) => name);
  }

  /**
   * Relationships that the document tries to change: each a 403 error (JSON:API 1.1, updating relationships). `known`
   * is the linkage as the actor sees it: what is sent back unchanged is taken, as it is with attributes.
   * @throws ApiError with them when they are more than a response contains
   */
  relationshipErrors(known: ReadonlyMap<string, Linkage> = new Map()): ErrorList {
    const errors = new ErrorList();
    for (const { name, data } of this.parsed.linkage) {
      if (isUnchanged(data, known.get(name))) continue;
      const detail = `The relationship "${quoted(name)}" is not written through this document`;
      errors.push({ code: 'forbidden', detail, source: { pointer: `/data/relationships/${name}` } });
    }
    return errors;
  }

  /** The valid values with the entity's types, and the errors of the others. */
  read(current?: Readonly<Record<string, unknown>>): { values: Values; errors: readonly ErrorObject[] } {
    const { values, errors }: BodyReading = readBody(this.resource, this.verb, this.parsed.attributes, current);
    // The derived body class has just been checked against these very types.
    return { values: values as Values, errors };
  }
}

/** What a create of this resource brings. */
export type CreateDocument<R> =
  R extends Resource<infer Entity extends Identified, infer Definition>
    ? WriteDocument<CreateAttributes<Entity, Definition>>
    : never;

/** What an update of this resource brings. */
export type UpdateDocument<R> =
  R extends Resource<infer Entity extends Identified, infer Definition>
    ? WriteDocument<UpdateAttributes<Entity, Definition>>
    : never;
