import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { addressBlockOf, normalizeAddress, trustedProxyCheck } from '../auth/authentication/client-address.js';
import type { Config } from '../config/config.js';
import { BodyMessage } from '../json-api/http/body-reader.js';
import { LIMITS } from '../json-api/limits.js';
import type { Rejection } from './rejections.js';

type Reject = (reason: Rejection, ip: string | undefined) => void;

/**
 * Bounds the connections of an address, and all of them. Trusted proxies are exempt from the first: theirs are the
 * connections of everybody. What is too much is closed without an answer, since an answer is work.
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

/** Ends connections whose client takes nothing of its answer; Node finds them (`connectionTimeout`). */
export function closeUnreadResponses(server: Server, reject: Reject): void {
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) reject('response_timeout', socket.remoteAddress);
    socket.destroy();
  });
}

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

/**
 * Bounds the requests of a connection that wait for their answers. Node hands over every request that it finds in what
 * came, and they all run at once: a packet holds thousands. A connection with more of them is closed, after which a client
 * may send again what was not answered (RFC 9112, 9.3.2). To be called before other hooks are added: they do not see
 * what is rejected.
 */
export function limitPipelining(
  server: FastifyInstance,
  reject: (reason: Rejection, ip: string | undefined) => void,
): void {
  const unanswered = new WeakMap<Socket, number>();
  server.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > LIMITS.pipelinedRequests) {
      reply.hijack();
      if (socket.destroyed) return;
      reject('pipelining', socket.remoteAddress);
      socket.destroy();
      return;
    }
    unanswered.set(socket, count);
    reply.raw.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    done();
  });
}
