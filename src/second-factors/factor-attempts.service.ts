import { Injectable } from '@nestjs/common';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import { Audit } from '../events/audit.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import { brokenRule, type Rule } from '../json-api/document/rules.js';
import { Transactions } from '../json-api/sql/sql.js';
import { type CodeMethod, type CountedAttempt, FactorAttemptsRepository } from './factor-attempts.repository.js';
import { FactorsMailer } from './factors.mailer.js';

/** Validation rules of codes, with their messages. */
export const CODE_RULES = {
  wrong_code: {
    text: '{name} is wrong, has expired or was used before',
    description: 'a code of a second factor; the code of the error is `invalid_credentials`',
  },
} as const satisfies Record<string, Rule>;

/** The error of a wrong code. @param member of the body */
export const wrongCode = (member: 'code' | 'recovery_code'): ApiError => {
  const broken = brokenRule(['wrong_code', CODE_RULES.wrong_code], { name: member, source: { pointer: `/${member}` } });
  return new ApiError([{ ...broken, code: 'invalid_credentials' }], CHALLENGE);
};

/** Attempts at codes: counted before they are checked, and locked after too many failures. */
@Injectable()
export class FactorAttempts {
  constructor(
    private readonly attempts: FactorAttemptsRepository,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
    private readonly mailer: FactorsMailer,
  ) {}

  /** Counts an attempt. @throws ApiError 429 while codes are locked, with `Retry-After` */
  async count(accountId: string, method: CodeMethod): Promise<CountedAttempt> {
    const attempt = await this.attempts.count(accountId, method);
    if (!attempt.isLocked) return attempt;
    const seconds = Math.max(1, Math.ceil((attempt.lockedUntil.getTime() - Date.now()) / 1000));
    const headers = { 'Retry-After': String(seconds) };
    const detail = `Too many wrong codes; try again in ${seconds} seconds`;
    throw apiError('too_many_requests', detail, undefined, { headers });
  }

  /** Records that an attempt failed; the owner is mailed when it locks the codes. */
  async failed(accountId: string, method: CodeMethod, { lockedUntil }: CountedAttempt): Promise<void> {
    const event = { actorId: null, target: { type: 'iam:accounts', id: accountId } };
    await this.transactions.run(async (tx) => {
      await this.audit.record(tx, {
        ...event,
        action: 'iam:account_auths.second_factor_failed',
        details: { method },
      });
      if (lockedUntil === null) return;
      const details = { method, until: lockedUntil.toISOString() };
      await this.audit.record(tx, { ...event, action: 'iam:account_factors.locked', details });
      await this.mailer.queueLocked(tx, accountId, method, lockedUntil);
    });
  }
}
