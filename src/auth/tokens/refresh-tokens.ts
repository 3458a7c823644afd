import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SecretBox } from './secrets.js';

/** The content of a refresh token: one step in the chain of one session. */
export interface RefreshToken {
  readonly sessionId: string;
  /** Counts the refreshes of the session, from 0. */
  readonly seq: number;
  /** Random, new with each step. */
  readonly nonce: string;
}

const PURPOSE = 'refresh-token';
/** Session id (16 bytes in base64url), sequence, nonce, MAC. No part contains a dot, so parsing is unambiguous. */
const FORM = /^([\w-]{22})\.(0|[1-9]\d{0,9})\.([\w-]{16,64})\.([\w-]{22,128})$/;

/**
 * Refresh tokens: opaque to clients, `sessionId.seq.nonce.mac` to us. The MAC vouches that this service made them for
 * refreshing, so a guessed or foreign token never reaches the database; whether it is spent, the database knows.
 */
@Injectable()
export class RefreshTokens {
  constructor(private readonly secrets: SecretBox) {}

  issue({ sessionId, seq, nonce }: RefreshToken): string {
    const id = Buffer.from(sessionId.replaceAll('-', ''), 'hex').toString('base64url');
    const data = `${id}.${seq}.${nonce}`;
    return `${data}.${this.secrets.mac(PURPOSE, data)}`;
  }

  /** Parses a token; null when it was not issued by this service. */
  parse(token: string): RefreshToken | null {
    const [, id, seq, nonce, mac] = FORM.exec(token) ?? [];
    if (id === undefined || seq === undefined || nonce === undefined || mac === undefined) return null;
    if (!this.secrets.verifyMac(PURPOSE, `${id}.${seq}.${nonce}`, mac)) return null;
    const sessionId = Buffer.from(id, 'base64url')
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return { sessionId, seq: Number(seq), nonce };
  }
}

/** A one-time token for a mail, and its stored hash. */
export interface OneTimeToken {
  /** 32 random bytes as base64url: 43 characters. Only sent to its owner. */
  readonly token: string;
  /** The stored hash; see `hashToken`. */
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
