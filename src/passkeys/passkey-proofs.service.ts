import { Injectable } from '@nestjs/common';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import type { AuthenticationMethod } from '../auth/sessions/session.js';
import { Audit } from '../events/audit.js';
import { apiError } from '../json-api/document/errors.js';
import { type Transaction, Transactions } from '../json-api/sql/sql.js';
import { AccountPasskeysRepository, type PasskeyUse, type StoredPasskey } from './account-passkeys.repository.js';
import { type Ceremony, type ChallengePurpose, PasskeyChallenges } from './passkey-challenges.service.js';
import { PasskeyMailer } from './passkey.mailer.js';
import { requestOptions, verifyAssertion } from './webauthn/assertion.js';
import { methodsOf, userHandleOf } from './webauthn/attestation.js';
import type { AssertionResponse } from './webauthn/responses.js';

/** The uses of a passkey that has been added. */
export type ProofPurpose = Exclude<ChallengePurpose, 'registration'>;

/** A passkey's response, as a browser sends it. */
export interface SentProof {
  readonly transaction: string;
  readonly response: AssertionResponse;
}

/** An account that has proved who it is. */
export interface PasskeyProof {
  readonly accountId: string;
  /** A passkey is two factors: something that the owner has, and a PIN or a fingerprint. */
  readonly amr: readonly AuthenticationMethod[];
  /**
   * Records the use, in the transaction that it is for.
   * @throws ApiError 401 `invalid_credentials` when the passkey was removed or used with this counter meanwhile
   */
  readonly spend: (tx: Transaction) => Promise<void>;
}

/** A response that is not accepted. */
export interface RejectedProof {
  /** Whose passkey it was; null when unknown. */
  readonly rejected: string | null;
}

type Options = Awaited<ReturnType<typeof requestOptions>>;

/** Authenticates accounts by passkey. */
@Injectable()
export class PasskeyProofs {
  constructor(
    private readonly transactions: Transactions,
    private readonly passkeys: AccountPasskeysRepository,
    private readonly challenges: PasskeyChallenges,
    private readonly mailer: PasskeyMailer,
    private readonly rateLimiter: RateLimiter,
    private readonly audit: Audit,
  ) {}

  /**
   * A challenge, and the options that browsers take.
   * @param accountId null for a sign-in, whose options are always the same
   * @throws ApiError 404 where passkeys are off; 409 when the account has none
   */
  async options(purpose: ProofPurpose, accountId: string | null): Promise<Ceremony<Options>> {
    const { party } = this.challenges;
    const allowed = accountId === null ? [] : await this.passkeys.credentialsOf(accountId, this.transactions);
    // With an empty list, browsers would offer the passkeys of other accounts.
    if (accountId !== null && allowed.length === 0) throw apiError('conflict', 'The account has no passkey');
    const { transaction, ...challenge } = await this.challenges.issue(purpose, accountId);
    return { transaction, options: await requestOptions(party, allowed, challenge) };
  }

  /**
   * Verifies a response. Its challenge is used up even when the response is not valid.
   * @param accountId the account that must have made it; null for any
   * @throws ApiError 404 where passkeys are off
   */
  async verify(
    purpose: ProofPurpose,
    { transaction, response }: SentProof,
    accountId: string | null,
  ): Promise<PasskeyProof | RejectedProof> {
    const { party } = this.challenges;
    const spent = await this.challenges.spend(purpose, transaction);
    if (!spent || spent.accountId !== accountId) return { rejected: accountId };
    const passkey = await this.passkeys.findByCredential(Buffer.from(response.id, 'base64url'), this.transactions);
    if (!passkey || (accountId !== null && passkey.accountId !== accountId)) return { rejected: accountId };
    const rejected = { rejected: passkey.accountId };
    if (!isOfOwner(response, passkey.accountId, accountId !== null)) return rejected;
    const use = await verifyAssertion(response, party, { challenge: spent.challenge, passkey });
    if (!use) return rejected;
    if (isRepeated(passkey, use)) {
      await this.reportCopy(passkey, use);
      return rejected;
    }
    return {
      accountId: passkey.accountId,
      amr: methodsOf(passkey),
      spend: async (tx) => {
        if (!(await this.passkeys.recordUse(passkey.id, use, tx))) throw notAccepted();
      },
    };
  }

  private async reportCopy({ id, accountId, name, signCount: stored }: StoredPasskey, use: PasskeyUse): Promise<void> {
    const details = { account_id: accountId, counter: use.signCount, last_counter: stored };
    const target = { type: 'iam:account_passkeys', id };
    const isMailed = await this.rateLimiter.isAllowed('copied_passkey_mail', { accountId });
    await this.transactions.run(async (tx) => {
      await this.audit.record(tx, { action: 'iam:account_passkeys.copy_detected', actorId: null, target, details });
      if (isMailed) await this.mailer.queue(tx, 'copied', { accountId, passkey: name });
    });
  }
}

/** Whether the user handle is the owner's. It is optional only where the account was known (WebAuthn, 7.2). */
function isOfOwner({ response: { userHandle } }: AssertionResponse, ownerId: string, isKnown: boolean): boolean {
  if (userHandle === null || userHandle === undefined) return isKnown;
  return Buffer.from(userHandle, 'base64url').equals(userHandleOf(ownerId));
}

/** Whether the counter of a key that is bound to one device has not grown: there may be a copy of the key (WebAuthn, 6.1.1). */
const isRepeated = ({ backupEligible, signCount }: StoredPasskey, use: PasskeyUse): boolean =>
  !backupEligible && (signCount > 0 || use.signCount > 0) && use.signCount <= signCount;

/** The error of every response that is not accepted. */
export const notAccepted = () =>
  apiError(
    'invalid_credentials',
    'The passkey was not accepted; ask for new options and try again',
    undefined,
    CHALLENGE,
  );
