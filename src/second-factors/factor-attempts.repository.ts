import { Injectable } from '@nestjs/common';
import { sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** Failed attempts at the codes of an account. */
export const PERSONAL_ATTEMPTS: PersonalTable = {
  table: 'factor_attempts',
  key: 'method',
  accounts: { account_id: [] },
};

/** What is counted separately. */
export type CodeMethod = 'totp' | 'recovery_code';

/** Failures after which codes are locked. */
export const MAX_FAILURES = 10;
/** How long they are locked, in seconds: at first, and at most. Each further lock is twice as long as the one before. */
const LOCK_SECONDS = 15 * 60;
const MAX_LOCK_SECONDS = 24 * 3_600;

/** An attempt that was counted, before it is known whether it succeeds. */
export interface CountedAttempt {
  readonly isLocked: false;
  /** Until when codes are locked should this attempt fail; null where it is not the last one. */
  readonly lockedUntil: Date | null;
}

/** An attempt that is rejected. */
export interface LockedAttempt {
  readonly isLocked: true;
  readonly lockedUntil: Date;
}

/** Counts attempts at codes, over all sign-ins and instances. It is not switched off by THROTTLE_DISABLED. */
@Injectable()
export class FactorAttemptsRepository {
  constructor(private readonly transactions: Transactions) {}

  /**
   * Counts an attempt as failed, before it is checked, by one statement, so that of concurrent attempts at most
   * {@link MAX_FAILURES} are checked. The last of them starts a lock, which ends if that attempt succeeds.
   */
  async count(accountId: string, method: CodeMethod): Promise<CountedAttempt | LockedAttempt> {
    const [counted] = await this.transactions.query<{ lockedUntil: Date | null }>(sql`
      INSERT INTO factor_attempts AS known (account_id, method, failures, locks) VALUES (${accountId}, ${method}, 1, 0)
      ON CONFLICT (account_id, method) DO UPDATE SET
        failures = CASE WHEN known.failures >= ${MAX_FAILURES}::int THEN 1 ELSE known.failures + 1 END,
        locks = known.locks + CASE WHEN known.failures = ${MAX_FAILURES - 1}::int THEN 1 ELSE 0 END,
        locked_until = CASE WHEN known.failures = ${MAX_FAILURES - 1}::int THEN now() + make_interval(
          secs => LEAST(${LOCK_SECONDS}::int * 2 ^ LEAST(known.locks, 20), ${MAX_LOCK_SECONDS}::int)) END
      WHERE known.locked_until IS NULL OR known.locked_until <= now()
      RETURNING locked_until AS "lockedUntil"`);
    if (counted) return { isLocked: false, ...counted };
    const [row] = await this.transactions.query<{ lockedUntil: Date | null }>(sql`
      SELECT locked_until AS "lockedUntil" FROM factor_attempts
      WHERE account_id = ${accountId} AND method = ${method} AND locked_until > now()`);
    // A success has ended the lock meanwhile, so this attempt counts.
    return row?.lockedUntil ? { isLocked: true, lockedUntil: row.lockedUntil } : this.count(accountId, method);
  }

  /** Deletes the counts of an account, of one method or of all. */
  async forget(accountId: string, method: CodeMethod | null, tx: Transaction): Promise<void> {
    await tx.query(sql`
      DELETE FROM factor_attempts
      WHERE account_id = ${accountId} AND (${method}::text IS NULL OR method = ${method})`);
  }
}
