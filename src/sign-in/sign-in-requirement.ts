import type { DeviceClient } from '../auth/sessions/device-trust.js';
import type { AuthenticationMethod, LiveSession, SessionAccount } from '../auth/sessions/session.js';
import type { AccountColumns } from '../auth/sessions/session.store.js';
import type { ApiError } from '../json-api/document/errors.js';
import type { Sql, Transaction } from '../json-api/sql/sql.js';
import type { FederatedIdentity } from '../one-time-tokens/token-purposes.js';

/** How an account proved who it is, whatever it proved it with. */
export interface SignInProof {
  readonly accountId: string;
  /** `mfa` stands in it where the proof is one of several factors: then no second one is asked for. */
  readonly amr: readonly AuthenticationMethod[];
  /** The version of the password that was given; the session starts only while it is the present one. */
  readonly password?: {
    readonly version: number;
    /** A new hash of the same password, where the stored one is outdated. */
    readonly rehashed: string | null;
  };
  /** Slug of the identity provider that answered for the account. */
  readonly provider?: string;
  /**
   * Uses the proof up, such as a token or a code, in the transaction that starts the session. What it writes is kept
   * where a requirement is not met, too.
   * @throws ApiError where the proof no longer counts; then nothing of the transaction does
   */
  readonly spend?: (tx: Transaction, account: SessionAccount) => Promise<void>;
  /** Whether the device needs no second factor from now on. */
  readonly trustDevice?: boolean;
  /** The identity at that provider. */
  readonly identity?: FederatedIdentity;
}

/** Where a session starts from. */
export type SignInClient = DeviceClient;

/** What a requirement is decided by. */
export interface SignInCandidate {
  /** Locked until the transaction ends. */
  readonly account: SessionAccount;
  readonly proof: SignInProof;
  readonly client: SignInClient;
  /** Version of the account's password; 0 where there never was one. */
  readonly passwordVersion: number;
}

/** What must be true for a session to start, besides the proof. */
export interface SignInRequirement {
  /** The condition, in SQL, that an account may not meet it: `unmet` is asked only then. */
  readonly concerns: (account: AccountColumns) => Sql;
  /** Null where it is met, else the error: returned, so that what it wrote is committed, such as a token for a next step. */
  readonly unmet: (tx: Transaction, candidate: SignInCandidate) => Promise<ApiError | null>;
}

/**
 * Writes what belongs to a session of an identity, in the transaction that has just started it.
 * @throws ApiError where the proof no longer counts; then there is no session
 */
export type SessionStartStep = (
  tx: Transaction,
  session: LiveSession,
  candidate: Pick<SignInCandidate, 'account' | 'proof'>,
) => Promise<void>;
