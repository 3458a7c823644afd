import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../json-api/sql/sql.js';
import { MailRecipients } from '../mail/mail.address.js';
import { MailService } from '../mail/mail.service.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Notifies the owner of an account of a passkey that was added, at that time (ISO 8601), by its name. */
    'mail.passkey_added': { accountId: string; passkey: string; at: string };
    /** The same of one that was removed. */
    'mail.passkey_removed': { accountId: string; passkey: string; at: string };
    /** The same of one that may have been copied to another device. */
    'mail.passkey_copied': { accountId: string; passkey: string; at: string };
  }
}

/** What happened to a passkey, and the task and the template of the mail to its owner. */
const MAILS = {
  added: ['mail.passkey_added', 'passkey-added'],
  removed: ['mail.passkey_removed', 'passkey-removed'],
  copied: ['mail.passkey_copied', 'passkey-copied'],
} as const;

/** A passkey whose owner is mailed. */
interface MailedPasskey {
  readonly accountId: string;
  /** Its name. */
  readonly passkey: string;
}

/** Mails about passkeys, so that the owner learns of a change that someone else made. */
@Injectable()
export class PasskeyMailer implements OnModuleInit {
  constructor(
    private readonly recipients: MailRecipients,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    for (const [task, template] of Object.values(MAILS)) {
      this.handlers.register(task, async ({ accountId, passkey, at }) => {
        const account = await this.recipients.recipient(accountId);
        if (!account) return;
        const data = { passkey, at: new Date(at) };
        await this.mail.send({ template, to: account, data, identity: [task, accountId, passkey, at] });
      });
    }
  }

  /** Queues the mail in the transaction of the change. */
  async queue(tx: Pick<Transaction, 'query'>, what: keyof typeof MAILS, passkey: MailedPasskey): Promise<void> {
    await this.outbox.enqueue(tx, MAILS[what][0], { ...passkey, at: new Date().toISOString() });
  }
}
