import type {} from '@fastify/cookie';
import { createParamDecorator, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../../config/config.js';
import { apiError } from '../../json-api/document/errors.js';
import { namesLanguage } from '../../language/accept-language.js';
import type { Actor } from '../authorization/actor.js';

/** The authenticated actor of a request. */
export interface Authentication {
  readonly actor: Actor;
  /** Expiry of the access token or API key, in seconds since the epoch; null for a key that does not expire. */
  readonly exp: number | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication guard on routes that require a signed-in account. */
    authentication?: Authentication;
  }
}

/**
 * The authentication of a request.
 * @throws Error when the route is public: reading it there is a programming error
 */
export function authenticationOf(request: FastifyRequest): Authentication {
  if (!request.authentication) throw new Error('This route is public: it has no signed-in actor');
  return request.authentication;
}

/** Cookie with the access token. */
export const ACCESS_COOKIE = 'auth-token';
/** Cookie with the refresh token. */
export const REFRESH_COOKIE = 'refresh-token';

/** An access token and how it was sent. */
export interface Credentials {
  readonly token: string;
  readonly via: 'bearer' | 'cookie';
}

const BEARER = /^Bearer(?: +(.*))?$/i;

/**
 * The access token of a request: `Authorization: Bearer` (RFC 6750), else the cookie. With both the header counts and
 * the cookie is ignored, also when the header's token is bad. Other schemes are ignored.
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

/** `Accept-Language` of a request; where that names no language, the one that the actor prefers. */
export function languagesOf({ headers, authentication }: FastifyRequest): string {
  const sent = headers['accept-language'] ?? '';
  return namesLanguage(sent) ? sent : (authentication?.actor.locale ?? sent);
}

const SCHEME = 'Bearer realm="iam"';

/**
 * The header that every 401 carries (RFC 9110, 11.6.1). `invalid_token` says that a token was sent and is invalid
 * (RFC 6750, section 3); a request that sent none gets no error code.
 */
export function challenge(error?: 'invalid_token'): { 'WWW-Authenticate': string } {
  return { 'WWW-Authenticate': error === undefined ? SCHEME : `${SCHEME}, error="${error}"` };
}

/** Options of an `ApiError` 401 whose request sent no access token. */
export const CHALLENGE = { headers: challenge() };

const authenticationIn = (context: ExecutionContext): Authentication =>
  authenticationOf(context.switchToHttp().getRequest<FastifyRequest>());

/** The signed-in {@link Actor} of the request. Not for `@Public()` routes, which have none. */
export const CurrentActor = createParamDecorator((_: undefined, context): Actor => authenticationIn(context).actor);

/** The actor together with the expiry of the access token, for the document of `/auth/me`. */
export const CurrentAuthentication = createParamDecorator((_: undefined, context) => authenticationIn(context));

/** Methods that change nothing (RFC 9110, 9.2.1). */
export const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Keeps other sites from acting through a visitor's cookies. Browsers name the page behind a request in `Origin` and
 * `Sec-Fetch-Site`, and pages cannot forge either; a client that sends neither is no browser.
 */
@Injectable()
export class CrossSite {
  readonly #allowed: ReadonlySet<string>;

  constructor(@Inject(Config) config: Pick<Config, 'appUrl' | 'corsOrigins'>) {
    const own = config.appUrl === null ? [] : [new URL(config.appUrl).origin];
    this.#allowed = new Set([...own, ...config.corsOrigins]);
  }

  /**
   * Rejects an unsafe request that a foreign page may have made with our cookies.
   * @throws ApiError `forbidden`
   */
  check(request: FastifyRequest): void {
    if (this.isForeign(request))
      throw apiError('forbidden', 'Another site may not do this with your cookies', { header: 'Origin' });
  }

  /** Whether it is an unsafe request that a foreign page may have made with our cookies. */
  isForeign(request: FastifyRequest): boolean {
    if (SAFE_METHODS.has(request.method) || !reliesOnCookies(request)) return false;
    const { origin, 'sec-fetch-site': site } = request.headers;
    // Our pages send no referrer, and then a browser hides even from us where a form comes from (Fetch, "append a
    // request Origin header"). That it comes from here, it still says.
    const hidden = origin === undefined || (origin === 'null' && site === 'same-origin');
    return hidden ? site === 'cross-site' : !this.#isOurs(origin, request);
  }

  /**
   * Rejects a form that was not sent from a page of ours, with cookies or without. Browsers that send neither header pass: such
   * a form carries a secret of its own.
   * @throws ApiError `forbidden`
   */
  checkForm(request: FastifyRequest): void {
    if (SAFE_METHODS.has(request.method)) return;
    const { origin, 'sec-fetch-site': site } = request.headers;
    const hidden = origin === undefined || origin === 'null';
    // A neighbouring subdomain is the same site, and another origin.
    const isOther = site === 'cross-site' || site === 'same-site';
    if (hidden ? isOther : !this.#isOurs(origin, request)) {
      throw apiError('forbidden', 'Another site may not send this form', { header: 'Origin' });
    }
  }

  /**
   * For the GET forms of refresh and logout, which change something although GET should not: only for a page of our own
   * site, in a browser that says so.
   * @throws ApiError `forbidden`
   */
  checkSameSite(request: FastifyRequest): void {
    const site = request.headers['sec-fetch-site'];
    if (site === 'same-origin' || site === 'same-site') return;
    throw apiError('forbidden', 'Only pages of this site may use GET here; use POST', { header: 'Sec-Fetch-Site' });
  }

  /** Allow-listed, or the host that the browser itself addressed: pages cannot choose the `Host` header. */
  #isOurs(origin: string, request: FastifyRequest): boolean {
    if (this.#allowed.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { protocol, host } = new URL(origin);
    // A page that came in clear may have been tampered with on its way, so it is not trusted as the one behind TLS.
    // The other way round is a TLS proxy that is not declared as trusted.
    return host === request.host && (protocol === 'https:' || protocol === `${request.protocol}:`);
  }
}
