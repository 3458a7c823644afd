import type { DataSource } from 'typeorm';
import { PostgresTransactions } from '../../database/transactions.js';
import { CredentialsRepository } from '../../passwords/credentials.repository.js';
import { hashWork } from '../../passwords/hashing/hash-queue.js';
import { readStoredHash } from '../../passwords/hashing/password.schemes.js';
import { about, type Finding, type Values } from './finding.js';

/** Hashes per batch. */
const BATCH = 10_000;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Counts the accounts whose stored hash exceeds `HASH_MAX_COST`, so that sign-in rejects it: for example after an
 * import with a higher limit. Reads every hash once.
 */
export async function hashFindings(
  dataSource: DataSource,
  { HASH_MAX_COST: maxCost }: Values<'HASH_MAX_COST'>,
): Promise<Finding[]> {
  const credentials = new CredentialsRepository(new PostgresTransactions(dataSource));
  const budget = hashWork.bcrypt(maxCost);
  let beyond = 0;
  for (let last: string | undefined = FIRST_UUID; last !== undefined;) {
    const rows = await credentials.hashesAfter(last, BATCH);
    beyond += rows.filter(({ hashedPassword }) => readStoredHash(hashedPassword, budget) === null).length;
    last = rows.length < BATCH ? undefined : rows.at(-1)?.accountId;
  }
  if (beyond === 0) return [];
  const who = beyond === 1 ? '1 account has a hash' : `${beyond} accounts have hashes`;
  const advice = 'they cannot sign in until they reset their password. Raise it to what they were imported with.';
  return [about('accounts').warning(`${who} of more work than HASH_MAX_COST=${maxCost} allows: ${advice}`)];
}
