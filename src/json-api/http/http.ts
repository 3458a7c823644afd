import { randomUUID } from 'node:crypto';
import { METHODS, type OutgoingHttpHeaders } from 'node:http';
import { SetMetadata } from '@nestjs/common';
import { type ContentType, parse } from 'content-type';
import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import secureJson from 'secure-json-parse';
import { errorDocument, MEDIA_TYPE } from '../document/document.js';
import { type ApiError, apiError } from '../document/errors.js';
import { LIMITS } from '../limits.js';
import { assertBounded, leaveUnread } from './body-reader.js';

/**
 * Content negotiation of JSON:API 1.1: parameters other than `profile` are not understood; no extension is supported.
 * Headers are read by `content-type` and `negotiator`, character by character: a client chooses how long they are.
 */

const JSON_TYPE = 'application/json';

/** A media type, or a range of them, with its own text. */
interface Range extends ContentType {
  readonly text: string;
}

/** The media ranges of an `Accept` header (RFC 9110, 12.5.1), up to their bound. */
function rangesOf(header: string): Range[] {
  const ranges: Range[] = [];
  for (let start = 0; start < header.length && ranges.length < LIMITS.acceptRanges;) {
    const range = parse(header, { comma: true, start });
    ranges.push({ ...range, text: header.slice(start, range.index) });
    start = range.index + 1;
  }
  return ranges;
}

const QUOTED = /"(?:[^"\\]|\\[^])*"?/g;

/** Whether a parameter has no value. `content-type` passes such over. */
const hasBareParameter = (text: string): boolean =>
  text
    .replace(QUOTED, '')
    .split(';')
    .some((part, i) => i > 0 && part.trim() !== '' && !part.includes('='));

/** Whether a media type carries a parameter that JSON:API does not allow here. `q` is a weight, not a parameter. */
const hasUnsupportedParameters = ({ parameters, text }: Range, ignored: readonly string[]): boolean =>
  Object.keys(parameters).some((name) => !ignored.includes(name)) || hasBareParameter(text);

/** @throws ApiError 415 for `application/vnd.api+json` with any parameter but `profile`. */
export function checkContentType(header: string): void {
  const type = { ...parse(header), text: header };
  if (type.type === MEDIA_TYPE && hasUnsupportedParameters(type, ['profile'])) {
    throw apiError('unsupported_media_type', `${MEDIA_TYPE} takes no parameter but profile`, {
      header: 'Content-Type',
    });
  }
}

/** @throws ApiError 406 when every `application/vnd.api+json` in Accept carries such parameters. */
export function checkAccept(header: string | undefined): void {
  const ranges = rangesOf(header ?? '').filter(({ type }) => type === MEDIA_TYPE);
  if (ranges.length > 0 && ranges.every((range) => hasUnsupportedParameters(range, ['profile', 'q']))) {
    throw apiError('not_acceptable', `${MEDIA_TYPE} takes no parameter but profile`, { header: 'Accept' });
  }
}

/** The media type of a document: JSON:API's, unless `Accept` admits plain JSON and not that. */
export function documentMediaType(accept: string | undefined): string {
  if (accept === undefined || !/application\/json/i.test(accept)) return MEDIA_TYPE;
  const ranges = rangesOf(accept);
  const headers = { accept: ranges.map(({ text }) => text).join(',') };
  const [first, second] = new Negotiator({ headers }).mediaTypes([MEDIA_TYPE, JSON_TYPE]);
  if (first !== JSON_TYPE || second !== undefined) return MEDIA_TYPE;
  // With a profile it is the same media type, which negotiator does not know.
  const isAsked = ({ type, parameters }: Range): boolean => type === MEDIA_TYPE && Number(parameters['q'] ?? 1) > 0;
  return ranges.some(isAsked) ? MEDIA_TYPE : JSON_TYPE;
}

/** A body format that a route takes. */
export interface BodyFormat {
  /** In lower case, without parameters. */
  readonly mediaTypes: readonly string[];
  /** Bytes of the largest body. */
  readonly maxBytes: number;
  /**
   * The value of a body; `undefined` where it is empty and that is no body.
   * @throws ApiError for what cannot be read
   */
  readonly parse: (bytes: Buffer, contentType: string) => unknown;
}

/** Metadata key of the formats that a handler takes in place of JSON. */
export const BODY_FORMATS = 'json-api:body-formats';

/** A route that takes bodies of these formats and no others, such as the form of a page; every other one takes JSON. */
export const TakesBody = (...formats: readonly BodyFormat[]): MethodDecorator => SetMetadata(BODY_FORMATS, formats);

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Bodies in JSON (RFC 8259), under either media type. Rejected as malformed is also what is no UTF-8, since replacing it
 * would store what was not sent, and `__proto__` and `constructor.prototype`, which classes made of a body would take over.
 */
export const JSON_BODY: BodyFormat = {
  mediaTypes: [JSON_TYPE, MEDIA_TYPE],
  maxBytes: LIMITS.bodyBytes,
  /** @throws ApiError 415 for parameters of the media type, 413 for too many values, 400 for what cannot be read */
  parse: (bytes, contentType) => {
    checkContentType(contentType);
    // A request without a body may still say what it would have been.
    if (bytes.length === 0) return undefined;
    assertBounded(bytes);
    try {
      return secureJson.parse(UTF8.decode(bytes), { protoAction: 'error', constructorAction: 'error' });
    } catch (cause) {
      throw apiError('malformed_body', 'The body is not readable as JSON', undefined, { cause });
    }
  },
};

/** What JSON:API and the wire contract ask of the HTTP server itself, below Nest. */

const REQUEST_ID = new RegExp(`^[A-Za-z0-9._-]{1,${LIMITS.requestIdCharacters}}$`);

/**
 * API keys (also a start of one that could help to guess the rest) and access tokens, wherever they stand in a text:
 * people paste them into the wrong header or address. Each run of characters is read once, however long it is.
 */
const CREDENTIALS = /iam_[0-9A-Za-z]{24,}|(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+/g;

/** Replaces a credential in a text. */
const MASK = '{token}';

/** A text of a client with every API key and access token in it masked; for what is logged, stored or mailed. */
export function maskCredentials(text: string): string {
  // Most texts have none, and this is asked of every line of the log.
  return text.includes('iam_') || text.includes('eyJ') ? text.replace(CREDENTIALS, MASK) : text;
}

/** The request's id: the client's own where it is harmless, else a new one. Ids are logged and stored. */
export function requestId({ headers }: { headers: Record<string, string | string[] | undefined> }): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) && maskCredentials(sent) === sent ? sent : randomUUID();
}

/** `If-None-Match` (RFC 9110): any of the tags, or `*`; a weak spelling of a tag matches too. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((sent) => sent.trim().replace(/^W\//, '') === tag);
}

/** Adds the name of a request header to `Vary`, unless it is there. */
export function varyBy(reply: FastifyReply, name: string): void {
  const sent = reply.getHeader('vary');
  if (sent === undefined) return void reply.header('vary', name);
  const names = String(sent)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const isThere = names.some((one) => one.toLowerCase() === name.toLowerCase());
  if (!isThere) void reply.header('vary', [...names, name].join(', '));
}

function onSend(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
  void reply.header('x-request-id', request.id);
  const type = String(reply.getHeader('content-type') ?? '');
  if (type.startsWith(MEDIA_TYPE)) {
    // Fastify adds a charset, which JSON:API forbids.
    void reply.header('content-type', documentMediaType(request.headers.accept));
    varyBy(reply, 'Accept');
  }
  const tag = reply.getHeader('etag');
  const safe = request.method === 'GET' || request.method === 'HEAD';
  const known = safe && typeof tag === 'string' && matches(request.headers['if-none-match'], tag);
  const unchanged = known && reply.statusCode === 200;
  if (unchanged) void reply.code(304).removeHeader('content-type').removeHeader('content-length');
  done(null, unchanged ? '' : payload);
}

/**
 * The address within the service. A proxy may have taken its path prefix off the address, or not; where it did not, it
 * is taken off here, so that everything behind sees one spelling.
 * @param publicPath such as `/iam`
 */
export function withoutPublicPath(url: string, publicPath: string): string {
  if (!url.startsWith(publicPath)) return url;
  const rest = url.slice(publicPath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

/** Prepares the server: bodies, request ids, media types and conditional reads. To be called before routes exist. */
export function configureHttp(server: FastifyInstance): void {
  // Fastify would read bodies before any guard runs: with no method that has one, it leaves them alone. A guard reads
  // them, once it is known who sends them. Fastify lists QUERY also where Node does not know it yet (20.19), and throws
  // when it is named here; no such request comes in there.
  for (const method of server.supportedMethods.filter((name) => METHODS.includes(name))) {
    server.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
  // A client that asks first whether to send its body (`Expect: 100-continue`, RFC 9110, 10.1.1) is answered by that guard.
  server.server.on('checkContinue', (request, response) => server.server.emit('request', request, response));
  server.addHook('onRequest', ({ raw: message }, { raw: response }, done) => {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = message.headers;
    if (length !== '0' || coding !== undefined) leaveUnread(message, response);
    done();
  });
  server.addHook('onSend', onSend);
}

/** Sets headers on every response, and others below a path. Responses of hooks that were added before do not have them. */
export function setHeaders(
  server: FastifyInstance,
  headers: OutgoingHttpHeaders,
  below: { readonly path: string; readonly headers: OutgoingHttpHeaders },
): void {
  server.addHook('onRequest', ({ url }, reply, done) => {
    void reply.headers(url.startsWith(below.path) ? below.headers : headers);
    done();
  });
}

/** 404 for an address without a route. */
export const nowhere = (): ApiError => apiError('not_found', 'There is nothing at this address');

/** Responds 404 to a URL that cannot be decoded, which Fastify rejects before any route, hook or filter of ours. */
export const replyToUnreadableUrl = (_error: Error, request: FastifyRequest, reply: FastifyReply): void =>
  replyWith(nowhere(), request, reply);

/** Responds with an error where no filter does. */
export function replyWith(error: ApiError, request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(error.status).headers({ ...error.headers, 'content-type': MEDIA_TYPE, 'x-request-id': request.id });
  for (const name of ['Accept', 'Accept-Language']) varyBy(reply, name);
  // As bytes: to a text Fastify would add a charset, and no hook of ours may run that takes it away.
  void reply.send(Buffer.from(errorDocument(error.errors, request.id)));
}
