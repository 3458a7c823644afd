import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The status of a request whose client had gone before its answer: nobody got one. nginx counts them so. */
export const CLIENT_GONE = 499;

type Listener = (request: FastifyRequest, reply: FastifyReply, status: number) => void;

const listeners = new WeakMap<FastifyInstance, Listener[]>();
/** What is to be done when a connection closes, for each of its requests that have no answer yet. */
const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once for each request, when its answer has been sent or its client has gone, with its status. To be
 * called before hooks that answer by themselves are added: what they answer is not heard of otherwise. Fastify's own
 * `onResponse` is not called when the client goes first.
 */
export function onRequestEnd(server: FastifyInstance, listener: Listener): void {
  const known = listeners.get(server);
  if (known) {
    known.push(listener);
    return;
  }
  const all = [listener];
  listeners.set(server, all);
  server.addHook('onRequest', (request, reply, done) => {
    whenEnded(request.raw.socket, reply, (status) => tell(all, request, reply, status));
    done();
  });
}

/** An answer that waits for another one on the same connection hears nothing of its end; the connection does. */
function whenEnded(socket: Socket, { raw: response }: FastifyReply, ended: (status: number) => void): void {
  const ends = pending.get(socket) ?? pendingOn(socket);
  const end = (): void => {
    if (ends.delete(end)) ended(response.writableFinished ? response.statusCode : CLIENT_GONE);
  };
  ends.add(end);
  response.once('close', end);
}

function pendingOn(socket: Socket): Set<() => void> {
  const ends = new Set<() => void>();
  pending.set(socket, ends);
  socket.once('close', () => {
    for (const end of ends) end();
  });
  return ends;
}

/** Nothing would catch what a listener throws here. */
function tell(all: readonly Listener[], request: FastifyRequest, reply: FastifyReply, status: number): void {
  for (const listener of all) {
    try {
      listener(request, reply, status);
    } catch (error) {
      new Logger('Requests').error(error);
    }
  }
}
