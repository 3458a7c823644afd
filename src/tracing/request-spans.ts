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

/** The methods that the semantic conventions know; whatever else a client sends is `_OTHER`. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);

/** Asked by machines, every few seconds, for ever. The log leaves them out as well. */
const HEALTH = '/health/';

/**
 * Gives every request a span, from its first hook until its answer has been sent or its client has gone.
 * @param trusts whether a peer's `traceparent` is continued: strangers must neither choose which requests are recorded
 * nor write into the traces of others
 */
export function addRequestSpans(server: FastifyInstance, tracer: Tracer, trusts: (address: string) => boolean): void {
  const propagator = new W3CTraceContextPropagator();
  server.decorateRequest('span', undefined);
  server.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request);
    if (!route?.startsWith(HEALTH)) {
      // Whatever is no traceparent is no parent, as the specification says, and a trace begins here.
      const trusted = trusts(request.socket.remoteAddress ?? '');
      const caller = trusted ? propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter) : ROOT_CONTEXT;
      const attributes = attributesOf(request, route);
      const method = METHODS.has(request.method) ? request.method : 'HTTP';
      const name = route === undefined ? method : `${method} ${route}`;
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, caller);
      request.span = span;
    }
    done();
  });
  onRequestEnd(server, ({ span }, _reply, status) => span && end(span, status));
}

/** A client that has gone got no status: its span has none. */
function end(span: Span, status: number): void {
  if (status !== CLIENT_GONE) {
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
    // What is wrong with a request is no error of the service. Why it failed stands in the log, under the trace's id.
    if (status >= 500) {
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute(ATTR_ERROR_TYPE, String(status));
    }
  }
  span.end();
}

/** The template, such as `/accounts/{id}`; undefined for an address that does not exist. */
function routeOf({ is404, routeOptions: { url } }: FastifyRequest): string | undefined {
  // The route of the CORS plugin for OPTIONS of anything.
  if (is404 || url === undefined || url === '*') return undefined;
  return url.replace(/:(\w+)/g, '{$1}');
}

/** Without the path, the query, the Host and the address of the client: paths carry tokens, and the rest is personal. */
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
