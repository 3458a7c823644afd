import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Session } from './session.js';

/** For servers: access tokens that are verified offline, rights, and cookies of the request that is answered. */

/** How access tokens are verified. */
export interface VerifyOptions {
  /** `JWT_ISSUER` of the service. */
  readonly issuer: string;
  /** `JWT_AUDIENCE` of the service; `iam` without it. */
  readonly audience?: string;
  /** Address of the service's public keys, where it is not `/.well-known/jwks.json` below the issuer. */
  readonly jwks?: string | URL;
  /** Other names of scopes: `scope_aliases` of the roles file. */
  readonly scopeAliases?: Readonly<Record<string, string>>;
}

/** A valid access token. */
export interface AccessToken {
  /** Id of the account; of an API key, that of its owner. */
  readonly accountId: string;
  /** Id of the session; undefined for an API key. */
  readonly sessionId: string | undefined;
  /** Id of the API key that the token was made of; undefined for a person. */
  readonly apiKeyId: string | undefined;
  readonly roleName: string | undefined;
  /** Organizations under `org`; undefined where it has more than 2 KiB. */
  readonly roleScope: Readonly<Record<string, readonly string[]>> | undefined;
  /** What the account may do; none without `ACCESS_TOKEN_CLAIMS=rights`. */
  readonly rights: Rights;
  /** All claims. */
  readonly claims: JWTPayload;
}

/** The access token is missing, not signed by the service, not for this audience, or it has expired. */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
}

/** Rights such as `dataset:projects.read.as_user`, and what they allow. */
export class Rights {
  constructor(
    private readonly texts: readonly string[],
    private readonly aliases: Readonly<Record<string, string>> = {},
  ) {}

  /**
   * The scopes in which they allow an action on a resource. `*` stands for every resource, every action that is granted at
   * all, and every scope: with it, there is no other.
   */
  scopes(resource: string, action: string): ReadonlySet<string> {
    const scopes = this.texts
      .map((text) => text.split('.'))
      .filter(([type, allowed]) => [resource, '*'].includes(type ?? '') && [action, '*'].includes(allowed ?? ''))
      .map(([, , scope = '']) => this.aliases[scope] ?? scope);
    return new Set(scopes.includes('*') ? ['*'] : scopes);
  }

  /** Whether they allow an action, in this scope, or in any: `rights.can('dataset:projects', 'read')`. */
  can(resource: string, action: string, scope?: string): boolean {
    const scopes = this.scopes(resource, action);
    return scope === undefined ? scopes.size > 0 : scopes.has('*') || scopes.has(this.aliases[scope] ?? scope);
  }

  /** As the token has them. */
  toJSON(): readonly string[] {
    return this.texts;
  }
}

/** Keys of services, by their address; jose fetches them anew when a token names one that it does not know. */
const KEYS = new Map<string, JWTVerifyGetKey>();

function keysAt(address: string | URL): JWTVerifyGetKey {
  const known = KEYS.get(String(address));
  const keys = known ?? createRemoteJWKSet(new URL(address));
  KEYS.set(String(address), keys);
  return keys;
}

/**
 * Verifies an access token with the public keys of the service, which are fetched once. A token stays valid until it expires,
 * also when its session has ended.
 * @param token the token, or the header `Authorization` with it
 * @throws AccessTokenError when the token is not good; other errors when the keys cannot be fetched
 */
export async function verifyAccessToken(
  token: string | null | undefined,
  options: VerifyOptions,
): Promise<AccessToken> {
  const { issuer, audience = 'iam', jwks = `${issuer.replace(/\/+$/, '')}/.well-known/jwks.json` } = options;
  const jwt = token?.replace(/^Bearer +/i, '') ?? '';
  const expected = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256', 'EdDSA'] };
  const { payload: claims } = await jwtVerify(jwt, keysAt(jwks), expected).catch((cause: unknown) => {
    const isAway = cause instanceof errors.JWKSTimeout || !(cause instanceof errors.JOSEError);
    throw isAway ? cause : new AccessTokenError('The access token is not valid', { cause });
  });
  const { sub = '', sid, client_id: apiKeyId, role_name: roleName, role_scope: roleScope, rights = [] } = claims;
  return {
    accountId: sub,
    sessionId: sid as string | undefined,
    apiKeyId: apiKeyId as string | undefined,
    roleName: roleName as string | undefined,
    roleScope: roleScope as AccessToken['roleScope'],
    rights: new Rights(rights as string[], options.scopeAliases),
    claims,
  };
}

/** The cookies of one request that a server answers, passed to the service and back. */
export interface RequestSession extends Session {
  /** `Set-Cookie` headers of the service, for the response. */
  readonly setCookies: readonly string[];
}

/**
 * The session of a server that renders pages: it sends the cookies of the browser's request. It does not refresh, since the
 * cookie of the refresh token comes with requests of paths below `/auth` only.
 * @param cookie the header `Cookie` of the request
 */
export function requestSession(cookie: string | null | undefined): RequestSession {
  const jar = new Map(
    (cookie ?? '')
      .split(/; */)
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const setCookies: string[] = [];
  return {
    cookies: true,
    setCookies,
    async authorize(headers) {
      if (jar.size > 0) headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '));
    },
    renew: async () => false,
    signedIn: async () => undefined,
    signedOut: async () => undefined,
    received(response) {
      for (const text of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(text) ?? [];
        jar.set(name, value);
        setCookies.push(text);
      }
    },
  };
}
