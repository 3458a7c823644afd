import { compare } from 'bcrypt';
import { createCipheriv, createHash, createHmac, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { hashWork, MAX_HASH_LANES, MAX_HASH_MEMORY, type Pbkdf2Digest } from './hash-queue.js';

/** Minimum and maximum number of characters of a password, counted as Unicode code points after NFC. */
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

/**
 * Maximum length in UTF-16 units. No text of 128 code points is longer in any canonical form, and
 * normalization is quadratic: 1 MiB of stacked accents would block the event loop for most of a minute.
 */
const MAX_UNITS = PASSWORD_LENGTH.max * 4;

/** NUL, which ends the text in C, and lone surrogates, which UTF-8 cannot carry: two such passwords would be one. */
const UNENCODABLE = /[\0\p{Cs}]/u;

/** True when the text is beyond every canonical form of the longest password. */
export function exceedsMaxLength(password: string): boolean {
  return password.length > MAX_UNITS;
}

/** True when the text holds characters that no hash can be trusted with. */
export function isUnencodable(password: string): boolean {
  return UNENCODABLE.test(password);
}

/**
 * The form in which a password is validated and hashed: NFC (UAX 15), so that it does not matter on which keyboard an
 * accent was typed. Null when the text cannot be a password.
 */
export function canonicalPassword(password: string): string | null {
  return exceedsMaxLength(password) || isUnencodable(password) ? null : password.normalize('NFC');
}

/** A parsed stored hash: how a password is checked against it, and what that costs. */
export interface StoredHash {
  /** Our own scheme, with which new hashes are made. */
  readonly own: boolean;
  /** The work of one check, in rounds of bcrypt. */
  readonly rounds: number;
  /** False when the scheme ignores the end of this password, so that the hash says nothing about all of it. */
  coversAll(password: string): boolean;
  /** Checks the password, off the event loop. */
  matches(password: string): Promise<boolean>;
}

/** Parses the stored hashes of one scheme; returns null for all others. */
export type PasswordScheme = (stored: string) => StoredHash | null;

/** Prefix of our own hashes. Another key or another digest in front of bcrypt needs another prefix. */
export const OWN_PREFIX = '$iam1';

/** No secret: it only makes the digest ours, so that digests leaked elsewhere cannot be tried here (hash shucking). */
const OWN_KEY = 'iam/password/1';

/** bcrypt reads no further. */
const BCRYPT_BYTES = 72;
const BCRYPT_SHA256_PREFIX = 'bcrypt_sha256$';
/** The range of costs that bcrypt supports. */
const BCRYPT_COST = { min: 4, max: 31 } as const;

const scryptAsync = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);
const pbkdf2Async = promisify(pbkdf2);

/**
 * What our scheme gives to bcrypt: 64 characters without NUL whatever the password is, so nothing is cut off at
 * 72 bytes.
 */
export function bcryptInput(password: string): string {
  const canonical = canonicalPassword(password);
  if (canonical === null) throw new TypeError('Not a valid password: the policy rejects this text');
  return createHmac('sha384', OWN_KEY).update(canonical).digest('base64');
}

/** `$iam1$2b$12$…`: bcrypt over an HMAC of the password. */
const own: PasswordScheme = (stored) => {
  const match = /^\$iam1(\$2b\$(\d\d)\$[./A-Za-z0-9]{53})$/.exec(stored);
  const cost = Number(match?.[2]);
  if (!match || !isBcryptCost(cost)) return null;
  const [, hash = ''] = match;
  return {
    own: true,
    rounds: hashWork.bcrypt(cost),
    coversAll: () => true,
    matches: (password) => compare(bcryptInput(password), hash),
  };
};

/**
 * `$2a$`, `$2b$`, `$2y$`: bcrypt as other systems wrote it. The three are one function for every password below
 * 255 bytes; `2b` computes it without the length overflow of `2a`.
 */
const bcrypt: PasswordScheme = (stored) => {
  const match = /^\$2[aby](\$(\d\d)\$[./A-Za-z0-9]{53})$/.exec(stored);
  const cost = Number(match?.[2]);
  if (!match || !isBcryptCost(cost)) return null;
  return {
    own: false,
    rounds: hashWork.bcrypt(cost),
    coversAll: (password) => Buffer.byteLength(password) <= BCRYPT_BYTES,
    matches: (password) => compare(password, `$2b${match[1]}`),
  };
};

/** `bcrypt_sha256$$2b$12$…` of Django: bcrypt over the SHA-256 of the password in hexadecimal. */
const bcryptSha256: PasswordScheme = (stored) => {
  const known = stored.startsWith(BCRYPT_SHA256_PREFIX) ? bcrypt(stored.slice(BCRYPT_SHA256_PREFIX.length)) : null;
  return (
    known && {
      ...known,
      coversAll: () => true,
      matches: (password) => known.matches(createHash('sha256').update(password).digest('hex')),
    }
  );
};

/** `$scrypt$ln=15,r=8,p=1$salt$hash` (RFC 7914, PHC string format). */
const scryptPhc: PasswordScheme = (stored) => {
  const match = /^\$scrypt\$(ln=\d{1,2},r=\d{1,3},p=\d{1,3})\$([\w+/.-]+)\$([\w+/.-]+)$/.exec(stored);
  const options = scryptOptions(match?.[1]);
  return (
    options &&
    foreign(match?.[2], match?.[3], {
      rounds: () => hashWork.scrypt(options.N, options.r, options.p),
      derive: (password, salt, size) => scryptAsync(password, salt, size, options),
    })
  );
};

/**
 * `$firescrypt$ln=14,r=8,p=1$salt$hash$salt separator$signer key`, as Kratos writes Firebase's scrypt: the project's
 * signer key, encrypted with AES-256-CTR under the key that scrypt derives.
 */
const firebaseScrypt: PasswordScheme = (stored) => {
  const match = FIRESCRYPT.exec(stored);
  const options = scryptOptions(match?.[1]);
  const [separator, signerKey] = [decode(match?.[4]), decode(match?.[5])];
  if (!options || signerKey.length !== decode(match?.[3]).length) return null;
  return foreign(match?.[2], match?.[3], {
    rounds: () => hashWork.scrypt(options.N, options.r, options.p),
    derive: async (password, salt) => {
      const key = await scryptAsync(password, Buffer.concat([salt, separator]), FIRESCRYPT_KEY_BYTES, options);
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(FIRESCRYPT_IV_BYTES));
      return Buffer.concat([cipher.update(signerKey), cipher.final()]);
    },
  });
};

const FIRESCRYPT = /^\$firescrypt\$(ln=\d{1,2},r=\d{1,3},p=\d{1,3})\$([\w+/]+)\$([\w+/]+)\$([\w+/]+)\$([\w+/]+)$/;
const FIRESCRYPT_KEY_BYTES = 32;
const FIRESCRYPT_IV_BYTES = 16;

/** What scrypt takes, out of `ln=15,r=8,p=1`; null where it is too much memory or too many lanes. */
function scryptOptions(parameters = ''): { N: number; r: number; p: number; maxmem: number } | null {
  const [ln = 0, r = 0, p = 0] = parameters.split(/\D+/).slice(1).map(Number);
  const bytes = 128 * 2 ** ln * r;
  if (ln < 1 || r < 1 || p < 1 || p > MAX_HASH_LANES || bytes > MAX_HASH_MEMORY) return null;
  return { N: 2 ** ln, r, p, maxmem: 2 * bytes + 1024 * 1024 };
}

/** `$pbkdf2-sha256$i=600000$salt$hash` (RFC 8018, PHC string format; passlib leaves out `i=`; no suffix is SHA-1). */
const pbkdf2Phc: PasswordScheme = (stored) => {
  const match = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,9})(?:,l=\d{1,4})?\$([\w+/.-]+)\$([\w+/.-]+)$/.exec(
    stored,
  );
  const iterations = Number(match?.[2]);
  if (!match || iterations < 1) return null;
  const digest = (match[1] ?? 'sha1') as Pbkdf2Digest;
  return foreign(match[3], match[4], {
    rounds: (size) => hashWork.pbkdf2(digest, iterations, size),
    derive: (password, salt, size) => pbkdf2Async(password, salt, iterations, size, digest),
  });
};

/** `$argon2id$v=19$m=65536,t=3,p=4$salt$hash` (RFC 9106, PHC string format). */
const argon2id: PasswordScheme = (stored) => {
  const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,4}),p=(\d{1,3})\$([\w+/]{11,})\$([\w+/]{22,172})$/.exec(stored);
  if (!match) return null;
  const [memory = 0, passes = 0, lanes = 0] = match.slice(1, 4).map(Number);
  if (memory < 8 * lanes || passes < 1 || lanes < 1 || lanes > MAX_HASH_LANES) return null;
  if (memory * 1024 > MAX_HASH_MEMORY) return null;
  return {
    own: false,
    rounds: hashWork.argon2id(memory, passes),
    coversAll: () => true,
    matches: async (password) => {
      // Loaded with the first such hash, which only an import brings.
      const { verify } = await import('@node-rs/argon2');
      return verify(stored, password);
    },
  };
};

/**
 * All supported schemes, our own first. To import another one, add its parser here, and where others write it another way, in `import/`; hashes of every scheme but
 * ours are replaced at the next sign-in.
 */
export const PASSWORD_SCHEMES: readonly PasswordScheme[] = [
  own,
  bcrypt,
  bcryptSha256,
  argon2id,
  scryptPhc,
  firebaseScrypt,
  pbkdf2Phc,
];

/**
 * Parses a stored hash with the first matching scheme; null when none matches, or when a check would take more work
 * than `maxRounds` of bcrypt: whatever its scheme, it is then neither imported nor checked.
 */
export function readStoredHash(stored: string, maxRounds: number): StoredHash | null {
  for (const scheme of PASSWORD_SCHEMES) {
    const hash = scheme(stored);
    if (hash) return hash.rounds <= maxRounds ? hash : null;
  }
  return null;
}

const isBcryptCost = (cost: number): boolean => cost >= BCRYPT_COST.min && cost <= BCRYPT_COST.max;

/** How a key is derived from a password, and the work that takes, by its size in bytes. */
interface Derivation {
  rounds(size: number): number;
  derive(password: string, salt: Buffer, size: number): Promise<Buffer>;
}

function foreign(
  saltText: string | undefined,
  hashText: string | undefined,
  { rounds, derive }: Derivation,
): StoredHash | null {
  const salt = decode(saltText);
  const expected = decode(hashText);
  if (expected.length < 16 || expected.length > 128) return null;
  return {
    own: false,
    rounds: rounds(expected.length),
    coversAll: () => true,
    matches: async (password) => timingSafeEqual(await derive(password, salt, expected.length), expected),
  };
}

/** Base64 without padding; passlib writes `.` for `+`. */
function decode(text = ''): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}
