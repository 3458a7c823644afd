import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { readSigningKeys, type PrivateSigningKey, type SigningAlgorithm } from '../../config/signing-keys.js';

/** A key pair and its id. */
export interface SigningKey extends PrivateSigningKey {
  /** JWK thumbprint of the public key (RFC 7638, SHA-256): the same key has the same name wherever it is loaded. */
  readonly kid: string;
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

/** The keys that sign access tokens: the newest signs, all verify, so that keys rotate without ending sessions. */
@Injectable()
export class SigningKeys {
  /** The key that signs. */
  readonly current: SigningKey;
  /** The public keys, newest first. */
  readonly jwks: { readonly keys: readonly PublicJwk[] };
  readonly #byKid: ReadonlyMap<string, SigningKey>;

  /** @throws Error when a key is not a private EC P-256 or Ed25519 key; its message names the key's place only */
  constructor(@Inject(Config) config: Pick<Config, 'jwtPrivateKey'>) {
    const keys = keysOf(config.jwtPrivateKey);
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

function keysOf(text: string): SigningKey[] {
  try {
    return readSigningKeys(text).map(({ privateKey, alg }) => {
      const publicKey = createPublicKey(privateKey);
      return { kid: thumbprint(publicKey), alg, privateKey, publicKey };
    });
  } catch (error) {
    throw new Error(`JWT_PRIVATE_KEY: ${(error as Error).message}`);
  }
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
