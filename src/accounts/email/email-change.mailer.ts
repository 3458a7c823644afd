import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { hashToken, SecretBox } from '../../auth/tokens/secrets.js';
import type { Transaction } from '../../json-api/sql/sql.js';
import { MailRecipients } from '../../mail/mail.address.js';
import { MailLinks } from '../../mail/mail.links.js';
import { MailService } from '../../mail/mail.service.js';
import { type FoundToken, OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import { OutboxHandlers } from '../../outbox/outbox.handlers.js';
import { openToken, Outbox, sealToken } from '../../outbox/outbox.js';
import type { OutboxTasks } from '../../outbox/outbox.tasks.js';

declare module '../../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Sends the token that confirms a new e-mail to it, while the token is good. */
    'mail.email_confirm': { sealedToken: string };
    /** Notifies the former e-mail of an account of a change at that time (ISO 8601), with the token that takes it back. */
    'mail.email_changed': { sealedToken: string; changedAt: string };
    /** Notifies the former e-mail of an account of a change by an admin or operator, at that time (ISO 8601). */
    'mail.email_changed_by_admin': { accountId: string; email: string; changedAt: string };
    /** Notifies the owner of an account that another account asked for its e-mail, at that time (ISO 8601). */
    'mail.email_taken': { accountId: string; requestedAt: string };
  }
}

type EmailPurpose = 'email_confirm' | 'email_revert';

/** The mails about a change of an account's e-mail: to the new address, to the former one, and to who has it already. */
@Injectable()
export class EmailChangeMailer implements OnModuleInit {
  private readonly logger = new Logger(EmailChangeMailer.name);

  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly recipients: MailRecipients,
    private readonly secrets: SecretBox,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly links: MailLinks,
  ) {}

  onModuleInit(): void {
    this.handlers.register('mail.email_confirm', (payload) => this.deliverConfirmation(payload));
    this.handlers.register('mail.email_changed', (payload) => this.deliverNotice(payload));
    this.handlers.register('mail.email_changed_by_admin', (payload) => this.deliverPlainNotice(payload));
    this.handlers.register('mail.email_taken', (payload) => this.deliverTaken(payload));
  }

  /** Queues the mail to the new e-mail, with the token that proves it. */
  async queueConfirmation(token: string, tx: Pick<Transaction, 'query'>): Promise<void> {
    const sealedToken = sealToken(this.secrets, 'mail.email_confirm', token);
    await this.outbox.enqueue(tx, 'mail.email_confirm', { sealedToken });
  }

  /** Queues the notice to the former e-mail, with the token that takes the change back. */
  async queueNotice(token: string, changedAt: Date, tx: Pick<Transaction, 'query'>): Promise<void> {
    const sealedToken = sealToken(this.secrets, 'mail.email_changed', token);
    await this.outbox.enqueue(tx, 'mail.email_changed', { sealedToken, changedAt: changedAt.toISOString() });
  }

  /** Queues the notice to the former e-mail of a change by an admin or operator, which cannot be taken back. */
  async queuePlainNotice(
    accountId: string,
    email: string,
    changedAt: Date,
    tx: Pick<Transaction, 'query'>,
  ): Promise<void> {
    const payload = { accountId, email, changedAt: changedAt.toISOString() };
    await this.outbox.enqueue(tx, 'mail.email_changed_by_admin', payload);
  }

  /** Queues the notice to the account that has an e-mail which another account asked for. */
  async queueTaken(accountId: string, requestedAt: Date, tx: Pick<Transaction, 'query'>): Promise<void> {
    const payload = { accountId, requestedAt: requestedAt.toISOString() };
    await this.outbox.enqueue(tx, 'mail.email_taken', payload);
  }

  private async deliverConfirmation({ sealedToken }: OutboxTasks['mail.email_confirm']): Promise<void> {
    const token = openToken(this.secrets, 'mail.email_confirm', sealedToken);
    const found = await this.findGood('email_confirm', token);
    if (!found) return;
    const { name, locale, data, expiresAt } = found;
    await this.mail.send({
      template: 'email-confirm',
      to: { name, email: data.email, locale },
      data: { link: this.links.confirmEmail(token), expiresAt },
      identity: ['mail.email_confirm', hashToken(token)],
    });
  }

  private async deliverNotice({ sealedToken, changedAt }: OutboxTasks['mail.email_changed']): Promise<void> {
    const token = openToken(this.secrets, 'mail.email_changed', sealedToken);
    const found = await this.findGood('email_revert', token);
    if (!found) return;
    const { name, locale, data, expiresAt } = found;
    await this.mail.send({
      template: 'email-changed',
      to: { name, email: data.email, locale },
      data: { link: this.links.revertEmail(token), changedAt: new Date(changedAt), expiresAt },
      identity: ['mail.email_changed', hashToken(token)],
    });
  }

  private async deliverPlainNotice(payload: OutboxTasks['mail.email_changed_by_admin']): Promise<void> {
    const { accountId, email, changedAt } = payload;
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    await this.mail.send({
      template: 'email-changed-by-admin',
      to: { ...account, email },
      data: { changedAt: new Date(changedAt) },
      identity: ['mail.email_changed_by_admin', accountId, changedAt],
    });
  }

  private async deliverTaken({ accountId, requestedAt }: OutboxTasks['mail.email_taken']): Promise<void> {
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    await this.mail.send({
      template: 'email-taken',
      to: account,
      data: { requestedAt: new Date(requestedAt) },
      identity: ['mail.email_taken', accountId, requestedAt],
    });
  }

  /** Only while the token is valid: not after it was replaced, used or revoked, or has expired. */
  private async findGood<Purpose extends EmailPurpose>(
    purpose: Purpose,
    token: string,
  ): Promise<FoundToken<Purpose> | undefined> {
    const found = await this.tokens.find(purpose, hashToken(token));
    if (found && !found.expired) return found;
    this.logger.log(`Dropped an outdated mail with a token of the purpose ${purpose}`);
    return undefined;
  }
}
