import type { DataSource } from 'typeorm';
import { PostgresTransactions } from '../../database/transactions.js';
import { CredentialsRepository } from '../../passwords/credentials.repository.js';
import { hashWork } from '../../passwords/hashing/hash-queue.js';
import { readStoredHash } from '../../passwords/hashing/password.schemes.js';
import { about, type Finding, type Values } from './finding.js';
import { staleKeys } from '../accounts/email-keys.js';

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

/** Maximum number of reported collisions; then only their number. */
const MAX_NAMED = 20;

/** Accounts with an outdated e-mail key, and collisions with other accounts. */
export async function emailKeyFindings(dataSource: DataSource): Promise<Finding[]> {
  const { problem } = about('accounts');
  const named: Finding[] = [];
  let collisions = 0;
  let stale = 0;
  for await (const batch of staleKeys(dataSource)) {
    for (const { id, heldBy } of batch) {
      if (heldBy === null) stale++;
      else if (++collisions <= MAX_NAMED) {
        const todo = 'Delete one, then run: npx iam accounts rekey';
        named.push(problem(`${id} and ${heldBy} have the same mailbox, and the first cannot sign in. ${todo}`));
      }
    }
  }
  if (collisions > MAX_NAMED) named.push(problem(`${collisions} accounts in all have the mailbox of another one.`));
  const text = `${stale} cannot sign in, since their e-mail keys are outdated. Run: npx iam accounts rekey`;
  return stale > 0 ? [...named, problem(text)] : named;
}
