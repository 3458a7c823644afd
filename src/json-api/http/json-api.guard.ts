import { hash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, HttpStatus, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { DocumentWriter, MEDIA_TYPE } from '../document/document.js';
import { ErrorList, throwIfErrors } from '../document/errors.js';
import type { Item, Page } from '../document/response.js';
import { LIMITS } from '../limits.js';
import type { Criteria, Selection } from '../query/criteria.js';
import { parseCriteria, parseSelection, type ResourceLookup } from '../query/criteria.parser.js';
import { rejectParameters, unknownParameter } from '../query/query-string.js';
import { ResourceRegistry } from '../resource/registry.js';
import type { AnyResource } from '../resource/resource.js';
import type { WriteVerb } from '../write/body.js';
import { IfMatch, parseDocument, REQUIRED_MEMBERS, WriteDocument } from '../write/write-document.js';
import { checkAccept } from './http.js';
import { JSON_API_OPTIONS, type JsonApiOptions } from './options.js';
import { confirmationIn, type ParsedRequest } from './request.js';
import {
  RESPONDS_WITH,
  NOT_JSON_API,
  PLAIN_PARAMETERS,
  RESOURCE_ROUTE,
  type ResourceRoute,
  type Verb,
} from './route.js';

/** What decorators say of a handler; they say the same in each request. */
interface HandlerMetadata {
  readonly controller: object;
  readonly isJsonApi: boolean;
  readonly route: ResourceRoute | undefined;
  readonly parameters: readonly string[];
  /** How the response is written; undefined if it is sent as it is. */
  readonly respondsAs: Verb | undefined;
}

const isPage = (response: Page | Item): response is Page => 'rows' in response;

/** A strong entity tag (RFC 9110): the row's version, which conditions of writes compare, and the representation. */
const entityTag = (item: Item, document: string): string =>
  `"${item.row.version}-${hash('sha256', document, 'base64url')}"`;

/**
 * The last global guard: parses and checks a request before its handler, and has the document written from what the
 * handler returns. Routes without a resource only have their query parameters checked. Not an interceptor, since the
 * first one of a route takes a tenth of what a `show` does.
 */
@Injectable()
export class JsonApiGuard implements CanActivate {
  private readonly parser: RequestParser;
  private readonly writer: DocumentWriter;
  private readonly handlers = new WeakMap<object, HandlerMetadata>();

  constructor(
    private readonly reflector: Reflector,
    private readonly registry: ResourceRegistry,
    @Inject(JSON_API_OPTIONS) options: JsonApiOptions,
  ) {
    this.parser = new RequestParser(registry.resource);
    this.writer = new DocumentWriter(options, registry.resource);
  }

  /** @throws ApiError with what is wrong with the request */
  canActivate(context: ExecutionContext): boolean {
    const { isJsonApi, route, parameters, respondsAs } = this.handlerMetadata(context);
    if (!isJsonApi) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    checkAccept(request.headers.accept);
    if (route || request.url.includes('?')) this.read(request, route, parameters);
    if (respondsAs) {
      // It gets what the handler returns, or the document of an error.
      const serialize = (sent: Page | Item | string): Buffer | string =>
        typeof sent === 'string' ? sent : this.write(respondsAs, sent, reply);
      // Bytes are what Fastify's documentation returns here; its type does not say so.
      void reply.serializer(serialize as (sent: Page | Item | string) => string);
    }
    return true;
  }

  private read(request: FastifyRequest, route: ResourceRoute | undefined, parameters: readonly string[]): void {
    const errors = new ErrorList();
    if (route) request.jsonApi = this.parser.parse(route, request, errors, parameters);
    else rejectParameters(request.url, parameters, errors);
    throwIfErrors(errors);
  }

  private handlerMetadata(context: ExecutionContext): HandlerMetadata {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    const known = this.handlers.get(handler);
    // Two controllers may inherit one handler.
    if (known?.controller === controller) return known;
    const metadata = <Value>(key: string): Value | undefined => this.reflector.get<Value | undefined>(key, handler);
    const declared = metadata<ResourceRoute>(RESOURCE_ROUTE);
    const resource = declared && this.registry.resource(declared.resource.type);
    const route = resource ? { ...declared, resource } : declared;
    const handlerMetadata = {
      controller,
      isJsonApi: !this.reflector.get<boolean | undefined>(NOT_JSON_API, controller),
      route,
      parameters: metadata<readonly string[]>(PLAIN_PARAMETERS) ?? [],
      respondsAs: route?.verb ?? (metadata<boolean>(RESPONDS_WITH) ? 'show' : undefined),
    } satisfies HandlerMetadata;
    this.handlers.set(handler, handlerMetadata);
    return handlerMetadata;
  }

  private write(verb: Verb, response: Page | Item, reply: FastifyReply): Buffer | string {
    void reply.header('content-type', MEDIA_TYPE);
    if (isPage(response)) return this.writer.page(response);
    const document = this.writer.resource(response);
    // What a create shows once in its meta is not part of the row that a client reads again.
    const { meta, ...bare } = response;
    const tagged = verb === 'create' && meta !== undefined ? this.writer.resource(bare) : document;
    void reply.header('etag', entityTag(response, tagged));
    if (verb === 'create' || verb === 'delete') void reply.header('location', this.writer.self(response.row));
    // A deletion has nothing to show but the job to which it was handed.
    if (verb === 'delete') void reply.status(HttpStatus.ACCEPTED);
    return document;
  }
}

/** What is parsed of a request. */
type SentRequest = Pick<FastifyRequest, 'url' | 'headers' | 'method' | 'body'> & { readonly confirmed?: boolean };

/** The request without a route's own parameters, each of which may be sent once. */
function withoutOwn(
  { url, headers, method, body, query: sent }: FastifyRequest,
  own: readonly string[],
  errors: ErrorList,
): SentRequest {
  const [path = '', query = ''] = url.split('?', 2);
  const isOwn = (pair: string): boolean => own.includes(pair.split('=', 1)[0] ?? '');
  const pairs = query.split('&');
  rejectParameters(`?${pairs.filter(isOwn).join('&')}`, own, errors);
  const rest = pairs.filter((pair) => !isOwn(pair)).join('&');
  return { url: rest === '' ? path : `${path}?${rest}`, headers, method, body, confirmed: confirmationIn(sent) };
}

const IDEMPOTENCY_KEY = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.idempotencyKeyCharacters}}$`);

function idempotencyKey({ headers }: SentRequest, errors: ErrorList): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && IDEMPOTENCY_KEY.test(key))) return key;
  const detail = `An idempotency key has 1 to ${LIMITS.idempotencyKeyCharacters} visible characters`;
  errors.push({ code: 'invalid_parameter', detail, source: { header: 'Idempotency-Key' } });
  return undefined;
}

/** Maximum number of cached URLs: front ends send the same few over and over. */
const MAX_URLS = 500;
/** In bytes, of all cached URLs of one parser together. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Size of a cached URL besides what grows with its length, in bytes: mostly the document's texts for its selection. */
const URL_BYTES = 4_000;
/** Maximum size of a character of a URL, in bytes: a list of values of one character each. */
const BYTES_PER_CHARACTER = 24;

/** LRU cache of parsed URLs. What is derived from these very objects is cached with them. */
class ParsedUrls<Parsed extends Selection & Partial<Criteria>> {
  private readonly cache = new LRUCache<string, Parsed>({
    max: MAX_URLS,
    maxSize: MAX_BYTES,
    sizeCalculation: (_parsed, key) => URL_BYTES + BYTES_PER_CHARACTER * key.length,
  });

  constructor(
    private readonly parse: (resource: AnyResource, lookup: ResourceLookup, url: string, errors: ErrorList) => Parsed,
    private readonly lookup: ResourceLookup,
  ) {}

  /** A URL with errors or with a secret is not cached. */
  of(resource: AnyResource, url: string, errors: ErrorList): Parsed {
    const key = `${resource.type} ${url}`;
    const known = this.cache.get(key);
    if (known) return known;
    const parsed = this.parse(resource, this.lookup, url, errors);
    if (errors.length === 0 && !parsed.unlinkable) this.cache.set(key, parsed);
    return parsed;
  }
}

/** Reads what requests ask of a resource: criteria, selection, document or condition. All errors are collected. */
export class RequestParser {
  private readonly criteria: ParsedUrls<Criteria>;
  private readonly selections: ParsedUrls<Selection>;

  constructor(lookup: ResourceLookup) {
    this.criteria = new ParsedUrls(parseCriteria, lookup);
    this.selections = new ParsedUrls(parseSelection, lookup);
  }

  /** @param own parameters of the route besides those of its verb, which the handler reads */
  parse(
    { resource, verb }: ResourceRoute,
    request: FastifyRequest,
    errors: ErrorList,
    own: readonly string[] = [],
  ): ParsedRequest {
    return this.parsers[verb](resource, own.length > 0 ? withoutOwn(request, own, errors) : request, errors);
  }

  private readonly parsers: Readonly<
    Record<Verb, (resource: AnyResource, request: SentRequest, errors: ErrorList) => ParsedRequest>
  > = {
    index: (resource, { url }, errors) => ({ criteria: this.criteria.of(resource, url, errors) }),
    show: (resource, { url }, errors) => ({ selection: this.selection(resource, url, errors) }),
    create: (resource, request, errors) => this.parseWrite('create', resource, request, errors),
    update: (resource, request, errors) => this.parseWrite('update', resource, request, errors),
    delete: (_resource, { url, headers }, errors) => {
      rejectParameters(url, [], errors);
      return { ifMatch: IfMatch.parse(headers['if-match']) };
    },
  };

  private parseWrite(verb: WriteVerb, resource: AnyResource, request: SentRequest, errors: ErrorList): ParsedRequest {
    const { url, headers, method, body, confirmed = false } = request;
    const selection = this.selection(resource, url, errors);
    if (selection.can !== undefined) errors.push(unknownParameter('can'));
    const key = verb === 'create' ? idempotencyKey(request, errors) : undefined;
    const parsed = parseDocument(body, REQUIRED_MEMBERS[verb], errors);
    if (!parsed) return { selection };
    const document = new WriteDocument<never>(resource, verb, parsed, {
      selection,
      ifMatch: IfMatch.parse(headers['if-match']),
      operation: `${method} ${url.split('?', 1)[0]}`,
      ...(key !== undefined && { idempotencyKey: key }),
      confirmed,
    });
    return { selection, document };
  }

  /** Keyed by the query alone, so that all rows share the selection. */
  private selection(resource: AnyResource, url: string, errors: ErrorList): Selection {
    const query = url.indexOf('?');
    return this.selections.of(resource, query < 0 ? '' : url.slice(query), errors);
  }
}
