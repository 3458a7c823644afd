import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';

/** The algorithms of access tokens (RFC 7518, RFC 8037). Symmetric and RSA ones are never offered. */
export type SigningAlgorithm = 'ES256' | 'EdDSA';

/** A key pair and what names it. */
export interface SigningKey {
  /** JWK thumbprint of the public key (RFC 7638, SHA-256): the same key has the same name wherever it is loaded. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A public key as `/.well-known/jwks.json` shows it (RFC 7517). */
export interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: 'sig';
}

const PEM_BLOCK = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g;

/** The keys that sign access tokens: the newest signs, all verify, so that keys rotate without signing anybody out. */
@Injectable()
export class SigningKeys {
  /** The key that signs. */
  readonly current: SigningKey;
  /** The public keys, newest first. */
  readonly jwks: { readonly keys: readonly PublicJwk[] };
  readonly #byKid: ReadonlyMap<string, SigningKey>;

  /** @throws Error when a key is not a private EC P-256 or Ed25519 key; its message names the key's place only */
  constructor(@Inject(Config) config: Pick<Config, 'jwtPrivateKey'>) {
    const keys = readPrivateKeys(config.jwtPrivateKey).map((read, index) => signingKey(read, index + 1));
    const [current] = keys;
    if (!current) throw new Error('JWT_PRIVATE_KEY holds no key');
    this.current = current;
    this.#byKid = new Map(keys.map((key) => [key.kid, key]));
    this.jwks = { keys: [...this.#byKid.values()].map(publicJwk) };
  }

  /** The key of that name, provided that it belongs to the algorithm; null otherwise. */
  find(kid: string | undefined, alg: string | undefined): SigningKey | null {
    const key = kid === undefined ? undefined : this.#byKid.get(kid);
    return key && key.alg === alg ? key : null;
  }
}

/** One reader for each key, so that an error can name the key that has it. */
function readPrivateKeys(text: string): (() => KeyObject)[] {
  if (!text.trimStart().startsWith('{')) {
    return (text.match(PEM_BLOCK) ?? []).map((pem) => () => createPrivateKey(pem));
  }
  return readJwks(text).map((jwk) => () => createPrivateKey({ key: jwk, format: 'jwk' }));
}

function readJwks(text: string): JsonWebKey[] {
  try {
    const set: unknown = JSON.parse(text);
    if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)) return set.keys;
  } catch {
    // The parser's message would quote the text, and with it a private key.
  }
  throw new Error('JWT_PRIVATE_KEY is neither PEM nor a JWKS');
}

function signingKey(read: () => KeyObject, place: number): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = read();
  } catch {
    throw new Error(`JWT_PRIVATE_KEY: key ${place} is not a readable private key`);
  }
  const alg = algorithmOf(privateKey);
  if (!alg) throw new Error(`JWT_PRIVATE_KEY: key ${place} is neither EC P-256 nor Ed25519`);
  const publicKey = createPublicKey(privateKey);
  return { kid: thumbprint(publicKey), alg, privateKey, publicKey };
}

function algorithmOf(key: KeyObject): SigningAlgorithm | null {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  const isP256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return isP256 ? 'ES256' : null;
}

/** RFC 7638: the required members in lexical order, without blanks. */
function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  const required = JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y });
  return createHash('sha256').update(required).digest('base64url');
}

function publicJwk({ kid, alg, publicKey }: SigningKey): PublicJwk {
  const { kty = '', crv = '', x = '', y } = publicKey.export({ format: 'jwk' });
  return { kty, crv, x, ...(y === undefined ? {} : { y }), kid, alg, use: 'sig' };
}
