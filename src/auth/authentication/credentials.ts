import type {} from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';

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
