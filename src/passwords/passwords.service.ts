import { Injectable } from '@nestjs/common';
import { emailKey } from '../auth/email-key.js';
import type { Actor } from '../auth/authorization/actor.js';
import { hashToken } from '../auth/tokens/secrets.js';
import type { SessionEnding } from '../auth/sessions/session.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { Audit } from '../events/audit.js';
import { apiError, throwIfErrors, type ErrorObject } from '../json-api/document/errors.js';
import { brokenRule, type Rule } from '../json-api/document/rules.js';
import { type Transaction, Transactions } from '../json-api/sql/sql.js';
import { CredentialsRepository, PasswordOwners } from './credentials.repository.js';
import { PasswordChangedMailer } from './password-changed.mailer.js';
import { PasswordHasher } from './hashing/password.hasher.js';
import { type PasswordOwner, PasswordPolicy } from './policy/password.policy.js';
import type { ChangeBody, ResetBody } from './passwords.dto.js';
import { ResetMailer } from './reset.mailer.js';
import {
  type FoundToken,
  OneTimeTokensRepository,
  unknownToken,
} from '../one-time-tokens/one-time-tokens.repository.js';

/** Resets passwords with a mailed token, and changes them with the current password. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly transactions: Transactions,
    private readonly owners: PasswordOwners,
    private readonly credentials: CredentialsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionStore,
    private readonly rateLimiter: RateLimiter,
    private readonly resets: ResetMailer,
    private readonly changed: PasswordChangedMailer,
    private readonly audit: Audit,
    private readonly restrictions: SessionRestrictions,
  ) {}

  /** Queues a reset mail. Does the same whether or not the account exists. @throws 401 that of a restriction; 429 */
  async requestReset(email: string, address: string): Promise<void> {
    await this.rateLimiter.email('request_reset', { address, emailKey: emailKey(email) });
    await this.restrictions.checkEmail(emailKey(email));
    await this.transactions.run((tx) => this.resets.queue(tx, email));
  }

  /** Whether a reset token is valid. */
  async isValid(token: string): Promise<boolean> {
    const found = await this.tokens.find('reset', hashToken(token));
    return found !== undefined && !found.expired;
  }

  /** The owner of the account of a reset token. Does not use the token. @throws 404 `invalid_token`; 422 `expired_token` */
  async owner(token: string): Promise<PasswordOwner> {
    const { email, name } = await this.ownerOf(hashToken(token));
    return { email, name };
  }

  /**
   * Sets a password with a mailed token. Ends all sessions, and revokes all tokens of the account.
   * @throws 401 that of a restriction; 404 `invalid_token`; 422 `expired_token`, or the rules that the password breaks
   */
  async reset({ token, password }: ResetBody): Promise<void> {
    const hash = hashToken(token);
    const owner = await this.ownerOf(hash);
    await this.restrictions.checkEmail(emailKey(owner.email));
    throwIfErrors(this.policy.errors(password, owner, '/password'));
    const hashed = await this.hasher.hash(String(password));
    await this.transactions.run(async (tx) => {
      const row = await this.owners.markReset(this.tokens.accountOf('reset', hash), tx);
      // Of two concurrent resets, one uses the token; the other rolls back.
      if (!row || !(await this.tokens.spendAndVoidAll(row.id, 'reset', hash, tx))) throw unknownToken();
      await this.credentials.set(row.id, hashed, tx);
      await this.afterChange(row.id, { reason: 'password_reset', actorId: row.id }, null, tx);
      if (row.joined) await this.audit.record(tx, { action: 'iam:accounts.joined', ...onOwn(row.id) });
      await this.audit.record(tx, { action: 'iam:accounts.password_reset', ...onOwn(row.id) });
    });
  }

  /**
   * Changes the actor's password. Ends all other sessions, and revokes all tokens of the account.
   * @throws 422 for a wrong current password and for the rules that the new one breaks; 429
   */
  async change(
    actor: Actor,
    { current_password: current, new_password: next }: ChangeBody,
    address: string,
  ): Promise<void> {
    const attempt = { address, emailKey: emailKey(actor.email), actorId: actor.id };
    await this.rateLimiter.email('change', attempt);
    const stored = await this.credentials.find(actor.id);
    const { ok } = await this.hasher.verify(current, stored.hashedPassword, 'recognized');
    throwIfErrors([...(ok ? [] : [WRONG_PASSWORD]), ...this.policy.errors(next, actor, '/new_password')]);
    const hashed = await this.hasher.hash(String(next));
    await this.transactions.run(async (tx) => {
      // The password that was checked must still be the account's: of two changes at once, one has the wrong one.
      const changed =
        (await this.owners.markChanged(actor.id, tx)) &&
        (await this.credentials.replace(actor.id, stored.version, hashed, tx));
      if (!changed) throwIfErrors([WRONG_PASSWORD]);
      await this.tokens.voidAll(actor.id, tx);
      await this.afterChange(actor.id, { reason: 'password_changed', actorId: actor.id }, actor.session.sessionId, tx);
      await this.audit.record(tx, { action: 'iam:accounts.password_changed', ...onOwn(actor.id) });
    });
    await this.rateLimiter.succeeded('change', attempt);
  }

  private async afterChange(
    accountId: string,
    ending: SessionEnding,
    keepSessionId: string | null,
    tx: Transaction,
  ): Promise<void> {
    await this.sessions.endAll(tx, accountId, ending, keepSessionId);
    await this.changed.queue(tx, accountId, new Date());
  }

  private async ownerOf(hash: string): Promise<FoundToken> {
    const found = await this.tokens.find('reset', hash);
    if (!found) throw unknownToken();
    if (found.expired) throw apiError('expired_token', 'The reset token has expired; ask for a new one');
    return found;
  }
}

/** Actor and target of an audit event on the own account: the mailed token or the password proves ownership. */
const onOwn = (id: string) => ({ actorId: id, target: { type: 'iam:accounts', id } });

/** Rules beside those of the policy. */
export const CHANGE_RULES = {
  wrong_password: { text: '{name} is wrong' },
} as const satisfies Record<string, Rule>;

const WRONG_PASSWORD: ErrorObject = brokenRule(['wrong_password', CHANGE_RULES.wrong_password], {
  name: 'current_password',
  source: { pointer: '/current_password' },
});
