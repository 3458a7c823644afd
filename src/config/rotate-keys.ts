import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { generateSigningKey, prependSigningKey } from './signing-keys.js';

/**
 * Puts a new signing key in front of the keys in a file, and drops those beyond `keep`. The new one signs, the others
 * still verify: keep the old one for as long as an access token lives, and nobody is signed out. The file is replaced
 * whole or not at all, and only its owner can read it.
 * @throws Error for a file that holds no signing keys, or cannot be written
 */
export function rotateKeysIn(file: string, keep: number): void {
  const text = prependSigningKey(generateSigningKey(), readFileSync(file, 'utf8'), keep);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
}
