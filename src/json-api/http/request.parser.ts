import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { WriteVerb } from '../write/body.js';
import type { Criteria, Shape } from '../query/criteria.js';
import { parseCriteria, parseShape, refuseParameters, type ResourceLookup } from '../query/criteria.parser.js';
import type { FaultList } from '../document/errors.js';
import { LIMITS } from '../limits.js';
import type { ParsedRequest } from './request.js';
import type { AnyResource } from '../resource/resource.js';
import type { ResourceRoute, Verb } from './route.js';
import { IfMatch, parseDocument, REQUIRED_MEMBERS, WriteDocument } from '../write/write-document.js';

const IDEMPOTENCY_KEY = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.idempotencyKeyCharacters}}$`);

function idempotencyKey({ headers }: FastifyRequest, faults: FaultList): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && IDEMPOTENCY_KEY.test(key))) return key;
  const detail = `An idempotency key has 1 to ${LIMITS.idempotencyKeyCharacters} visible characters`;
  faults.push({ code: 'invalid_parameter', detail, source: { header: 'Idempotency-Key' } });
  return undefined;
}

/** How many addresses are remembered, as parsed: front ends send the same few over and over. */
const MAX_ADDRESSES = 500;
/** In bytes, of all remembered addresses of one kind together. */
const MAX_BYTES = 8 * 1024 * 1024;
/** What an address takes besides what grows with its length, in bytes: the document's texts for its shape, mostly. */
const ADDRESS_BYTES = 4_000;
/** What a character of an address comes to, in bytes, at most: a list of values of one character each. */
const BYTES_PER_CHARACTER = 24;

/** What addresses came to, in an LRU cache. What is made for these very objects is remembered with them. */
class ParsedAddresses<Asked extends Shape & Partial<Criteria>> {
  private readonly cache = new LRUCache<string, Asked>({
    max: MAX_ADDRESSES,
    maxSize: MAX_BYTES,
    sizeCalculation: (_asked, key) => ADDRESS_BYTES + BYTES_PER_CHARACTER * key.length,
  });

  constructor(
    private readonly parse: (resource: AnyResource, lookup: ResourceLookup, url: string, faults: FaultList) => Asked,
    private readonly lookup: ResourceLookup,
  ) {}

  /** A faulty address is parsed each time, and one with a secret in it too. */
  of(resource: AnyResource, url: string, faults: FaultList): Asked {
    const key = `${resource.type} ${url}`;
    const known = this.cache.get(key);
    if (known) return known;
    const asked = this.parse(resource, this.lookup, url, faults);
    if (faults.length === 0 && !asked.unlinkable) this.cache.set(key, asked);
    return asked;
  }
}

/** Reads what requests ask of a resource: criteria, shape, document or condition. All faults are collected. */
export class RequestParser {
  private readonly criteria: ParsedAddresses<Criteria>;
  private readonly shapes: ParsedAddresses<Shape>;

  constructor(lookup: ResourceLookup) {
    this.criteria = new ParsedAddresses(parseCriteria, lookup);
    this.shapes = new ParsedAddresses(parseShape, lookup);
  }

  parse({ resource, verb }: ResourceRoute, request: FastifyRequest, faults: FaultList): ParsedRequest {
    return this.parsers[verb](resource, request, faults);
  }

  private readonly parsers: Readonly<
    Record<Verb, (resource: AnyResource, request: FastifyRequest, faults: FaultList) => ParsedRequest>
  > = {
    index: (resource, { url }, faults) => ({ criteria: this.criteria.of(resource, url, faults) }),
    show: (resource, { url }, faults) => ({ shape: this.shape(resource, url, faults) }),
    create: (resource, request, faults) => this.parseWrite('create', resource, request, faults),
    update: (resource, request, faults) => this.parseWrite('update', resource, request, faults),
    delete: (_resource, { url, headers }, faults) => {
      refuseParameters(url, [], faults);
      return { ifMatch: IfMatch.parse(headers['if-match']) };
    },
  };

  private parseWrite(
    verb: WriteVerb,
    resource: AnyResource,
    request: FastifyRequest,
    faults: FaultList,
  ): ParsedRequest {
    const { url, headers, method, body } = request;
    const shape = this.shape(resource, url, faults);
    const key = verb === 'create' ? idempotencyKey(request, faults) : undefined;
    const parsed = parseDocument(body, REQUIRED_MEMBERS[verb], faults);
    if (!parsed) return { shape };
    const document = new WriteDocument<never>(resource, verb, parsed, {
      shape,
      ifMatch: IfMatch.parse(headers['if-match']),
      operation: `${method} ${url.split('?', 1)[0]}`,
      ...(key !== undefined && { idempotencyKey: key }),
    });
    return { shape, document };
  }

  /** Only the query tells the shape, so that all rows share it. */
  private shape(resource: AnyResource, url: string, faults: FaultList): Shape {
    const query = url.indexOf('?');
    return this.shapes.of(resource, query < 0 ? '' : url.slice(query), faults);
  }
}
