import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { API_KEY_PREFIX } from '../auth/authentication/api-key-access.js';

/**
 * The form of API keys: `iam_`, 10 characters that find the key, 43 random ones, and 6 of a checksum of all before them, in
 * base62. Secret scanners recognize it, and other texts are rejected without a query.
 */

const PREFIX = API_KEY_PREFIX;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FINDER_CHARACTERS = 10;
/** 43 characters of base62 have 256 bits. */
const RANDOM_CHARACTERS = 43;
const CHECKSUM_CHARACTERS = 6;
const LENGTH = PREFIX.length + FINDER_CHARACTERS + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${LENGTH - PREFIX.length}}$`);

/** How many characters a label shows at both ends. */
const LABEL = { first: 8, last: 4 };

/** A key as it is stored, and as its owner sees it. */
export interface KeySecret {
  /** Finds the key. Not secret. */
  readonly finder: string;
  /** Hex SHA-256 of the whole key. 256 random bits cannot be guessed, so neither a salt nor a slow hash adds anything. */
  readonly hash: string;
  /** The first 8 and the last 4 characters, such as `iam_3fQz…k7Xb`. */
  readonly label: string;
}

const randomDigits = (count: number): string =>
  Array.from({ length: count }, () => DIGITS[randomInt(DIGITS.length)]).join('');

/** CRC-32 (IEEE 802.3) in base62, with leading zeros. */
function checksum(text: string): string {
  let digits = '';
  for (let rest = crc32(text), n = 0; n < CHECKSUM_CHARACTERS; n++, rest = Math.floor(rest / DIGITS.length)) {
    digits = `${DIGITS[rest % DIGITS.length]}${digits}`;
  }
  return digits;
}

/** A new key. It is shown once, and only what {@link secretOf} gives is stored. */
export function newApiKey(): string {
  const key = PREFIX + randomDigits(FINDER_CHARACTERS + RANDOM_CHARACTERS);
  return key + checksum(key);
}

/** The finder of a key; null for a text of another form, or with a wrong checksum. */
export function finderOf(key: string): string | null {
  if (key.length !== LENGTH || !FORM.test(key)) return null;
  const checked = key.slice(0, -CHECKSUM_CHARACTERS);
  if (checksum(checked) !== key.slice(-CHECKSUM_CHARACTERS)) return null;
  return key.slice(PREFIX.length, PREFIX.length + FINDER_CHARACTERS);
}

/** The stored part of a new key. */
export const secretOf = (key: string): KeySecret => ({
  finder: key.slice(PREFIX.length, PREFIX.length + FINDER_CHARACTERS),
  hash: sha256(key).toString('hex'),
  label: `${key.slice(0, LABEL.first)}…${key.slice(-LABEL.last)}`,
});

/** Whether a key is the one that this hash is of. Takes the same time either way. */
export const matchesHash = (key: string, hash: string): boolean =>
  timingSafeEqual(sha256(key), Buffer.from(hash, 'hex'));

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
