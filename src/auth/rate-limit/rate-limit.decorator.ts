import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RateLimitTally } from '../../context/request-context.js';
import { clientAddress } from '../authentication/client-address.js';
import type { RateLimitName, RateLimiter } from './rate-limiter.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    attempts?: RateLimitName;
  }
  interface FastifyRequest {
    /** The points that the request used; also in the request context. */
    rateLimit?: RateLimitTally;
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
  addLimitHeaders(server, rateLimiter);
}

/** Adds `RateLimit-*` headers to every counted response, and refunds attempts that were not evaluated. */
function addLimitHeaders(server: FastifyInstance, rateLimiter: RateLimiter): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    const { rateLimit } = request;
    if (rateLimit?.isCounted) void reply.headers(rateLimit.headers());
    done(null, payload);
  });
  server.addHook('onResponse', ({ rateLimit }, reply, done) => {
    if (!rateLimit || reply.statusCode !== 503) return done();
    rateLimiter.refundRequest(rateLimit).then(() => done(), done);
  });
}
