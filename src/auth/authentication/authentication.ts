import type { FastifyRequest } from 'fastify';
import type { Actor } from '../authorization/actor.js';

/** What the authentication guard found out about a request. */
export interface Authentication {
  readonly actor: Actor;
  /** Expiry of the access token, in seconds since the epoch. */
  readonly exp: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication guard, and only on routes that need somebody signed in. */
    authentication?: Authentication;
  }
}

/**
 * The authentication of a request.
 * @throws Error when the route let nobody sign in: reading it there is a mistake of this code, not of the client
 */
export function authenticationOf(request: FastifyRequest): Authentication {
  if (!request.authentication) throw new Error('This route is public: it has no signed-in actor');
  return request.authentication;
}
