import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** The algorithms of access tokens (RFC 7518, RFC 8037). Symmetric and RSA ones are never offered. */
export type SigningAlgorithm = 'ES256' | 'EdDSA';

/** A private key that signs access tokens, and the one algorithm that it is used with. */
export interface PrivateSigningKey {
  readonly privateKey: KeyObject;
  readonly alg: SigningAlgorithm;
}

const FORM = 'must be a PKCS 8 PEM private key or a private JWKS, of an EC P-256 or Ed25519 key, newest key first';
const PEM_BLOCK = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

/**
 * Signing keys as text: PEM blocks (PKCS 8, RFC 5958) or a private JWKS (RFC 7517), each key usable for ES256 or
 * EdDSA. A PEM on one line, its line ends written as `\n`, is accepted and unfolded. The message never quotes the text.
 */
export const signingKeys = z
  .string()
  .transform((text) => (isJwks(text) ? text.trim() : `${text.trim().replaceAll('\\n', '\n')}\n`))
  .refine((text) => {
    try {
      return readSigningKeys(text).length > 0;
    } catch {
      return false;
    }
  }, FORM);

/**
 * The keys of a text that `signingKeys` has parsed, in its order.
 * @throws Error when one is no private EC P-256 or Ed25519 key; the message names its place and quotes nothing
 */
export function readSigningKeys(text: string): PrivateSigningKey[] {
  return keysIn(text).map((key, index) => {
    const place = `key ${index + 1}`;
    let privateKey: KeyObject;
    try {
      privateKey = typeof key === 'string' ? createPrivateKey(key) : createPrivateKey({ key, format: 'jwk' });
    } catch {
      // The parser's message may quote the key.
      throw new Error(`${place} is not a readable private key`);
    }
    const alg = algorithmOf(privateKey);
    if (!alg) throw new Error(`${place} is neither EC P-256 nor Ed25519`);
    return { privateKey, alg };
  });
}

/** A new ES256 key (EC P-256) as PKCS 8 PEM. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Puts a new signing key in front of the keys in a file, and drops those beyond `keep`; PEM stays PEM and a JWKS a
 * JWKS. The new one signs, the others still verify: keep the old one for the lifetime of an access token, so that no
 * session ends. The file is replaced atomically, and only its owner can read it.
 * @throws Error for a file that holds no signing keys, or cannot be written
 */
export function rotateKeysIn(file: string, keep: number): void {
  const { data: known } = signingKeys.safeParse(readFileSync(file, 'utf8'));
  if (known === undefined) throw new Error(`The keys in ${file} ${FORM}.`);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, prependSigningKey(generateSigningKey(), known, keep), { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
}

function prependSigningKey(pem: string, known: string, keep: number): string {
  if (!isJwks(known)) return [pem.trim(), ...(known.match(PEM_BLOCK) ?? [])].slice(0, keep).join('\n') + '\n';
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  return `${JSON.stringify({ keys: [jwk, ...jwksOf(known)].slice(0, keep) }, null, 2)}\n`;
}

const isJwks = (text: string): boolean => text.trimStart().startsWith('{');

/** The keys of a text, each as it stands there. @throws Error for text that is neither PEM blocks nor a set of keys */
function keysIn(text: string): readonly (string | JsonWebKey)[] {
  if (!isJwks(text) && text.replace(PEM_BLOCK, '').trim() === '') return text.match(PEM_BLOCK) ?? [];
  try {
    return jwksOf(text);
  } catch {
    // The parser's message would quote the text, and with it a private key.
    throw new Error('the text is neither PEM nor a JWKS');
  }
}

/** @throws ZodError or SyntaxError for text that is no set of keys */
const jwksOf = (text: string): readonly JsonWebKey[] => JWKS.parse(JSON.parse(text)).keys;

const JWKS = z.object({ keys: z.array(z.custom<JsonWebKey>((key) => typeof key === 'object' && key !== null)) });

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm | null {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : null;
}
