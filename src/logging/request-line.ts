import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { onRequestEnd } from '../context/request-end.js';

/** Stands in the log in the place of a token that a path carries. */
const TOKEN = '{token}';

/**
 * A URL as it may be logged: its path without the query, which carries tokens and filters by secrets, and without the
 * token that some paths carry. `pattern` is the route's, such as `/accounts/:token/join`.
 */
export function loggedPath(url: string, pattern?: string): string {
  const names = pattern?.split('/') ?? [];
  const path = url.split(/[?#]/, 1)[0] ?? '';
  return (
    path
      .split('/')
      .map((segment, index) => (names[index] === ':token' ? TOKEN : segment))
      .join('/')
      // A request that misses its route, by its method or by a slash at the end, carries the token just the same.
      .replace(/(\/accounts\/)[^/]+(?=\/join)/, `$1${TOKEN}`)
  );
}

/** A request as it may be logged. */
export function requestSummary({ id, method, url }: Pick<FastifyRequest, 'id' | 'method' | 'url'>) {
  return { id, method, path: loggedPath(url) };
}

/**
 * Logs one line a request, when its answer has been sent or its client has gone. Health checks that succeed leave none.
 * @param more what else the line says, such as who is signed in; asked after the guards
 */
export function logRequests(
  server: FastifyInstance,
  logger: PinoLogger,
  more: (request: FastifyRequest) => object,
): void {
  onRequestEnd(server, (request, reply, status) => {
    const { id, method, url, routeOptions } = request;
    if (status < 400 && routeOptions.url?.startsWith('/health/')) return;
    const level = status >= 500 ? 'error' : 'info';
    if (!logger.logger.isLevelEnabled(level)) return;
    const path = loggedPath(url, routeOptions.url);
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    const line = { requestId: id, method, path, status, durationMs, ...more(request) };
    logger[level](line, `${method} ${path} ${status}`);
  });
}
