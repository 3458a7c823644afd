import { Injectable } from '@nestjs/common';
import { type Sql, sql, type Transaction } from '../json-api/sql/sql.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** How often the factors of an account were changed. */
export const PERSONAL_FACTOR_STATES: PersonalTable = {
  table: 'account_factor_states',
  key: 'account_id',
  accounts: { account_id: [] },
};

/** The version of an account's factors; 0 where there never were any. @param account the account's id */
export const factorVersionOf = (account: Sql): Sql =>
  sql`coalesce((SELECT version FROM account_factor_states WHERE account_id = ${account}), 0)`;

/** The versions of the second factors of accounts. */
@Injectable()
export class FactorStatesRepository {
  /** Raises the version of an account's factors. */
  async raise(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      INSERT INTO account_factor_states AS known (account_id, version) VALUES (${accountId}, 1)
      ON CONFLICT (account_id) DO UPDATE SET version = known.version + 1`);
  }
}
