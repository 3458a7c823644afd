import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type ProvedFactor,
  type SecondFactorAttempt,
  SecondFactors,
} from '../../auth/authentication/second-factors.repository.js';
import type { Enrolment } from '../../auth/authorization/roles.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { FactorAttemptsRepository } from '../factor-attempts.repository.js';
import { FactorAttempts, wrongCode } from '../factor-attempts.service.js';
import { AccountFactorsRepository, FACTOR_SECRET, hasApp } from './account-factors.repository.js';
import { stepOf } from './totp.js';

/** The rights that an account needs to add an app; the response reads it. */
export const TOTP_ENROLMENT: Enrolment = { type: 'iam:account_factors', actions: ['create', 'read'] };

/** Codes of authenticator apps as a second factor. */
@Injectable()
export class TotpFactor implements OnModuleInit {
  constructor(
    private readonly registry: SecondFactors,
    private readonly factors: AccountFactorsRepository,
    private readonly attempts: FactorAttempts,
    private readonly counts: FactorAttemptsRepository,
    private readonly secrets: SecretBox,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'totp',
      member: 'code',
      demanded: 'always',
      enrolment: TOTP_ENROLMENT,
      provesAlone: false,
      isHeldBy: hasApp,
      removeAll: (accountId, tx) => this.factors.removeAll(accountId, null, tx),
      verify: (attempt, sent) => this.verify(attempt, String(sent)),
    });
  }

  private async verify({ accountId }: SecondFactorAttempt, sent: string): Promise<ProvedFactor> {
    const attempt = await this.attempts.count(accountId, 'totp');
    const match = await this.find(accountId, sent.replaceAll(' ', ''));
    if (!match) {
      await this.attempts.failed(accountId, 'totp', attempt);
      throw wrongCode('code');
    }
    return {
      amr: ['otp'],
      spend: async (tx) => {
        if (!(await this.factors.accept(match.id, match.step, tx))) throw wrongCode('code');
        await this.counts.forget(accountId, 'totp', tx);
      },
    };
  }

  /** The factor of an account that computed a code, and its step, unless a code of it was accepted before. */
  private async find(accountId: string, code: string): Promise<{ id: string; step: number } | null> {
    const now = Date.now();
    for (const { id, secret, lastStep } of await this.factors.confirmedOf(accountId, this.transactions)) {
      const key = this.secrets.open(FACTOR_SECRET, secret);
      const step = key === null ? null : stepOf(code, key, now);
      if (step !== null && (lastStep === null || step > lastStep)) return { id, step };
    }
    return null;
  }
}
