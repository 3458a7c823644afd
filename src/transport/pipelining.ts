import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { LIMITS } from '../json-api/limits.js';
import type { Rejection } from './rejections.js';

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
