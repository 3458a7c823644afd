import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

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
      const keys = isJwks(text) ? keysOfJwks(text) : keysOfPem(text);
      return keys.length > 0 && keys.every(isUsable);
    } catch {
      // The parser's message may quote the key.
      return false;
    }
  }, FORM);

/** A new ES256 key (EC P-256) as PKCS 8 PEM. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Puts a new signing key in front of the keys in a file, and drops those beyond `keep`; PEM stays PEM and a JWKS a JWKS.
 * The new one signs, the others still verify: keep the old one for as long as an access token lives, and no session
 * ends. The file is replaced whole or not at all, and only its owner can read it.
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

function keysOfPem(text: string): KeyObject[] {
  if (text.replace(PEM_BLOCK, '').trim() !== '') throw new Error(FORM);
  return (text.match(PEM_BLOCK) ?? []).map((block) => createPrivateKey(block));
}

const keysOfJwks = (text: string): KeyObject[] =>
  jwksOf(text).map((jwk) => createPrivateKey({ key: jwk, format: 'jwk' }));

/** @throws ZodError or SyntaxError for text that is no set of keys */
const jwksOf = (text: string): readonly JsonWebKey[] => JWKS.parse(JSON.parse(text)).keys;

const JWKS = z.object({ keys: z.array(z.custom<JsonWebKey>((key) => typeof key === 'object' && key !== null)) });

function isUsable({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'ed25519' || asymmetricKeyDetails?.namedCurve === 'prime256v1';
}
