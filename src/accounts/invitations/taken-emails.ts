import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { TAKEN_EMAIL_CONSTRAINT } from '../../database/errors/constraint-errors.js';
import { constraintOf } from '../../database/errors/sql-state.js';
import { Audit } from '../../events/audit.js';
import { Transactions } from '../../json-api/sql/executor.js';

/**
 * A create that is told that its e-mail is taken has learned of an account that the actor may not be able to read. Each
 * one is in the audit trail, and counts against a limit: the point is taken before the row is tried, so that creates
 * that come at once are no way around it, and given back when the e-mail was free or something else was wrong.
 */
@Injectable()
export class TakenEmails {
  constructor(
    private readonly rateLimiter: RateLimiter,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
  ) {}

  /**
   * Runs a create. Whoever reads all accounts learns nothing by it, and is not limited.
   * @throws ApiError 429; whatever the create throws
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

  /** Without the e-mail and the account that has it: actors may read what they did themselves. */
  private async record({ id }: Actor): Promise<void> {
    const details = { reason: 'email_taken' };
    await this.transactions.run((tx) =>
      this.audit.record(tx, { action: 'iam:accounts.create_rejected', actorId: id, details }),
    );
  }
}
