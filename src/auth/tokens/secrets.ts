import { Inject, Injectable } from '@nestjs/common';
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { Config } from '../../config/config.js';

/** Maximum length of a token that clients send, in characters; those of this service have 43. */
export const MAX_TOKEN = 200;

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** What a derived key is for: a sealing key never authenticates, and the other way round. */
type Use = 'seal' | 'mac' | 'id';

interface KnownSecret {
  /** Identifies the secret in sealed texts, without revealing anything about it. */
  readonly id: string;
  readonly secret: string;
}

/**
 * Encrypts and authenticates small texts with the secrets of the configuration (`APP_SECRET`, newest first): the
 * first one seals, all of them open, so a secret is rotated by putting a new one in front. Each purpose has keys of
 * its own (HKDF, RFC 5869), and what was sealed for one purpose opens for no other. Purposes are constants of this
 * project, such as `outbox.invitation`; never put a request's text into one.
 */
@Injectable()
export class SecretBox {
  private readonly secrets: readonly KnownSecret[];
  private readonly newest: KnownSecret;
  private readonly keys = new Map<string, Buffer>();

  constructor(@Inject(Config) config: Pick<Config, 'appSecrets'>) {
    this.secrets = config.appSecrets.map((secret) => ({
      secret,
      id: derive(secret, 'id', '', 6).toString('base64url'),
    }));
    const [newest] = this.secrets;
    if (!newest) throw new Error('SecretBox needs at least one secret');
    this.newest = newest;
  }

  /** What every text begins with that the newest secret sealed. */
  get newestPrefix(): string {
    return `${VERSION}.${this.newest.id}.`;
  }

  /** Encrypts a text: `v1.<key id>.<base64url of iv, AES-256-GCM ciphertext and tag>`. */
  seal(purpose: string, plaintext: string): string {
    const { id, secret } = this.newest;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.key(secret, 'seal', purpose), iv, { authTagLength: TAG_BYTES });
    const body = [iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${VERSION}.${id}.${Buffer.concat(body).toString('base64url')}`;
  }

  /** The text that was sealed for this purpose; null when it was changed, or sealed for another or with no secret of ours. */
  open(purpose: string, sealed: string): string | null {
    const [version, id, text, ...rest] = sealed.split('.');
    if (version !== VERSION || text === undefined || rest.length > 0) return null;
    const body = Buffer.from(text, 'base64url');
    if (body.length < IV_BYTES + TAG_BYTES) return null;
    for (const candidate of this.secrets) {
      const plaintext = candidate.id === id ? decrypt(this.key(candidate.secret, 'seal', purpose), body) : null;
      if (plaintext !== null) return plaintext;
    }
    return null;
  }

  /** Authenticates data: base64url of HMAC-SHA-256 (RFC 2104), 43 characters. */
  mac(purpose: string, data: string): string {
    return this.hmac(this.newest.secret, purpose, data).toString('base64url');
  }

  /** True when the code was made for this purpose and data with any of the secrets. Takes the same time either way. */
  verifyMac(purpose: string, data: string, mac: string): boolean {
    const given = Buffer.from(mac, 'base64url');
    let valid = false;
    for (const { secret } of this.secrets) {
      const expected = this.hmac(secret, purpose, data);
      if (given.length === expected.length && timingSafeEqual(given, expected)) valid = true;
    }
    // Node decodes leniently; only the one canonical text of a code is a code.
    return valid && given.toString('base64url') === mac;
  }

  private hmac(secret: string, purpose: string, data: string): Buffer {
    return createHmac('sha256', this.key(secret, 'mac', purpose))
      .update(data, 'utf8')
      .digest();
  }

  private key(secret: string, use: Use, purpose: string): Buffer {
    const name = JSON.stringify([secret, use, purpose]);
    const known = this.keys.get(name);
    if (known) return known;
    const key = derive(secret, use, purpose, KEY_BYTES);
    this.keys.set(name, key);
    return key;
  }
}

function derive(secret: string, use: Use, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `iam/${use}/${purpose}`, bytes));
}

function decrypt(key: Buffer, body: Buffer): string | null {
  const decipher = createDecipheriv(CIPHER, key, body.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    // The tag does not fit: another key, or a changed byte.
    return null;
  }
}

/** The content of a refresh token: one step in the chain of one session. */
export interface RefreshToken {
  readonly sessionId: string;
  /** Counts the refreshes of the session, from 0. */
  readonly seq: number;
  /** Random, new with each step. */
  readonly nonce: string;
}

const REFRESH_PURPOSE = 'refresh-token';
/** Session id (16 bytes in base64url), sequence, nonce, MAC. No part contains a dot, so parsing is unambiguous. */
const REFRESH_FORM = /^([\w-]{22})\.(0|[1-9]\d{0,9})\.([\w-]{16,64})\.([\w-]{22,128})$/;

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
    return `${data}.${this.secrets.mac(REFRESH_PURPOSE, data)}`;
  }

  /** Parses a token; null when it was not issued by this service. */
  parse(token: string): RefreshToken | null {
    const [, id, seq, nonce, mac] = REFRESH_FORM.exec(token) ?? [];
    if (id === undefined || seq === undefined || nonce === undefined || mac === undefined) return null;
    if (!this.secrets.verifyMac(REFRESH_PURPOSE, `${id}.${seq}.${nonce}`, mac)) return null;
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
