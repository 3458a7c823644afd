import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import type { PersonalTable } from '../../personal-data/personal-data.js';

/** That an account has recovery codes, without their hashes. */
export const PERSONAL_RECOVERY_CODES: PersonalTable = {
  table: 'account_recovery_codes',
  key: 'id',
  accounts: { account_id: ['hash'] },
};

/** A recovery code as it is stored. */
export interface StoredCode {
  readonly id: string;
  readonly hash: string;
}

/** The unused recovery codes of accounts. */
@Injectable()
export class RecoveryCodesRepository {
  /** The condition that an account has one. @param account the account's id */
  readonly isHeldBy = (account: Sql): Sql =>
    sql`EXISTS (SELECT FROM account_recovery_codes code WHERE code.account_id = ${account})`;

  of(accountId: string, database: Pick<Transaction, 'query'>): Promise<StoredCode[]> {
    return database.query<StoredCode>(
      sql`SELECT id, hash FROM account_recovery_codes WHERE account_id = ${accountId} ORDER BY id`,
    );
  }

  /** The number of an account's unused codes. */
  async count(accountId: string, database: Pick<Transaction, 'query'>): Promise<number> {
    const [row] = await database.query<{ left: number }>(
      sql`SELECT count(*)::int AS left FROM account_recovery_codes WHERE account_id = ${accountId}`,
    );
    return row?.left ?? 0;
  }

  async add(accountId: string, hashes: readonly string[], tx: Transaction): Promise<void> {
    await tx.query(sql`
      INSERT INTO account_recovery_codes (id, account_id, hash)
      SELECT id, ${accountId}::uuid, hash
      FROM unnest(${hashes.map(() => uuidv7())}::uuid[], ${hashes}::text[]) AS made (id, hash)`);
  }

  /** Uses a code. False when it was used or replaced meanwhile. */
  async use(id: string, tx: Transaction): Promise<boolean> {
    return (await tx.query(sql`DELETE FROM account_recovery_codes WHERE id = ${id} RETURNING id`)).length > 0;
  }

  /** Removes those of an account, or those that were made since then. */
  async removeAll(accountId: string, tx: Transaction, since: Date | null = null): Promise<void> {
    await tx.query(sql`
      DELETE FROM account_recovery_codes
      WHERE account_id = ${accountId} AND (${since}::timestamptz IS NULL OR created_at >= ${since}::timestamptz)`);
  }
}
