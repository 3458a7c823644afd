import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { addressBlockOf, normalizeAddress, trustedProxyCheck } from '../auth/authentication/client-address.js';
import type { Config } from '../config/config.js';
import { limitPending } from '../context/request-context.js';
import { LIMITS } from '../json-api/limits.js';
import type { Rejection } from './rejections.js';

type Reject = (reason: Rejection, ip: string | undefined) => void;

/**
 * Limits the connections per address and in total. Trusted proxies are exempt from the first limit: they carry the
 * connections of all clients. Excess connections are closed without a response.
 */
export function limitConnections(
  server: Server,
  { connectionLimits, throttle, trustedProxies }: Pick<Config, 'connectionLimits' | 'throttle' | 'trustedProxies'>,
  reject: Reject,
): void {
  if (throttle.disabled) return;
  const { perAddress, total } = connectionLimits;
  const isTrusted = trustedProxyCheck(trustedProxies);
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.on('drop', (peer) => reject('connections', peer?.remoteAddress));
  server.on('connection', (socket: Socket) => {
    const address = normalizeAddress(socket.remoteAddress ?? '');
    if (address === null || isTrusted(address)) return;
    const block = addressBlockOf(address);
    const count = open.get(block) ?? 0;
    if (count >= perAddress) {
      reject('address_connections', address);
      socket.destroy();
      return;
    }
    open.set(block, count + 1);
    socket.once('close', () => {
      const left = (open.get(block) ?? 1) - 1;
      if (left === 0) open.delete(block);
      else open.set(block, left);
    });
  });
}

/** Closes connections whose client does not read the response; Node detects them (`connectionTimeout`). */
export function closeUnreadResponses(server: Server, reject: Reject): void {
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) reject('response_timeout', socket.remoteAddress);
    socket.destroy();
  });
}

/** Time-outs of a connection, in milliseconds. */
export interface Timeouts {
  /** From the first byte of a request, or the start of the connection, to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the last byte of its body. */
  readonly requestMs: number;
  /** Without a byte of a response being read. */
  readonly responseMs: number;
  /** Interval of the check for late requests. */
  readonly checkMs: number;
}

/** The time-outs of the wire contract; tests have shorter ones. */
export const TIMEOUTS: Timeouts = {
  headersMs: LIMITS.headersSeconds * 1_000,
  requestMs: LIMITS.requestSeconds * 1_000,
  responseMs: LIMITS.responseSeconds * 1_000,
  checkMs: 1_000,
};

/** Options of Fastify and Node that close connections after these time-outs. */
export function timeoutOptions(timeouts: Timeouts, keepAliveSeconds: number) {
  const { headersMs, requestMs, responseMs, checkMs } = timeouts;
  return {
    requestTimeout: requestMs,
    // Of a socket without traffic in either direction while a response is being sent.
    connectionTimeout: responseMs,
    keepAliveTimeout: keepAliveSeconds * 1_000,
    http: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkMs,
    },
  } satisfies FastifyHttpOptions<Server>;
}

/**
 * Limits the pipelined requests of a connection. Node runs all requests of a packet concurrently, which can be
 * thousands. A connection with more is closed; the client may resend requests without a response (RFC 9112, 9.3.2).
 * Call this before adding other hooks.
 */
export function limitPipelining(server: FastifyInstance, reject: Reject): void {
  limitPending(server, LIMITS.pipelinedRequests, (socket) => reject('pipelining', socket.remoteAddress));
}
