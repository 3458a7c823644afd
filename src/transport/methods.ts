import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import findMyWay, { type HTTPVersion, type Instance } from 'find-my-way';
import { answerUnrouted } from '../context/request-context.js';
import { nowhere, replyWith } from '../json-api/http/http.js';
import { type ApiError, apiError } from '../json-api/document/errors.js';
import { LIMITS } from '../json-api/limits.js';

/** Which methods an address takes, and what becomes of the others. */

/** A known address. */
interface Address {
  /** As the first of its routes writes it. */
  readonly pattern: string;
  readonly methods: Set<string>;
}

/** The addresses of routes, with the methods that they take. */
export class Addresses {
  /** By pattern without the names of parameters, which may differ from method to method. */
  private readonly known = new Map<string, Address>();
  private router: Instance<HTTPVersion.V1> | undefined;

  /** Records every route that is made from here on. */
  constructor(server: FastifyInstance) {
    server.addHook('onRoute', ({ url: pattern, method }) => {
      if (pattern.includes('*')) return;
      const shape = pattern.replace(/:\w+/g, ':');
      const address = this.known.get(shape) ?? { pattern, methods: new Set() };
      this.known.set(shape, address);
      for (const name of [method].flat()) address.methods.add(name);
    });
  }

  find(url: string): Address | undefined {
    this.router ??= this.makeRouter();
    return this.router.find('GET', url)?.store;
  }

  /** Made for the first request without a route, and not by every start. */
  private makeRouter(): Instance<HTTPVersion.V1> {
    const router = findMyWay({ maxParamLength: LIMITS.pathParameterCharacters });
    for (const address of this.known.values()) router.on('GET', address.pattern, () => undefined, address);
    return router;
  }
}

/**
 * Rejects a request without a route before anything else of it is read: 405 with `Allow` for a known address that does not
 * take its method, and 404 for any other one.
 */
export function rejectUnknownUrls(server: FastifyInstance, addresses: Addresses): void {
  const patternOf = (url: string): string | undefined => addresses.find(url)?.pattern;
  answerUnrouted(server, patternOf, (request, reply, done) => {
    const error = rejection(addresses.find(request.url));
    // The error filter does not handle errors in the route of @fastify/cors.
    if (request.is404) done(error);
    else replyWith(error, request, reply);
  });
}

const rejection = (address: Address | undefined): ApiError =>
  address === undefined
    ? nowhere()
    : apiError('method_not_allowed', 'This address does not take this method', undefined, {
        headers: { Allow: [...address.methods].join(', ') },
      });

/** Rejects HEAD on routes below a path that are made from here on: GET has side effects there, which HEAD must not have. */
export function rejectHead(server: FastifyInstance, path: string): void {
  const reject: onRequestHookHandler = ({ method }, _reply, done) =>
    done(method === 'HEAD' ? apiError('method_not_allowed', 'This path does not support HEAD') : undefined);
  server.addHook('onRoute', (route) => {
    if (!route.url.startsWith(path) || ![route.method].flat().includes('HEAD')) return;
    route.onRequest = [reject, ...[route.onRequest ?? []].flat()];
  });
}
