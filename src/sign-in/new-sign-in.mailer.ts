import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { addressBlockOf } from '../auth/authentication/client-address.js';
import type { SessionClient, SessionOwner } from '../auth/sessions/session.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { Config } from '../config/config.js';
import type { Transaction } from '../json-api/sql/executor.js';
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
/** No mail for the sign-in that follows the acceptance of an invitation; in minutes. */
const FRESH_MINUTES = 60;
/** So many of the newest other sessions are looked at. */
const MAX_SESSIONS = 50;

/**
 * Mails an account when it signs in on a new device; disabled by
 * NEW_SIGN_IN_MAIL. A browser is recognized by its cookie, a client without cookies while another session of
 * the account comes from the same program and address (IPv6: from the same /64).
 */
@Injectable()
export class NewSignInMailer implements OnModuleInit {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'newSignInMail'>,
    private readonly sessions: SessionStore,
    private readonly recipients: MailRecipients,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    this.handlers.register(TASK, (payload) => this.deliver(payload));
  }

  /** Whether the account is notified of a session that is about to start on a device without a cookie of ours. */
  async isNews(tx: Pick<Transaction, 'query'>, accountId: string, { userAgent, ip }: SessionClient): Promise<boolean> {
    if (!this.config.newSignInMail) return false;
    const within = { joinedMinutes: FRESH_MINUTES, limit: MAX_SESSIONS };
    const before = await this.sessions.earlierSignIns(tx, accountId, within);
    const block = addressBlockOf(ip);
    const isSame = (other: SessionClient) => addressBlockOf(other.ip) === block && other.userAgent === userAgent;
    return !before.joinedRecently && !before.clients.some(isSame);
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
