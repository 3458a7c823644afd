import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type ProvedFactor,
  type SecondFactorAttempt,
  SecondFactors,
} from '../../auth/authentication/second-factors.repository.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { Config } from '../../config/config.js';
import { Audit } from '../../events/audit.js';
import { apiError } from '../../json-api/document/errors.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { FactorAttemptsRepository } from '../factor-attempts.repository.js';
import { FactorAttempts, wrongCode } from '../factor-attempts.service.js';
import { FactorChanges } from '../factor-changes.service.js';
import { FactorsMailer } from '../factors.mailer.js';
import { hashCodes, newCodes, placeOf } from './recovery-codes.js';
import { RecoveryCodesRepository } from './recovery-codes.repository.js';

/** Binary logarithm of scrypt's cost, beyond BCRYPT_COST: some 50 ms at the cost of passwords in production. */
const COST_BEYOND_BCRYPT = 2;

/** Recovery codes: ten at a time, each of which takes the place of a second factor once. */
@Injectable()
export class RecoveryCodesService implements OnModuleInit {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'bcryptCost'>,
    private readonly registry: SecondFactors,
    private readonly codes: RecoveryCodesRepository,
    private readonly attempts: FactorAttempts,
    private readonly counts: FactorAttemptsRepository,
    private readonly changes: FactorChanges,
    private readonly transactions: Transactions,
    private readonly mailer: FactorsMailer,
    private readonly audit: Audit,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'recovery_code',
      member: 'recovery_code',
      demanded: 'never',
      enrolment: null,
      provesAlone: false,
      isHeldBy: this.codes.isHeldBy,
      removeAll: (accountId, tx) => this.codes.removeAll(accountId, tx),
      verify: (attempt, sent) => this.verify(attempt, String(sent)),
    });
  }

  /** Replaces the codes; the new ones are shown once. @throws ApiError 409 without a second factor */
  async make(actor: Actor): Promise<string[]> {
    const codes = newCodes();
    const hashes = await hashCodes(codes, this.config.bcryptCost + COST_BEYOND_BCRYPT);
    await this.transactions.run(async (tx) => {
      await this.changes.lock(actor.id, tx);
      if (!(await this.registry.isHeld(actor.id, tx))) throw apiError('conflict', WITHOUT_FACTOR);
      await this.codes.removeAll(actor.id, tx);
      await this.codes.add(actor.id, hashes, tx);
      await this.counts.forget(actor.id, 'recovery_code', tx);
      const target = { type: 'iam:accounts', id: actor.id };
      await this.audit.record(tx, { action: 'iam:accounts.recovery_codes_made', actorId: actor.id, target });
      await this.mailer.queueChange(tx, actor.id, 'recovery_codes_made');
    });
    return codes;
  }

  /** How many codes an account has left. */
  left(accountId: string): Promise<number> {
    return this.codes.count(accountId, this.transactions);
  }

  private async verify({ accountId }: SecondFactorAttempt, sent: string): Promise<ProvedFactor> {
    const attempt = await this.attempts.count(accountId, 'recovery_code');
    const stored = await this.codes.of(accountId, this.transactions);
    const match =
      stored[
        await placeOf(
          sent,
          stored.map(({ hash }) => hash),
        )
      ];
    if (!match) {
      await this.attempts.failed(accountId, 'recovery_code', attempt);
      throw wrongCode('recovery_code');
    }
    return {
      amr: ['rcv'],
      spend: async (tx) => {
        if (!(await this.codes.use(match.id, tx))) throw wrongCode('recovery_code');
        await this.counts.forget(accountId, 'recovery_code', tx);
        const left = await this.codes.count(accountId, tx);
        const event = { actorId: accountId, target: { type: 'iam:accounts', id: accountId }, details: { left } };
        await this.audit.record(tx, { ...event, action: 'iam:accounts.recovery_code_used' });
        await this.mailer.queueUse(tx, accountId, left);
      },
    };
  }
}

const WITHOUT_FACTOR = 'Recovery codes take the place of a second factor: add one first';
