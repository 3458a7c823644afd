import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** So long the rest of a body is received and dropped after its request was answered, in milliseconds. */
const DISCARD_TIMEOUT_MS = 10_000;

/** The requests that were answered while their bodies were still being sent, by their connections. */
const answered = new WeakMap<Socket, IncomingMessage>();

/** Whether a connection still sends the body of a request that has its answer already. */
export const isAnswered = (socket: Socket): boolean => answered.get(socket)?.complete === false;

/**
 * Leaves bodies to whoever wants them. A client that asks first whether its body is wanted (`Expect: 100-continue`, RFC
 * 9110, 10.1.1) is not told yes by Node. What nobody has read when the answer is out, Node receives and drops, so that a
 * client that sends before it reads gets its answer and may go on with the connection; that ends with the time.
 */
export function leaveBodiesUnread(server: FastifyInstance, discardTimeoutMs = DISCARD_TIMEOUT_MS): void {
  const http = server.server;
  http.on('checkContinue', (request, response) => http.emit('request', request, response));
  server.addHook('onRequest', ({ raw: message }, { raw: response }, done) => {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = message.headers;
    if (length !== '0' || coding !== undefined) {
      response.once('finish', () => {
        if (message.complete) return;
        answered.set(message.socket, message);
        const timer = setTimeout(() => !message.complete && message.socket.destroy(), discardTimeoutMs).unref();
        // Of the message and not of its socket, which lives for many requests.
        message.once('close', () => clearTimeout(timer));
      });
    }
    done();
  });
}
