import { createHash, randomBytes } from 'node:crypto';

/** A fresh secret for a mail, and what is stored of it. */
export interface OneTimeToken {
  /** 32 random bytes as base64url: 43 characters. Only its owner ever sees it. */
  readonly token: string;
  /** What the database keeps: see `hashToken`. */
  readonly hash: string;
}

/** Makes a token. Its purpose is the column that its hash is stored in; a column is only ever asked for its own. */
export function newToken(): OneTimeToken {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

/**
 * SHA-256 in lower-case hexadecimal. 256 random bits cannot be guessed, so neither a salt nor a slow hash adds
 * anything, and the row is found by an index.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
