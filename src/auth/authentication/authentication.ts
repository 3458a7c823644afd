import type {} from '@fastify/cookie';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
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

/** Cookie with the access token. */
export const ACCESS_COOKIE = 'auth-token';
/** Cookie with the refresh token. */
export const REFRESH_COOKIE = 'refresh-token';

/** An access token and how it came. */
export interface Credentials {
  readonly token: string;
  readonly via: 'bearer' | 'cookie';
}

const BEARER = /^Bearer(?: +(.*))?$/i;

/**
 * The access token of a request: `Authorization: Bearer` (RFC 6750), else the cookie. With both the header counts and
 * the cookie is ignored, also when the header's token is bad. Other schemes are none of our business.
 */
export function credentialsOf(request: FastifyRequest): Credentials | null {
  const bearer = BEARER.exec(request.headers.authorization ?? '');
  if (bearer) return { token: bearer[1]?.trim() ?? '', via: 'bearer' };
  const cookie = request.cookies[ACCESS_COOKIE];
  return cookie ? { token: cookie, via: 'cookie' } : null;
}

/** Whether a request carries one of our cookies and no bearer token: what a foreign site could make a browser send. */
export function reliesOnCookies(request: FastifyRequest): boolean {
  const { [ACCESS_COOKIE]: access, [REFRESH_COOKIE]: refresh } = request.cookies;
  return credentialsOf(request)?.via !== 'bearer' && (access !== undefined || refresh !== undefined);
}

const SCHEME = 'Bearer realm="iam"';

/**
 * The header that every 401 carries (RFC 9110, 11.6.1). `invalid_token` says that a token was sent and is no good
 * (RFC 6750, section 3); a request that sent none gets no error code.
 */
export function challenge(error?: 'invalid_token'): { 'WWW-Authenticate': string } {
  return { 'WWW-Authenticate': error === undefined ? SCHEME : `${SCHEME}, error="${error}"` };
}

const authenticationIn = (context: ExecutionContext): Authentication =>
  authenticationOf(context.switchToHttp().getRequest<FastifyRequest>());

/** The signed-in {@link Actor} of the request. Not for `@Public()` routes, which have none. */
export const CurrentActor = createParamDecorator((_: undefined, context): Actor => authenticationIn(context).actor);

/** The actor together with the expiry of the access token, for the document of `/auth/me`. */
export const CurrentAuthentication = createParamDecorator((_: undefined, context) => authenticationIn(context));
