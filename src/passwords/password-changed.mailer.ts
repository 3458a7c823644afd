import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../json-api/sql/sql.js';
import { MailRecipients } from '../mail/mail.address.js';
import { MailService } from '../mail/mail.service.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import type { OutboxTasks } from '../outbox/outbox.tasks.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Notifies the owner of an account of a changed password, at that time (ISO 8601). */
    'mail.password_changed': { accountId: string; changedAt: string };
  }
}

const TASK = 'mail.password_changed';

/** How many API keys of an account are good; they outlive a change of the password. `api-keys` implements it. */
export abstract class ActiveKeys {
  abstract count(accountId: string): Promise<number>;
}

/** Mails an account when its password has changed, so that the owner can react to a change that was not theirs. */
@Injectable()
export class PasswordChangedMailer implements OnModuleInit {
  constructor(
    private readonly recipients: MailRecipients,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly keys: ActiveKeys,
  ) {}

  onModuleInit(): void {
    this.handlers.register(TASK, (payload) => this.deliver(payload));
  }

  /** Queues the message in the transaction that stores the new password. */
  async queue(tx: Pick<Transaction, 'query'>, accountId: string, changedAt: Date): Promise<void> {
    await this.outbox.enqueue(tx, TASK, { accountId, changedAt: changedAt.toISOString() });
  }

  private async deliver({ accountId, changedAt }: OutboxTasks[typeof TASK]): Promise<void> {
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    const apiKeys = await this.keys.count(accountId);
    await this.mail.send({
      template: 'password-changed',
      to: account,
      data: { changedAt: new Date(changedAt), apiKeys },
      identity: [TASK, accountId, changedAt],
    });
  }
}
