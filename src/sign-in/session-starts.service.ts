import { Inject, Injectable } from '@nestjs/common';
import { Roles } from '../auth/authorization/roles.js';
import { type DeviceClient, type DeviceCookie, DeviceTrust } from '../auth/sessions/device-trust.js';
import type { AuthenticationMethod, LiveSession, SessionAccount } from '../auth/sessions/session.js';
import { type AccountColumns, SessionStore } from '../auth/sessions/session.store.js';
import { KnownDevice } from '../auth/tokens/cookies.js';
import { Config } from '../config/config.js';
import { Audit } from '../events/audit.js';
import { ApiError } from '../json-api/document/errors.js';
import { type Sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import type { FederatedIdentity } from '../one-time-tokens/token-purposes.js';
import { CredentialsRepository } from '../passwords/credentials.repository.js';
import { NewSignInMailer } from './new-sign-in.mailer.js';
import { disabled, invalidCredentials, onSession, SessionTokens, type SignedIn } from './signed-in.js';

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

/** What must be true for a session to start. A module registers its own in `onModuleInit`. */
@Injectable()
export class SignInRequirements {
  private readonly requirements: SignInRequirement[] = [];
  private readonly steps: SessionStartStep[] = [];
  /** Those of the requirements, in their order; put together at the first sign-in after one was registered. */
  private conditions: readonly Sql[] | undefined;

  constructor(private readonly sessions: SessionStore) {}

  register(requirement: SignInRequirement): void {
    this.requirements.push(requirement);
    this.renew();
  }

  /** Adds one that comes before all others, such as one that no further step can meet. */
  registerFirst(requirement: SignInRequirement): void {
    this.requirements.unshift(requirement);
    this.renew();
  }

  /** Has the conditions put together again, where what one is made of has changed. */
  renew(): void {
    this.conditions = undefined;
  }

  /** Adds what is written with every session of an identity. */
  registerIdentityStep(step: SessionStartStep): void {
    this.steps.push(step);
  }

  /** Runs every step, in the order in which they were registered. */
  async started(...[tx, session, candidate]: Parameters<SessionStartStep>): Promise<void> {
    for (const step of this.steps) await step(tx, session, candidate);
  }

  /** The requirements that concern an account, by one statement. Its row must be locked. */
  async concerning(accountId: string, tx: Transaction): Promise<SignInRequirement[]> {
    this.conditions ??= this.requirements.map(({ concerns }) => concerns(this.sessions.accountColumns));
    const met = await this.sessions.accountMeets(tx, accountId, this.conditions);
    return this.requirements.filter((_requirement, place) => met[place]);
  }
}

/** A session that has just started. */
export interface StartedSession extends SignedIn {
  readonly account: SessionAccount;
  /** Version of the account's password; 0 where there never was one. */
  readonly passwordVersion: number;
  /** The cookie of the device, where it is trusted from now on. */
  readonly deviceCookie: DeviceCookie | null;
}

/** What the transaction that starts a session gives. */
type StartedRow = Pick<StartedSession, 'account' | 'deviceCookie'> & { readonly session: LiveSession };

/** Starts every session, however the account proved who it is. */
@Injectable()
export class SessionStarts {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'newSignInMail'>,
    private readonly transactions: Transactions,
    private readonly credentials: CredentialsRepository,
    private readonly sessions: SessionStore,
    private readonly roles: Roles,
    private readonly requirements: SignInRequirements,
    private readonly devices: KnownDevice,
    private readonly newSignIns: NewSignInMailer,
    private readonly audit: Audit,
    private readonly tokens: SessionTokens,
    private readonly trust: DeviceTrust,
  ) {}

  /**
   * Starts a session, with its line in the audit trail and the mail about a new device. Until every requirement is met
   * there is no session and no token.
   * @throws ApiError 401 `account_disabled`; 401 `invalid_credentials` when the password was replaced meanwhile; those
   * of the proof and of the requirements
   */
  async start(proof: SignInProof, client: SignInClient): Promise<StartedSession> {
    const { accountId, password } = proof;
    const passwordVersion = password?.version ?? (await this.credentials.find(accountId)).version;
    const result = await this.transactions.run((tx) => this.#startIn(tx, proof, client, passwordVersion));
    if (result instanceof ApiError) throw result;
    const { session, ...started } = result;
    return { ...(await this.tokens.issue(session)), ...started, passwordVersion };
  }

  async #startIn(
    tx: Transaction,
    proof: SignInProof,
    client: SignInClient,
    passwordVersion: number,
  ): Promise<ApiError | StartedRow> {
    const { accountId, password, amr } = proof;
    // Sent together: PostgreSQL runs each after the one before it, so the others see the account as it was locked.
    const [account, isPresent, requirements] = await Promise.all([
      this.sessions.lockAccount(tx, accountId),
      !password || this.credentials.lockVersion(accountId, password.version, password.rehashed, tx),
      this.requirements.concerning(accountId, tx),
    ]);
    // A role that was removed from the roles file grants no rights, not even to sign in.
    if (!account || this.roles.get(account.roleName) === null) {
      await this.audit.record(tx, signInFailed(accountId, 'account_disabled'));
      return disabled();
    }
    // Replaced while it was hashed: the old password must not start a session that outlives the change.
    if (!isPresent) throw invalidCredentials();
    await proof.spend?.(tx, account);
    for (const requirement of requirements) {
      const unmet = await requirement.unmet(tx, { account, proof, client, passwordVersion });
      if (unmet) return unmet;
    }
    // A browser is recognized by its cookie, a client without cookies by another session of the account.
    const mark = this.devices.recognize(client, account.emailKey);
    const isKnown = mark !== null && this.devices.isCurrent(mark, { id: accountId, version: passwordVersion });
    const [isNewDevice, session] = await Promise.all([
      this.config.newSignInMail && !isKnown && this.sessions.isNewDevice(tx, accountId, client),
      this.sessions.start(tx, accountId, client, amr),
    ]);
    if (!session) return disabled();
    if (proof.identity) await this.requirements.started(tx, session, { account, proof });
    await this.audit.record(tx, { ...onSession(session), action: 'iam:account_auths.signed_in' });
    if (isNewDevice) await this.newSignIns.queue(tx, session, client);
    const deviceCookie = proof.trustDevice ? await this.trust.trust(tx, accountId, client) : null;
    return { session, account, deviceCookie };
  }
}

/** The audit event of a sign-in that failed; without the account where it is unknown. */
export const signInFailed = (accountId: string | null, reason: string) => ({
  action: 'iam:account_auths.sign_in_failed' as const,
  actorId: null,
  ...(accountId !== null && { target: { type: 'iam:accounts', id: accountId } }),
  details: { reason },
});
