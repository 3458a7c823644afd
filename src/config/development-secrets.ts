import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from './errno.js';
import { generateSigningKey } from './signing-keys.js';

/** The secrets that are generated outside production: their file under `DATA_DIR`, and how to generate them. */
export const DEVELOPMENT_SECRETS = {
  JWT_PRIVATE_KEY: { file: 'jwt-private-key.pem', make: generateSigningKey },
  APP_SECRET: { file: 'app-secret', make: () => randomBytes(32).toString('base64url') },
  /** Part of the URL of the development mailbox. */
  MAILBOX_TOKEN: { file: 'mailbox-token', make: () => randomBytes(24).toString('base64url') },
} as const;

/** A secret that is generated in development. */
export type DevelopmentSecretName = keyof typeof DEVELOPMENT_SECRETS;

/** The text of an existing development secret, or null. */
export function findDevelopmentSecret(dataDir: string, name: DevelopmentSecretName): string | null {
  try {
    return readFileSync(join(dataDir, DEVELOPMENT_SECRETS[name].file), 'utf8').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/**
 * The text of a development secret, generated on the first call. Only the owner can read the file (0600); other users
 * can traverse the folder (0711), which the embedded database needs, but not list it.
 */
export function developmentSecret(dataDir: string, name: DevelopmentSecretName): string {
  const existing = findDevelopmentSecret(dataDir, name);
  if (existing !== null && existing !== '') return existing;
  const { file, make } = DEVELOPMENT_SECRETS[name];
  const path = join(dataDir, file);
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  writeFileSync(draft, make(), { mode: 0o600, flag: 'wx' });
  try {
    // A hard link is created atomically: two processes that start at the same time end up with the same secret.
    linkSync(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  return readFileSync(path, 'utf8').trim();
}
