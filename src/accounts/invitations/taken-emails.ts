import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { TAKEN_EMAIL_CONSTRAINT } from '../../database/errors/constraint-errors.js';
import { constraintOf } from '../../database/errors/sql-state.js';
import { Audit } from '../../events/audit.js';
import { Transactions } from '../../json-api/sql/sql.js';

/**
 * An error that says that an e-mail is taken reveals an account that the actor may not be able to read. Each
 * one is recorded in the audit trail and counts against a limit. The point is taken before the insert, so that concurrent creates
 * cannot bypass the limit, and refunded when the e-mail was free or another error occurred.
 */
@Injectable()
export class TakenEmails {
  constructor(
    private readonly rateLimiter: RateLimiter,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
  ) {}

  /**
   * Runs a create. An actor that may read all accounts is not limited.
   * @throws ApiError 429; and any error of the create
   */
  async watch<Result>(actor: Actor, create: () => Promise<Result>): Promise<Result> {
    const limited = !actor.can('iam:accounts', 'read', '*');
    if (limited) await this.rateLimiter.count('taken_email', { actorId: actor.id });
    let taken = false;
    try {
      return await create();
    } catch (error) {
      taken = constraintOf(error) === TAKEN_EMAIL_CONSTRAINT;
      if (taken) await this.record(actor);
      throw error;
    } finally {
      if (limited && !taken) await this.rateLimiter.refund('taken_email', { actorId: actor.id });
    }
  }

  /** Without the e-mail and the existing account, since actors may read their own audit events. */
  private async record({ id }: Actor): Promise<void> {
    const details = { reason: 'email_taken' };
    await this.transactions.run((tx) =>
      this.audit.record(tx, { action: 'iam:accounts.create_rejected', actorId: id, details }),
    );
  }
}
