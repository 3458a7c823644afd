import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from './errno.js';
import { generateSigningKey } from './signing-keys.js';

/** The secrets that are made by themselves outside production: their file under `DATA_DIR`, and how they are made. */
export const DEVELOPMENT_SECRETS = {
  JWT_PRIVATE_KEY: { file: 'jwt-private-key.pem', make: generateSigningKey },
  APP_SECRET: { file: 'app-secret', make: () => randomBytes(32).toString('base64url') },
  /** Part of the development mailbox's address. */
  MAILBOX_TOKEN: { file: 'mailbox-token', make: () => randomBytes(24).toString('base64url') },
} as const;

export type DevelopmentSecretName = keyof typeof DEVELOPMENT_SECRETS;

/** The text of a development secret that was made before, or null. */
export function findDevelopmentSecret(dataDir: string, name: DevelopmentSecretName): string | null {
  try {
    return readFileSync(join(dataDir, DEVELOPMENT_SECRETS[name].file), 'utf8').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/**
 * The text of a development secret, made on the first call. Only the owner can read the file (0600); the folder
 * (0711) lets others through to what is theirs, which the embedded database needs, but not look around.
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
    // A link appears whole or not at all: of two processes that start at once, both end up with the same secret.
    linkSync(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  return readFileSync(path, 'utf8').trim();
}
