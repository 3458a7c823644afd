import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { MailRecipients } from '../../mail/mail.address.js';
import { MailService } from '../../mail/mail.service.js';
import { ServiceText } from '../../mail/mail.text.js';
import { OutboxHandlers } from '../../outbox/outbox.handlers.js';
import { Outbox } from '../../outbox/outbox.js';
import { PeriodicJobs } from '../../sweeps/periodic-jobs.js';
import { ApiKeyRemindersRepository } from './api-key-reminders.repository.js';

declare module '../../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Notifies who made the API key of a service, or the owner of a key that an operator made. */
    'mail.api_key_created': { keyId: string };
    /** Reminds of an API key that expires soon. */
    'mail.api_key_expires': { keyId: string };
  }
}

const MADE = 'mail.api_key_created';
const EXPIRES = 'mail.api_key_expires';
/** Keys of one transaction. */
const BATCH = 500;

/** Mails about API keys: that one was made for another account, and that one expires in seven days. */
@Injectable()
export class ApiKeyMailer implements OnModuleInit {
  constructor(
    private readonly keys: ApiKeyRemindersRepository,
    private readonly transactions: Transactions,
    private readonly recipients: MailRecipients,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly periodic: PeriodicJobs,
  ) {}

  onModuleInit(): void {
    this.handlers.register(MADE, ({ keyId }) => this.deliver(MADE, keyId));
    this.handlers.register(EXPIRES, ({ keyId }) => this.deliver(EXPIRES, keyId));
    const run = (signal: AbortSignal): Promise<void> => this.remind(signal);
    this.periodic.register({ name: 'api_keys.reminders', everySeconds: 3_600, run });
  }

  /** Queues the notice of a new key in the transaction that makes it. */
  async queueMade(tx: Pick<Transaction, 'query'>, keyId: string): Promise<void> {
    await this.outbox.enqueue(tx, MADE, { keyId });
  }

  /** Queues a reminder of each key that expires soon, once. */
  async remind(signal: AbortSignal): Promise<void> {
    for (let due = BATCH; due === BATCH && !signal.aborted;) {
      due = await this.transactions.run(async (tx) => {
        const keyIds = await this.keys.takeDue(BATCH, tx);
        for (const keyId of keyIds) await this.outbox.enqueue(tx, EXPIRES, { keyId });
        return keyIds.length;
      });
    }
  }

  private async deliver(task: typeof MADE | typeof EXPIRES, keyId: string): Promise<void> {
    const key = await this.keys.find(keyId);
    if (!key || key.isRevoked || key.recipientId === null) return;
    const to = await this.recipients.recipient(key.recipientId);
    if (!to) return;
    const { name: keyName, label, accountName, expiresAt } = key;
    const data = { keyName, label: new ServiceText(label), accountName };
    const identity = [task, keyId];
    if (task === MADE) {
      await this.mail.send({
        template: 'api-key-created',
        to,
        data: { ...data, expiresAt: expiresAt ?? false },
        identity,
      });
    } else if (expiresAt !== null) {
      await this.mail.send({ template: 'api-key-expires', to, data: { ...data, expiresAt }, identity });
    }
  }
}
