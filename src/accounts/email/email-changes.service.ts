import { Injectable } from '@nestjs/common';
import { emailKey } from '../../auth/email-key.js';
import { AuthChanges } from '../../auth/sessions/auth-changes.js';
import { SessionStore } from '../../auth/sessions/session.store.js';
import { hashToken } from '../../auth/tokens/secrets.js';
import { TAKEN_EMAIL_CONSTRAINT } from '../../database/errors/constraint-errors.js';
import { constraintOf } from '../../database/errors/sql-state.js';
import { Audit } from '../../events/audit.js';
import { apiError } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import {
  type FoundToken,
  OneTimeTokensRepository,
  unknownToken,
} from '../../one-time-tokens/one-time-tokens.repository.js';
import { CredentialsRepository } from '../../passwords/credentials.repository.js';
import { ResetMailer } from '../../passwords/reset.mailer.js';
import { type AccountName, AccountDirectoryRepository } from '../account-directory.repository.js';
import { InvitationsService } from '../invitations/invitations.service.js';
import { EmailChangeMailer } from './email-change.mailer.js';
import { EmailReverts } from './email-reverts.js';
import { type EmailChange, EmailsRepository } from './emails.repository.js';

/** Changes e-mails that a mailed token proves, and takes changes back. Each token can be used once. */
@Injectable()
export class EmailChangesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly emails: EmailsRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly sessions: SessionStore,
    private readonly credentials: CredentialsRepository,
    private readonly invitations: InvitationsService,
    private readonly resets: ResetMailer,
    private readonly reverts: EmailReverts,
    private readonly mailer: EmailChangeMailer,
    private readonly changes: AuthChanges,
    private readonly audit: Audit,
  ) {}

  /**
   * The e-mail that a token confirms or puts back. Does not use the token.
   * @throws ApiError 404 `invalid_token`; 422 `expired_token`
   */
  async emailOf(purpose: 'email_confirm' | 'email_revert', token: string): Promise<string> {
    return (await this.find(purpose, hashToken(token))).data.email;
  }

  /**
   * Changes the e-mail of an account with the token that was mailed to the new one. All other tokens of the account are
   * revoked, since they were mailed to the former one; an invitation that was not accepted yet is sent to the new one.
   * @throws ApiError 404 `invalid_token`; 422 `expired_token`; 409 when the e-mail was taken meanwhile
   */
  async confirm(token: string): Promise<void> {
    const hash = hashToken(token);
    const { data } = await this.find('email_confirm', hash);
    await this.run(async (tx) => {
      const changed = await this.emails.change(this.tokens.accountOf('email_confirm', hash), data.email, tx);
      // Of two concurrent requests, one uses the token; the other rolls back.
      const spent = changed?.enabled && (await this.tokens.spend('email_confirm', hash, tx));
      if (!changed || !spent) throw unknownToken();
      const actorId = spent.issuedBy ?? changed.id;
      await this.follow(changed, data.email, { actorId, canRevert: spent.issuedBy === null }, tx);
    });
  }

  /**
   * Puts the former e-mail back with the token that was mailed to it. Who has changed it loses the account: all sessions
   * end, the password is removed and a reset is mailed; tokens are revoked, and what was made since is removed.
   * @throws ApiError 404 `invalid_token`; 422 `expired_token`
   */
  async revert(token: string): Promise<void> {
    const hash = hashToken(token);
    const { data } = await this.find('email_revert', hash);
    await this.run(async (tx) => {
      const changed = await this.emails.change(this.tokens.accountOf('email_revert', hash), data.email, tx);
      const spent = changed && (await this.tokens.spend('email_revert', hash, tx));
      if (!changed || !spent) throw unknownToken();
      const { id } = changed;
      // An earlier change can still be taken back: this token may be in the wrong hands as well.
      await this.tokens.voidAllSince(spent, tx);
      await this.credentials.remove(id, tx);
      await this.sessions.endAll(tx, id, { reason: 'email_reverted', actorId: id });
      await this.reverts.run({ accountId: id, since: spent.createdAt }, tx);
      await this.changes.publish(tx, [id]);
      await this.audit.record(tx, { action: 'iam:accounts.email_reverted', actorId: id, ...onAccount(id) });
      if (changed.enabled) await this.resets.queue(tx, data.email);
    });
  }

  /**
   * Changes the e-mail of an account for an operator, who vouches for it.
   * @returns false when there is no such account of a person
   * @throws ApiError 409 when the e-mail is taken
   */
  set(name: AccountName, email: string): Promise<boolean> {
    return this.run(async (tx) => {
      const id = await this.directory.findId(name, tx);
      const changed = id === null ? undefined : await this.emails.change(id, email, tx);
      if (changed) await this.follow(changed, email, { actorId: null, canRevert: false }, tx);
      return changed !== undefined;
    });
  }

  /** What else happens when the e-mail has changed. */
  private async follow(
    { id, former, enabled, invited }: EmailChange,
    email: string,
    { actorId, canRevert }: { readonly actorId: string | null; readonly canRevert: boolean },
    tx: Transaction,
  ): Promise<void> {
    if (canRevert) await this.tokens.voidAll(id, tx);
    // An admin gives the account to another person, or takes it from a thief, who may have links of earlier changes.
    else await this.tokens.voidEvery(id, tx);
    const changedAt = new Date();
    if (former === email) return;
    if (canRevert) await this.mailer.queueNotice(await this.revertToken(id, former, tx), changedAt, tx);
    else await this.mailer.queuePlainNotice(id, former, changedAt, tx);
    if (invited && enabled) await this.invitations.reissue(id, actorId, tx);
    await this.changes.publish(tx, [id]);
    const by = actorId === null ? { details: { by: 'operator' } } : {};
    await this.audit.record(tx, { action: 'iam:accounts.email_changed', actorId, ...onAccount(id), ...by });
  }

  /** A token that takes the change back, and reserves the former e-mail until then. */
  private async revertToken(accountId: string, former: string, tx: Transaction): Promise<string> {
    const reservedEmailKey = emailKey(former);
    const revert = { purpose: 'email_revert', data: { email: former }, accountId, reservedEmailKey } as const;
    const token = await this.tokens.issue(revert, tx);
    if (token === null) throw apiError('conflict', 'The e-mail was changed too often in the last days');
    return token;
  }

  /** A transaction whose violation of the unique e-mail is an error of the token, not of an attribute. */
  private async run<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    try {
      return await this.transactions.run(work);
    } catch (error) {
      if (constraintOf(error) !== TAKEN_EMAIL_CONSTRAINT) throw error;
      throw apiError('conflict', 'Another account has this e-mail', undefined, { cause: error });
    }
  }

  private async find<Purpose extends 'email_confirm' | 'email_revert'>(
    purpose: Purpose,
    hash: string,
  ): Promise<FoundToken<Purpose>> {
    const found = await this.tokens.find(purpose, hash);
    if (!found) throw unknownToken();
    if (found.expired) throw apiError('expired_token', 'The token has expired; change the e-mail once more');
    return found;
  }
}

const onAccount = (id: string) => ({ target: { type: 'iam:accounts', id } });
