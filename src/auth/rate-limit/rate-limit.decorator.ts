import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RateLimitTally } from '../../context/request-context.js';
import { clientAddress } from '../authentication/client-address.js';
import type { RateLimitName, RateLimiter } from './rate-limiter.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    attempts?: RateLimitName;
  }
}

/** A route where a secret can be guessed: its requests count against their address before the body is even read. */
export const RateLimit = (kind: RateLimitName): MethodDecorator => RouteConfig({ attempts: kind });

/**
 * Counts the requests of {@link RateLimit} routes that are made from here on. In a hook of the HTTP server, since bodies
 * are read before any guard runs, and the contract requires 429 before errors of the body.
 */
export function countRequests(server: FastifyInstance, rateLimiter: RateLimiter): void {
  server.addHook('onRoute', (route) => {
    const attempts = route.config?.attempts;
    if (!attempts) return;
    const count = (request: FastifyRequest): Promise<void> => rateLimiter.address(attempts, clientAddress(request));
    route.onRequest = [...[route.onRequest ?? []].flat(), count];
  });
}

/**
 * What is called after each point that the limits charge for a request: adds `RateLimit-*` headers to its response, and
 * refunds attempts that were not evaluated.
 */
export function tallyListener(rateLimiter: RateLimiter): (tally: RateLimitTally, reply: FastifyReply) => void {
  const followed = new WeakSet<RateLimitTally>();
  return (tally, reply) => {
    void reply.headers(tally.headers());
    if (followed.has(tally)) return;
    followed.add(tally);
    reply.raw.once('finish', () => {
      if (reply.statusCode === 503) void rateLimiter.refundRequest(tally);
    });
  };
}
