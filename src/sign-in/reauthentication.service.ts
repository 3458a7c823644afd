import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import type { Actor } from '../auth/authorization/actor.js';
import { type ProvedFactor, SecondFactors, type SentFactor } from '../auth/authentication/second-factors.repository.js';
import { Reauthentication } from '../auth/authentication/fresh-sign-in.js';
import { emailKey } from '../auth/email-key.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { Audit } from '../events/audit.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import { brokenRule } from '../json-api/document/rules.js';
import { type Transaction, Transactions } from '../json-api/sql/sql.js';
import { CredentialsRepository } from '../passwords/credentials.repository.js';
import { PasswordHasher } from '../passwords/hashing/password.hasher.js';
import { invalidCredentials, onSession, SessionTokens, type SignedIn } from './session-starts.service.js';
import type { SignInProof } from './sign-in-requirement.js';

/** What an actor proved again who it is with. */
export type ReauthenticationProof = Pick<SignInProof, 'amr' | 'password'> & {
  /** Uses the proof up. @throws ApiError where it no longer counts; then nothing of the transaction does */
  readonly spend?: (tx: Transaction) => Promise<void>;
};

/** Lets the account of a session prove who it is again, for operations that need a fresh sign-in. */
@Injectable()
export class ReauthenticationService implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly credentials: CredentialsRepository,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionStore,
    private readonly tokens: SessionTokens,
    private readonly rateLimiter: RateLimiter,
    private readonly audit: Audit,
    private readonly reauthentication: Reauthentication,
    private readonly factors: SecondFactors,
  ) {}

  onModuleInit(): void {
    this.reauthentication.register(async ({ id }) => {
      const hasPassword = (await this.credentials.find(id)).hashedPassword !== null;
      const factors = await this.factors.ofAccount(id, this.transactions);
      const others = factors.flatMap(({ name, provesAlone }) => (provesAlone || hasPassword ? [name] : []));
      return hasPassword ? ['password', ...others] : others;
    });
  }

  /**
   * Proves who the actor is: by a factor that is enough, or by password, and by a second factor where the account has one.
   * The session stays, with a new pair of tokens.
   * @param address the client's
   * @throws ApiError 401 `invalid_credentials`; 401 `unauthenticated` when the session ended meanwhile; 422 where something
   * is missing; 429; 503
   */
  async prove(
    actor: Actor,
    { password, factor }: { readonly password: string | null; readonly factor: SentFactor | null },
    address: string,
  ): Promise<SignedIn> {
    if (password !== null) return this.byPassword(actor, { password, factor }, address);
    if (!factor?.factor.provesAlone) throw missing('password');
    const { amr, spend } = await this.verify(actor, factor, address);
    return this.by(actor, { amr: [...amr, 'mfa'], spend });
  }

  private async byPassword(
    actor: Actor,
    { password, factor }: { readonly password: string; readonly factor: SentFactor | null },
    address: string,
  ): Promise<SignedIn> {
    if (factor === null && (await this.factors.isDemanded(actor.id, this.transactions))) throw missing('code');
    const attempt = { address, emailKey: emailKey(actor.email), actorId: actor.id };
    await this.rateLimiter.email('reauthenticate', attempt);
    const stored = await this.credentials.find(actor.id);
    const { ok, rehash } = await this.hasher.verify(password, stored.hashedPassword, 'recognized');
    if (!ok) {
      await this.failed(actor, 'invalid_credentials');
      throw invalidCredentials();
    }
    const rehashed = rehash ? await this.hasher.upgrade(password) : null;
    await this.rateLimiter.succeeded('reauthenticate', attempt);
    const proved = factor && (await this.verify(actor, factor, address));
    return this.by(actor, {
      amr: proved ? ['pwd', ...proved.amr, 'mfa'] : ['pwd'],
      password: { version: stored.version, rehashed },
      ...(proved && { spend: proved.spend }),
    });
  }

  private verify({ id: accountId }: Actor, { factor, sent }: SentFactor, address: string): Promise<ProvedFactor> {
    return factor.verify({ purpose: 'reauthenticate', accountId, address }, sent);
  }

  /**
   * Continues the session of an actor that proved who it is, in whatever way, with a new pair of tokens.
   * @throws ApiError 401 `unauthenticated` when the session ended meanwhile; 401 `invalid_credentials` when the password
   * was replaced meanwhile; those of the proof
   */
  async by(actor: Actor, { amr, password, spend }: ReauthenticationProof): Promise<SignedIn> {
    const owner = actor.session;
    const session = await this.transactions.run(async (tx) => {
      const continued = await this.sessions.reauthenticate(tx, owner, amr);
      if (!continued) return null;
      // Replaced while it was hashed: the old password proves nothing any more.
      if (password && !(await this.credentials.lockVersion(actor.id, password.version, password.rehashed, tx))) {
        throw invalidCredentials();
      }
      await spend?.(tx);
      await this.audit.record(tx, { ...onSession(owner), action: 'iam:account_auths.reauthenticated' });
      return continued;
    });
    if (!session) throw apiError('unauthenticated', 'The session has ended', undefined, CHALLENGE);
    return this.tokens.issue(session);
  }

  /** Records that an actor did not prove who it is. @param reason a stable name */
  async failed(actor: Actor, reason: string): Promise<void> {
    const failure = { ...onSession(actor.session), details: { reason } };
    await this.transactions.run((tx) =>
      this.audit.record(tx, { ...failure, action: 'iam:account_auths.reauthentication_failed' }),
    );
  }
}

const missing = (name: string): ApiError =>
  new ApiError([brokenRule('required', { name, source: { pointer: `/${name}` } })]);
