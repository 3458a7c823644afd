import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { SessionClient, SessionOwner } from '../auth/sessions/session.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { MailRecipients } from '../mail/mail.address.js';
import { MailService } from '../mail/mail.service.js';
import { ServiceText } from '../mail/mail.text.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import type { OutboxTasks } from '../outbox/outbox.tasks.js';
import { deviceName } from './device-name.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Notifies the owner of an account of a sign-in on a new device at that time (ISO 8601). */
    'mail.new_sign_in': {
      accountId: string;
      sessionId: string;
      signedInAt: string;
      device: string;
      address: string;
    };
  }
}

const TASK = 'mail.new_sign_in';

/** Mails an account that it signed in on a new device. */
@Injectable()
export class NewSignInMailer implements OnModuleInit {
  constructor(
    private readonly recipients: MailRecipients,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    this.handlers.register(TASK, (payload) => this.deliver(payload));
  }

  /** Queues the message, in the transaction that starts the session. */
  async queue(
    tx: Pick<Transaction, 'query'>,
    { accountId, sessionId }: SessionOwner,
    { userAgent, ip }: SessionClient,
  ): Promise<void> {
    const signedInAt = new Date().toISOString();
    await this.outbox.enqueue(tx, TASK, {
      accountId,
      sessionId,
      signedInAt,
      device: deviceName(userAgent),
      address: ip,
    });
  }

  private async deliver({
    accountId,
    sessionId,
    signedInAt,
    device,
    address,
  }: OutboxTasks[typeof TASK]): Promise<void> {
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    await this.mail.send({
      template: 'new-sign-in',
      to: account,
      data: {
        signedInAt: new Date(signedInAt),
        device: new ServiceText(device),
        address: new ServiceText(address),
      },
      identity: [TASK, sessionId],
    });
  }
}
