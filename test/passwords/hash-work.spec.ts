import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { hashSync as argon2 } from '@node-rs/argon2';
import { hashSync as bcrypt } from 'bcrypt';
import { hashWork } from '../../src/passwords/hashing/hash-queue.js';

/** The least processor time of several runs, in ms: what else the machine does hardly counts. */
function processorMs(work: () => unknown): number {
  let least = Infinity;
  for (let run = 0; run < 5; run++) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

const SCRYPT = { N: 2 ** 14, r: 8, p: 1 };
const KINDS: [what: string, rounds: number, work: () => unknown][] = [
  ['PBKDF2-SHA-1', hashWork.pbkdf2('sha1', 100_000, 20), () => pbkdf2Sync('p', 'salt', 100_000, 20, 'sha1')],
  ['PBKDF2-SHA-256', hashWork.pbkdf2('sha256', 100_000, 32), () => pbkdf2Sync('p', 'salt', 100_000, 32, 'sha256')],
  [
    'PBKDF2-SHA-512 of two blocks',
    hashWork.pbkdf2('sha512', 30_000, 128),
    () => pbkdf2Sync('p', 's', 30_000, 128, 'sha512'),
  ],
  ['scrypt', hashWork.scrypt(SCRYPT.N, SCRYPT.r, SCRYPT.p), () => scryptSync('p', 'salt', 32, SCRYPT)],
  ['argon2id', hashWork.argon2id(19_456, 2), () => argon2('p', { memoryCost: 19_456, timeCost: 2, parallelism: 1 })],
];

// Processor time depends on what else runs on the same core.
jest.retryTimes(3);

describe('The work of a hash', () => {
  it.each(KINDS)('of %s takes about as long as so many rounds of bcrypt', (what, rounds, work) => {
    const msPerRound = processorMs(() => bcrypt('p', 9)) / hashWork.bcrypt(9);
    const measured = processorMs(work) / msPerRound;
    // Without SHA extensions PBKDF2 takes four times as long.
    expect({ what, tooLow: measured > rounds * 5, tooHigh: measured < rounds / 3 }).toEqual({
      what,
      tooLow: false,
      tooHigh: false,
    });
  });

  it('of one more cost of bcrypt is twice as much', () => {
    expect(hashWork.bcrypt(13)).toBe(2 * hashWork.bcrypt(12));
  });
});
