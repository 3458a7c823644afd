import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { apiError } from '../json-api/document/errors.js';

/** Which methods an address takes. */

/** The methods that an address takes, by its pattern; filled while routes are made. */
export type MethodsByUrl = Map<string, Set<string>>;

/** Records every route that is made from here on. */
export function recordRoutes(server: FastifyInstance): MethodsByUrl {
  const methods: MethodsByUrl = new Map();
  server.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<string>();
    methods.set(url, known);
    for (const name of [method].flat()) known.add(name);
  });
  return methods;
}

const EVERY_METHOD = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Responds 405 with `Allow` for a known address and a method that it does not take. To be called after all routes. */
export function rejectOtherMethods(server: FastifyInstance, methods: MethodsByUrl): void {
  for (const [url, known] of [...methods]) {
    if (url.includes('*')) continue;
    const allow = [...known].join(', ');
    const reject = (): never => {
      throw apiError('method_not_allowed', 'This address does not take this method', undefined, {
        headers: { Allow: allow },
      });
    };
    server.route({
      method: EVERY_METHOD.filter((method) => !known.has(method)),
      url,
      // Before the body is read.
      onRequest: async () => reject(),
      handler: reject,
    });
  }
}

/** Rejects HEAD on routes below a path that are made from here on: GET has side effects there, which HEAD must not have. */
export function rejectHead(server: FastifyInstance, path: string): void {
  const reject: onRequestHookHandler = ({ method }, _reply, done) =>
    done(method === 'HEAD' ? apiError('method_not_allowed', 'This path does not support HEAD') : undefined);
  server.addHook('onRoute', (route) => {
    if (!route.url.startsWith(path) || ![route.method].flat().includes('HEAD')) return;
    route.onRequest = [reject, ...[route.onRequest ?? []].flat()];
  });
}
