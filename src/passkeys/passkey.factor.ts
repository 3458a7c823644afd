import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type ProvedFactor,
  type SecondFactorAttempt,
  SecondFactors,
} from '../auth/authentication/second-factors.repository.js';
import type { Enrolment } from '../auth/authorization/roles.js';
import { Audit } from '../events/audit.js';
import { FALSE, Transactions } from '../json-api/sql/sql.js';
import { AccountPasskeysRepository, hasPasskey } from './account-passkeys.repository.js';
import { PasskeyChallenges } from './passkey-challenges.service.js';
import { notAccepted, PasskeyProofs } from './passkey-proofs.service.js';
import { proofIn } from './webauthn/responses.js';

/** The rights that an account needs to add a passkey; the response reads it. */
export const PASSKEY_ENROLMENT: Enrolment = { type: 'iam:account_passkeys', actions: ['create', 'read'] };

/**
 * Passkeys as second factors. After a password one is asked for only where a second factor is required. It reauthenticates
 * a session without the password, since it is two factors.
 */
@Injectable()
export class PasskeyFactor implements OnModuleInit {
  constructor(
    private readonly factors: SecondFactors,
    private readonly passkeys: AccountPasskeysRepository,
    private readonly challenges: PasskeyChallenges,
    private readonly proofs: PasskeyProofs,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
  ) {}

  onModuleInit(): void {
    this.factors.register({
      name: 'passkey',
      member: 'passkey',
      demanded: 'where_required',
      enrolment: this.challenges.areOn ? PASSKEY_ENROLMENT : null,
      provesAlone: true,
      isHeldBy: this.challenges.areOn ? hasPasskey : () => FALSE,
      removeAll: async (accountId, tx) => void (await this.passkeys.removeSince(accountId, new Date(0), tx)),
      verify: (attempt, sent) => this.verify(attempt, sent),
    });
  }

  private async verify({ accountId, purpose }: SecondFactorAttempt, sent: unknown): Promise<ProvedFactor> {
    const proved = await this.proofs.verify(purpose, proofIn(sent, '/passkey'), accountId);
    if ('rejected' in proved) {
      const event = { actorId: null, target: { type: 'iam:accounts', id: accountId }, details: { factor: 'passkey' } };
      const action = 'iam:account_auths.second_factor_failed';
      await this.transactions.run((tx) => this.audit.record(tx, { ...event, action }));
      throw notAccepted();
    }
    return proved;
  }
}
