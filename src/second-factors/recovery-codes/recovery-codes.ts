import { randomBytes, randomInt, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';

/** Number of codes in a set. */
export const CODES = 10;
const CODE_CHARACTERS = 10;
/** Base 32 after Crockford, without I, L, O and U: 50 bits of a code are random. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** What a person may type: the characters of the alphabet and those that look like one, and one space or dash in the middle. */
export const CODE_PATTERN = /^[0-9A-Za-z]{5}[ -]?[0-9A-Za-z]{5}$/;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Block size and parallelism of scrypt (RFC 7914, section 2). */
const SCRYPT = { r: 8, p: 1 } as const;

/** Ten codes. */
export const newCodes = (): string[] =>
  Array.from({ length: CODES }, () =>
    Array.from({ length: CODE_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  );

/** A code as it is printed, with a dash in the middle. */
export const groupedCode = (code: string): string =>
  `${code.slice(0, CODE_CHARACTERS / 2)}-${code.slice(CODE_CHARACTERS / 2)}`;

/** A code as it was made, from what a person typed (Crockford reads O as 0, I and L as 1). */
const canonical = (code: string): string =>
  code.replaceAll(/[ -]/g, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');

/**
 * Hashes codes with one salt, so that a code is looked for with one hash. They are random, so the hash may be faster than
 * that of a password.
 * @param cost binary logarithm of scrypt's cost
 */
export async function hashCodes(codes: readonly string[], cost: number): Promise<string[]> {
  const salt = randomBytes(SALT_BYTES);
  const hashes: string[] = [];
  // One after the other: all at once would take every thread that hashes passwords.
  for (const code of codes) {
    const hash = await derive(canonical(code), salt, cost);
    hashes.push([cost, salt.toString('base64url'), hash.toString('base64url')].join('.'));
  }
  return hashes;
}

/** The place of the stored hash that a code has; -1 where none has. One hash is computed for all of one salt. */
export async function placeOf(code: string, stored: readonly string[]): Promise<number> {
  const computed = new Map<string, Buffer>();
  let found = -1;
  for (const [place, text] of stored.entries()) {
    const [cost = '', salt = '', hash = ''] = text.split('.');
    const key = `${cost}.${salt}`;
    const own = computed.get(key) ?? (await derive(canonical(code), Buffer.from(salt, 'base64url'), Number(cost)));
    computed.set(key, own);
    if (timingSafeEqual(own, Buffer.from(hash, 'base64url'))) found = place;
  }
  return found;
}

function derive(code: string, salt: Buffer, cost: number): Promise<Buffer> {
  const options: ScryptOptions = { ...SCRYPT, N: 2 ** cost, maxmem: 2 ** cost * 128 * SCRYPT.r * 2 };
  return new Promise((resolve, reject) => {
    scrypt(code, salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
