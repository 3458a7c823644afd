import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Parser } from './parsers.js';

const FORM = 'must be a PKCS 8 PEM private key or a private JWKS, of an EC P-256 or Ed25519 key, newest key first';
const PEM_BLOCK = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

/**
 * Signing keys as text: PEM blocks (PKCS 8, RFC 5958) or a private JWKS (RFC 7517), each key usable for ES256 or
 * EdDSA. A PEM on one line, its line ends written as `\n`, is accepted and unfolded. The message never quotes the text.
 */
export const signingKeys: Parser<string> = (text) => {
  const unfolded = text.trim().replaceAll('\\n', '\n');
  const keys = unfolded.startsWith('{') ? keysOfJwks(text) : keysOfPem(unfolded);
  if (keys.length === 0 || !keys.every(isUsable)) throw new Error(FORM);
  return unfolded.startsWith('{') ? text.trim() : `${unfolded}\n`;
};

/** A new ES256 key (EC P-256) as PKCS 8 PEM. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function keysOfPem(text: string): KeyObject[] {
  const blocks = text.match(PEM_BLOCK) ?? [];
  const rest = text.replace(PEM_BLOCK, '').trim();
  if (rest !== '') throw new Error(FORM);
  return blocks.map((block) => readKey(() => createPrivateKey(block)));
}

function keysOfJwks(text: string): KeyObject[] {
  return readJwks(text).map((jwk) => readKey(() => createPrivateKey({ key: jwk, format: 'jwk' })));
}

function readJwks(text: string): JsonWebKey[] {
  try {
    const set: unknown = JSON.parse(text);
    if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)) return set.keys;
  } catch {
    // Not JSON: the same sentence as for JSON of another form.
  }
  throw new Error(FORM);
}

function readKey(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch {
    // The cause is left out on purpose: it may quote the key.
    throw new Error(FORM);
  }
}

function isUsable(key: KeyObject): boolean {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return key.asymmetricKeyType === 'ed25519' || (key.asymmetricKeyType === 'ec' && curve === 'prime256v1');
}

/**
 * Signing keys as text with a new one in front, and at most `keep` of them; PEM stays PEM and a JWKS a JWKS.
 * @throws Error for text that holds no signing keys
 */
export function prependSigningKey(pem: string, text: string, keep: number): string {
  const known = signingKeys(text);
  if (!known.startsWith('{')) return [pem.trim(), ...(known.match(PEM_BLOCK) ?? [])].slice(0, keep).join('\n') + '\n';
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  return `${JSON.stringify({ keys: [jwk, ...readJwks(known)].slice(0, keep) }, null, 2)}\n`;
}
