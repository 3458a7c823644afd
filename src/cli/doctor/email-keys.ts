import type { DataSource } from 'typeorm';
import { staleKeys } from '../accounts/email-keys.js';
import { about, type Finding } from './finding.js';

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
