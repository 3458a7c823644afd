import type { FastifyHttpOptions } from 'fastify';
import type { Server } from 'node:http';
import { BodyMessage } from '../json-api/body/body-message.js';
import { LIMITS } from '../json-api/limits.js';

/** How long a client may keep a connection waiting, in milliseconds. */
export interface Timeouts {
  /** From the first byte of a request, or the start of the connection, to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the last byte of its body. */
  readonly requestMs: number;
  /** Without a byte of an answer being taken. */
  readonly responseMs: number;
  /** So often it is looked whether a request is late. */
  readonly checkMs: number;
}

/** The bounds of the wire contract; tests have shorter ones. */
export const TIMEOUTS: Timeouts = {
  headersMs: LIMITS.headersSeconds * 1_000,
  requestMs: LIMITS.requestSeconds * 1_000,
  responseMs: LIMITS.responseSeconds * 1_000,
  checkMs: 1_000,
};

/** What Fastify and Node need to know to end connections that keep the service waiting. */
export function timeoutOptions(timeouts: Timeouts, keepAliveSeconds: number) {
  const { headersMs, requestMs, responseMs, checkMs } = timeouts;
  return {
    requestTimeout: requestMs,
    // Of a socket on which nothing moves in either direction, while an answer is on its way.
    connectionTimeout: responseMs,
    keepAliveTimeout: keepAliveSeconds * 1_000,
    http: {
      IncomingMessage: BodyMessage,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkMs,
    },
  } satisfies FastifyHttpOptions<Server>;
}
