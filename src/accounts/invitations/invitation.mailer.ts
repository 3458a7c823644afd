import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { hashToken, SecretBox } from '../../auth/tokens/secrets.js';
import { Config } from '../../config/config.js';
import type { Transaction } from '../../json-api/sql/sql.js';
import { MailLinks } from '../../mail/mail.links.js';
import { MailService } from '../../mail/mail.service.js';
import { OutboxHandlers } from '../../outbox/outbox.handlers.js';
import { jobOf, openToken, Outbox, sealToken } from '../../outbox/outbox.js';
import type { OutboxTasks } from '../../outbox/outbox.tasks.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';

declare module '../../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Sends an invitation, unless its token is no longer the account's. */
    'mail.invitation': { accountId: string; sealedToken: string };
    /** Reminds of an invitation, unless its token is no longer the account's. */
    'mail.invitation_reminder': { accountId: string; sealedToken: string };
  }
}

/** Mail templates by outbox task. */
const TEMPLATES = { 'mail.invitation': 'invitation', 'mail.invitation_reminder': 'invitation-reminder' } as const;
type Task = keyof typeof TEMPLATES;

/** In seconds: two days, since an invitation is valid for three. */
const REMIND_AFTER = 2 * 24 * 3600;

/**
 * Mails invitations: queues them with the change that made the token, and sends them after its commit. A day before the
 * invitation ends it is sent once more, as a reminder, unless INVITATION_REMINDER_MAIL says otherwise.
 */
@Injectable()
export class InvitationMailer implements OnModuleInit {
  private readonly logger = new Logger(InvitationMailer.name);

  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'invitationReminderMail'>,
    private readonly tokens: OneTimeTokensRepository,
    private readonly secrets: SecretBox,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly links: MailLinks,
  ) {}

  onModuleInit(): void {
    for (const task of ['mail.invitation', 'mail.invitation_reminder'] as const) {
      this.handlers.register(task, (payload) => this.deliver(task, payload));
    }
  }

  /** Queues the invitation in the transaction that stores the token's hash. It replaces a queued one. */
  async queue(tx: Pick<Transaction, 'query'>, accountId: string, token: string): Promise<void> {
    const payload = { accountId, sealedToken: sealToken(this.secrets, 'mail.invitation', token) };
    const jobs = [jobOf('mail.invitation', payload, { key: accountId })];
    if (this.config.invitationReminderMail) {
      jobs.push(jobOf('mail.invitation_reminder', payload, { key: accountId, delaySeconds: REMIND_AFTER }));
    }
    await this.outbox.enqueueAll(tx, jobs);
  }

  private async deliver(task: Task, { accountId, sealedToken }: OutboxTasks[Task]): Promise<void> {
    const token = openToken(this.secrets, task, sealedToken);
    const hash = hashToken(token);
    // Only while the token is valid: not after it was replaced, used or revoked, or has expired.
    const found = await this.tokens.find('invitation', hash);
    if (!found || found.joined || found.expired) {
      this.logger.log(`Dropped an outdated invitation of account ${accountId}`);
      return;
    }
    const { name, email, locale, expiresAt } = found;
    await this.mail.send({
      template: TEMPLATES[task],
      to: { name, email, locale },
      data: { link: this.links.join(token), expiresAt },
      identity: [task, hash],
    });
  }
}
