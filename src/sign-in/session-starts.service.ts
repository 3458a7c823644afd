import { Inject, Injectable } from '@nestjs/common';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import type { Actor } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import { type DeviceCookie, DeviceTrust } from '../auth/sessions/device-trust.js';
import type { LiveSession, SessionAccount, SessionOwner } from '../auth/sessions/session.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { KnownDevice } from '../auth/tokens/cookies.js';
import { RefreshTokens } from '../auth/tokens/secrets.js';
import { Config } from '../config/config.js';
import { Audit } from '../events/audit.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import { type Sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import { CredentialsRepository } from '../passwords/credentials.repository.js';
import { NewSignInMailer } from './new-sign-in.mailer.js';
import type { SessionStartStep, SignInClient, SignInProof, SignInRequirement } from './sign-in-requirement.js';

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

/** A session with a new pair of tokens. */
export interface SignedIn {
  readonly actor: Actor;
  readonly accessToken: string;
  /** Expiry of the access token, in seconds since the epoch. */
  readonly exp: number;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
}

/** Issues the tokens of sessions, however they were started. */
@Injectable()
export class SessionTokens {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly actors: ActorLoader,
  ) {}

  /** A new pair of tokens of a session. @throws ApiError 401 `account_disabled` */
  async issue(session: LiveSession): Promise<SignedIn> {
    const { accountId, sessionId, amr, authenticatedAt } = session;
    const actor = await this.actors.load(sessionId, accountId);
    if (!actor) throw disabled();
    const { token, exp } = this.accessTokens.issue({
      accountId,
      sessionId,
      amr,
      authenticatedAt,
      roleName: actor.role.name,
      roleScope: actor.roleScope,
      rights: actor.role.rights,
      email: actor.email,
      name: actor.name,
    });
    const refreshToken = this.refreshTokens.issue(session);
    return { actor, accessToken: token, exp, refreshToken, refreshExpiresAt: session.expiresAt };
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

/** Actor and target of an audit event on the account's own session. */
export const onSession = ({ accountId, sessionId }: SessionOwner) => ({
  actorId: accountId,
  target: { type: 'iam:account_sessions', id: sessionId },
});

export const invalidCredentials = () =>
  apiError('invalid_credentials', 'The e-mail or the password is wrong', undefined, CHALLENGE);
export const disabled = () => apiError('account_disabled', 'The account is disabled', undefined, CHALLENGE);
