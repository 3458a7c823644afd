/**
 * What checking a hash costs, for every scheme in one unit: rounds of bcrypt, of which cost c has 2^c. One round took
 * 0.06 ms of a core where the factors were measured (x86-64 with SHA extensions); `test/passwords/hash-work.spec.ts`
 * measures them again.
 */
const ROUNDS = {
  /** One iteration over one block of output. */
  pbkdf2: { sha1: 0.005, sha256: 0.005, sha512: 0.01 },
  /** One of N × r × p. */
  scrypt: 0.007,
  /** One pass over a KiB. */
  argon2id: 0.01,
} as const;

/** Bytes of one block of PBKDF2's output. */
const BLOCK = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** Digests that PBKDF2 is known with. */
export type Pbkdf2Digest = keyof typeof BLOCK;

/** The work of one check, in rounds of bcrypt. */
export const hashWork = {
  bcrypt: (cost: number): number => 2 ** cost,
  pbkdf2: (digest: Pbkdf2Digest, iterations: number, size: number): number =>
    ROUNDS.pbkdf2[digest] * iterations * Math.ceil(size / BLOCK[digest]),
  scrypt: (n: number, r: number, p: number): number => ROUNDS.scrypt * n * r * p,
  argon2id: (kib: number, passes: number): number => ROUNDS.argon2id * kib * passes,
} as const;

/** One hash may use so much memory, in bytes, whatever its work: as many run at a time as there are cores. */
export const MAX_HASH_MEMORY = 256 * 1024 * 1024;
/** One hash may be spread over so many lanes. */
export const MAX_HASH_LANES = 16;
