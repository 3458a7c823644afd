import { deflateRawSync } from 'node:zlib';

/** Minimum entropy of an encryption secret, in bits: 16 random bytes have 128, and estimates are rough. */
const MIN_BITS = 96;
/** Words between separators, as people write them; random output hardly ever has this form. */
const PROSE = /^[A-Z]?[a-z]+(?:[ _.,;-]+(?:[A-Z]?[a-z]+|\d{1,4}))*[.!?]?$/;
/** Words of examples and placeholders. */
const PLACEHOLDER = /secret|passw|change|example|replace|default|insert|placeholder|development|production|localhost/i;
/** A sequence of consecutive characters, such as `abcdefgh` or `87654321`. */
const MAX_COUNTING_RUN = 6;

/**
 * Whether a secret appears to be randomly generated. What people type has little entropy: words, repetitions and
 * sequences are in every cracking list.
 */
export function looksRandom(secret: string): boolean {
  if (PROSE.test(secret) || PLACEHOLDER.test(secret) || longestCountingRun(secret) > MAX_COUNTING_RUN) return false;
  return Math.min(shannonBits(secret), compressedBits(secret)) >= MIN_BITS;
}

/** Bits if each character were drawn by the frequencies that the text itself has (Shannon 1948). */
function shannonBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - count * Math.log2(count / text.length), 0);
}

/** Entropy in bits when repeated parts count once. */
const compressedBits = (text: string): number => 8 * deflateRawSync(text, { level: 9 }).length;

function longestCountingRun(text: string): number {
  let longest = 1;
  for (let at = 1, run = 1, last = 0; at < text.length; at++) {
    const step = text.charCodeAt(at) - text.charCodeAt(at - 1);
    run = Math.abs(step) === 1 && step === last ? run + 1 : 2;
    last = step;
    longest = Math.max(longest, Math.abs(step) === 1 ? run : 1);
  }
  return longest;
}
