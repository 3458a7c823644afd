import { hash, randomUUID, sign, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import * as errors from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import { LRUCache } from 'lru-cache';
import { type AccessTokenClaim, Config } from '../../config/config.js';
import { ownUrl } from '../../config/own-url.js';
import type { SigningAlgorithm } from '../../config/signing-keys.js';
import { isUuid } from '../../json-api/sql/sql.js';
import type { RoleScope } from '../authorization/actor.js';
import { SigningKeys } from './signing-keys.js';

/** The subject of an access token. */
export interface AccessTokenSubject {
  readonly accountId: string;
  readonly sessionId: string;
  /** Claim `amr` (RFC 8176). */
  readonly amr: readonly string[];
  /** Claim `auth_time` (OpenID Connect Core, section 2). */
  readonly authenticatedAt: Date;
  readonly roleName: string;
  readonly roleScope: RoleScope;
  readonly rights: readonly string[];
  readonly email: string;
  readonly name: string;
}

/** What an access token says that an API key was exchanged for (OAuth 2.0 client credentials). */
export interface KeyTokenSubject {
  /** Owner of the key. */
  readonly accountId: string;
  readonly keyId: string;
  /** What finds the key, so that the token ends with that very key, also where it is rotated. No secret. */
  readonly finder: string;
  readonly rights: readonly string[];
  readonly roleScope: RoleScope;
  /** The end that the token must not outlive, in seconds since the epoch; null for none. */
  readonly exp: number | null;
}

/** The claims that this service reads; rights come from the database, never from claims. */
export type VerifiedToken = SessionToken | KeyToken;

interface Claims {
  /** Id of the account. */
  readonly sub: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

/** Claims of a token of a session. */
export interface SessionToken extends Claims {
  /** Id of the session. */
  readonly sid: string;
}

/** Claims of a token that an API key was exchanged for. */
export interface KeyToken extends Claims {
  readonly keyId: string;
  /** What finds the key. */
  readonly finder: string;
}

type Settings = Pick<
  Config,
  'jwtIssuer' | 'jwtAudience' | 'appUrl' | 'host' | 'port' | 'accessTokenSeconds' | 'accessTokenClaims'
>;

/** RFC 9068: what keeps an ID token or any other JWT of the same issuer from passing as an access token. */
const TYPE = 'at+jwt';
const ALGORITHMS: SigningAlgorithm[] = ['ES256', 'EdDSA'];
/** Of `role_scope` and `rights` as JSON each, in bytes. Larger ones would push the header beyond what proxies take. */
const MAX_CLAIM = 2048;
/** Of all claims as JSON, in bytes, for a token that a browser stores: a cookie has at most 4,096 (RFC 6265, 6.1). */
const MAX_CLAIMS = 2850;
/** Those that ACCESS_TOKEN_CLAIMS may name, in the order in which they get the space that is left. */
const OPTIONAL_CLAIMS: readonly AccessTokenClaim[] = ['rights', 'email', 'name'];
/** Maximum lifetime of a token of an API key, in seconds. */
const MAX_KEY_TOKEN_SECONDS = 3_600;
/** `jti` of such a token: what finds the key, and a UUID. */
const KEY_TOKEN_ID = /^([0-9A-Za-z]{10})\.[0-9a-f-]{36}$/;
/** In characters. Our own tokens stay under 4 KiB; nothing longer is worth decoding. */
const MAX_TOKEN = 8192;
/**
 * Maximum number of cached tokens. Each takes the same, two UUIDs, a digest and
 * a time, so this bounds the bytes too: some 4 MB.
 */
const MAX_VERIFIED = 10_000;

/** Issues and verifies access tokens: JWTs of 15 minutes by default, signed with an asymmetric key. */
@Injectable()
export class AccessTokens {
  /** Claim `iss`. */
  readonly issuer: string;
  readonly #audience: string;
  readonly #seconds: number;
  readonly #optional: ReadonlySet<AccessTokenClaim>;
  readonly #keys: SigningKeys;
  /**
   * By digest of the token, so that the memory holds no bearer tokens. Verifying a signature costs some 140 µs of CPU,
   * this some 3. Only good tokens get in, so garbage cannot push them out.
   */
  readonly #verified = new LRUCache<string, VerifiedToken>({ max: MAX_VERIFIED });

  constructor(@Inject(Config) config: Settings, keys: SigningKeys) {
    this.issuer = config.jwtIssuer ?? config.appUrl ?? ownUrl(config.host, config.port);
    this.#audience = config.jwtAudience;
    this.#seconds = config.accessTokenSeconds;
    this.#optional = new Set(config.accessTokenClaims);
    this.#keys = keys;
  }

  /** A new token and its expiry, in seconds since the epoch. */
  issue(subject: AccessTokenSubject): { token: string; exp: number } {
    const { kid, alg, privateKey } = this.#keys.current;
    const iat = Math.floor(Date.now() / 1000);
    const exp = iat + this.#seconds;
    const claims = this.#withOptional(subject, {
      sid: subject.sessionId,
      amr: subject.amr,
      auth_time: Math.floor(subject.authenticatedAt.getTime() / 1000),
      role_name: subject.roleName,
      ...(jsonBytes(subject.roleScope) <= MAX_CLAIM && { role_scope: subject.roleScope }),
      iss: this.issuer,
      aud: this.#audience,
      sub: subject.accountId,
      jti: randomUUID(),
      iat,
      exp,
    });
    return { token: signCompact({ alg, kid, typ: TYPE }, claims, privateKey), exp };
  }

  /**
   * A new token of an API key, of an hour or up to its end, without role and session (RFC 9068).
   * @returns null when the rights take more than 2 KiB
   */
  issueForKey({ accountId, keyId, finder, rights, roleScope, exp: end }: KeyTokenSubject) {
    if (jsonBytes(rights) > MAX_CLAIM) return null;
    const { kid, alg, privateKey } = this.#keys.current;
    const iat = Math.floor(Date.now() / 1000);
    const exp = Math.min(iat + MAX_KEY_TOKEN_SECONDS, end ?? Infinity);
    const claims = {
      client_id: keyId,
      rights,
      ...(jsonBytes(roleScope) <= MAX_CLAIM && { role_scope: roleScope }),
      iss: this.issuer,
      aud: this.#audience,
      sub: accountId,
      jti: `${finder}.${randomUUID()}`,
      iat,
      exp,
    };
    return { token: signCompact({ alg, kid, typ: TYPE }, claims, privateKey), expiresIn: exp - iat };
  }

  #withOptional(subject: AccessTokenSubject, claims: object): object {
    let all = claims;
    for (const name of OPTIONAL_CLAIMS) {
      if (!this.#optional.has(name) || jsonBytes(subject[name]) > MAX_CLAIM) continue;
      const more = { ...all, [name]: subject[name] };
      if (jsonBytes(more) <= MAX_CLAIMS) all = more;
    }
    return all;
  }

  /**
   * The claims of a token, or null unless it was signed by one of our keys as an access token of this issuer for this
   * audience and has not expired; at once for one that was verified before. That its session still exists is not looked
   * at here.
   */
  verify(token: string): VerifiedToken | null | Promise<VerifiedToken | null> {
    if (token.length > MAX_TOKEN) return null;
    const digest = hash('sha256', token, 'base64url');
    const known = this.#verified.get(digest);
    if (!known) return this.#verify(token, digest);
    return known.exp > Math.floor(Date.now() / 1000) ? known : null;
  }

  async #verify(token: string, digest: string): Promise<VerifiedToken | null> {
    const verified = await this.#check(token);
    if (verified) this.#verified.set(digest, verified);
    return verified;
  }

  async #check(token: string): Promise<VerifiedToken | null> {
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyFor(header), {
        algorithms: ALGORITHMS,
        typ: TYPE,
        issuer: this.issuer,
        audience: this.#audience,
        requiredClaims: ['sub', 'jti', 'iat', 'exp'],
      });
      return verifiedIn(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  /** By `kid`, and only with the algorithm that this very key has. */
  #keyFor({ kid, alg }: JWTHeaderParameters) {
    const key = this.#keys.find(kid, alg);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  }
}

/** A token has either a session or an API key; with both, or with neither, it is none of ours. */
function verifiedIn({ sub, sid, client_id: keyId, jti, exp }: JWTPayload): VerifiedToken | null {
  // Ids go into queries as UUIDs. Another system that shares the key may put other subjects into its tokens.
  if (!isUuid(sub) || exp === undefined) return null;
  if (keyId === undefined) return isUuid(sid) ? { sub, sid, exp } : null;
  const [, finder] = KEY_TOKEN_ID.exec(String(jti)) ?? [];
  return sid === undefined && isUuid(keyId) && finder !== undefined ? { sub, keyId, finder, exp } : null;
}

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * A JWS in compact form (RFC 7515, 7.1). jose would sign in a thread of the pool, for twice to five times the CPU:
 * docs/decisions/0027.
 */
function signCompact(header: object, claims: object, key: KeyObject): string {
  const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encoded(header)}.${encoded(claims)}`;
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  // RFC 7518, 3.4: r and s as they are. Ed25519 knows no other form.
  const signature = sign(digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}
