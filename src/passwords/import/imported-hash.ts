import { readStoredHash } from '../hashing/password.schemes.js';
import type { FirebaseHashConfig } from './firebase.js';
import { readHashObject } from './hash-object.js';
import { readHashText } from './hash-text.js';

/** What is stored of a hash that an import brings: null where there is no password, or what is wrong with it. */
export type ImportedHash = { readonly stored: string | null } | { readonly error: string };

/**
 * Reads a password hash as another system exports it, and gives it in the one form in which it is stored. What is wrong
 * is a sentence that begins with a verb, names the format, and quotes nothing of the hash.
 * @param supports whether a stored form is understood and within the budget (`HASH_MAX_COST`)
 * @param firebase what the hashes of a Firebase project have in common; null where none was named
 */
export function readImportedHash(
  value: unknown,
  supports: (stored: string) => boolean,
  firebase: FirebaseHashConfig | null,
): ImportedHash {
  const reading = readAny(value, firebase);
  if ('error' in reading || reading.stored === null || supports(reading.stored)) return reading;
  // Without the budget: is it the work, or did the parts make no hash?
  const bearable = readStoredHash(reading.stored, Infinity) !== null;
  return {
    error: bearable
      ? `is ${reading.format} of more work than HASH_MAX_COST allows: raise it, or leave the hash out`
      : `is ${reading.format}, and not well-formed, or it needs more than 256 MiB of memory or 16 lanes`,
  };
}

function readAny(value: unknown, firebase: FirebaseHashConfig | null) {
  if (value === null || value === undefined) return { stored: null };
  if (typeof value === 'string') return readHashText(value);
  if (typeof value === 'object') return readHashObject(value, firebase);
  return { error: 'must be a text or an object' };
}
