import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  defaultTextMapGetter,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CLIENT_GONE, onRequestEnd } from '../context/request-context.js';

/** The methods of the semantic conventions; any other one is `_OTHER`. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

/** Health checks are not traced. The log omits them too. */
const HEALTH = '/health/';

/**
 * Creates a span for every request, from its first hook until the response has been sent or the client has
 * disconnected.
 * @param trusts whether a peer's `traceparent` is continued: untrusted clients must neither decide which requests are
 * sampled nor add to the traces of others
 */
export function addRequestSpans(server: FastifyInstance, tracer: Tracer, trusts: (address: string) => boolean): void {
  const propagator = new W3CTraceContextPropagator();
  server.decorateRequest('span', undefined);
  server.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request);
    if (!route?.startsWith(HEALTH)) {
      // An invalid traceparent is ignored, as specified, and a new trace begins.
      const trusted = trusts(request.socket.remoteAddress ?? '');
      const parent = trusted ? propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter) : ROOT_CONTEXT;
      const attributes = attributesOf(request, route);
      const method = METHODS.has(request.method) ? request.method : 'HTTP';
      const name = route === undefined ? method : `${method} ${route}`;
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
      request.span = span;
    }
    done();
  });
  onRequestEnd(server, ({ span }, _reply, status) => span && end(span, status));
}

/** No status when the client disconnected before the response. */
function end(span: Span, status: number): void {
  if (status !== CLIENT_GONE) {
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
    // A client error is not an error of the span. The log has the cause, with the trace id.
    if (status >= 500) {
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute(ATTR_ERROR_TYPE, String(status));
    }
  }
  span.end();
}

/** The template, such as `/accounts/{id}`; undefined for an address that does not exist. */
const routeOf = ({ routePattern }: FastifyRequest): string | undefined => routePattern?.replace(/:(\w+)/g, '{$1}');

/** Without path, query, Host and client address: paths contain tokens, and the others are personal data. */
function attributesOf({ method, protocol, raw }: FastifyRequest, route: string | undefined): Attributes {
  const { localAddress, localPort } = raw.socket;
  return {
    [ATTR_HTTP_REQUEST_METHOD]: METHODS.has(method) ? method : '_OTHER',
    [ATTR_HTTP_ROUTE]: route,
    [ATTR_URL_SCHEME]: protocol,
    [ATTR_NETWORK_PROTOCOL_VERSION]: raw.httpVersion,
    [ATTR_SERVER_ADDRESS]: localAddress?.replace(/^::ffff:/, ''),
    [ATTR_SERVER_PORT]: localPort,
  };
}
