import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit } from '../events/audit.js';
import { Transactions } from '../json-api/sql/sql.js';
import { BrowserSessions } from '../sign-in/sign-in.service.js';
import { type SignedIn, signInFailed } from '../sign-in/session-starts.service.js';
import { notAccepted, PasskeyProofs, type SentProof } from './passkey-proofs.service.js';

/** Signs in by discoverable credential: the passkey identifies its account. */
@Injectable()
export class PasskeySignInService {
  constructor(
    private readonly proofs: PasskeyProofs,
    private readonly browsers: BrowserSessions,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
  ) {}

  /**
   * Starts a session. Sets no tokens; see `BrowserSessions.setCookies`. An unknown passkey, a wrong signature and an
   * invalid challenge are the same error.
   * @throws ApiError 401 `invalid_credentials`; 401 `account_disabled`; 404 where passkeys are off; those of the requirements
   */
  async signIn(request: FastifyRequest, reply: FastifyReply, sent: SentProof): Promise<SignedIn> {
    const proof = await this.proofs.verify('sign_in', sent, null);
    if ('rejected' in proof) {
      await this.transactions.run((tx) => this.audit.record(tx, signInFailed(proof.rejected, 'invalid_passkey')));
      throw notAccepted();
    }
    return this.browsers.start(request, reply, { ...proof, amr: [...proof.amr, 'mfa'] });
  }
}
