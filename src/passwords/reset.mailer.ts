import { Injectable, type OnModuleInit } from '@nestjs/common';
import { emailKey } from '../auth/email-key.js';
import { newToken } from '../auth/one-time-token.js';
import { sql } from '../json-api/sql.js';
import { Transactions, type Transaction } from '../json-api/transaction.js';
import { MailLinks } from '../mail/mail.links.js';
import { MailService } from '../mail/mail.service.js';
import { OutboxHandlers } from '../mail/outbox.handlers.js';
import { Outbox } from '../mail/outbox.js';
import type { OutboxTasks } from '../mail/outbox.tasks.js';

const TASK = 'password.request_reset';

interface ResettableAccount {
  name: string;
  email: string;
  password_reset_token_expires_at: Date;
}

/**
 * Mails reset tokens. The request only queues a job, whether or not there is such an account, so that neither its
 * time nor its answer tells; everything else is the job's.
 */
@Injectable()
export class ResetMailer implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly links: MailLinks,
  ) {}

  onModuleInit(): void {
    this.handlers.register(TASK, (payload) => this.deliver(payload));
  }

  /** Queues the request. One that still waits for the same e-mail is replaced, so that it cannot void a newer token. */
  async queue(tx: Pick<Transaction, 'query'>, email: string): Promise<void> {
    await this.outbox.enqueue(tx, TASK, { email }, { key: emailKey(email) });
  }

  /**
   * Stores a token, commits, and only then mails it: whatever breaks, a mailed token is a stored one. Each try makes
   * its own, so that a token that was spent in the meantime never comes back.
   */
  private async deliver({ email }: OutboxTasks[typeof TASK]): Promise<void> {
    const { token, hash } = newToken();
    const account = await this.storeToken(emailKey(email), hash);
    if (!account) return;
    const { name, password_reset_token_expires_at: expiresAt } = account;
    await this.mail.send({
      template: 'password-reset',
      // The stored address: the one in the request is only as good as whoever typed it.
      to: { name, email: account.email },
      data: { name, link: this.links.resetPassword(token), expiresAt },
      identity: [TASK, hash],
    });
  }

  private async storeToken(key: string, hash: string): Promise<ResettableAccount | undefined> {
    const [account] = await this.transactions.query<ResettableAccount>(sql`
        UPDATE accounts
        SET password_reset_token = ${hash}, password_reset_token_expires_at = now() + interval '1 hour',
          version = version + 1
        WHERE email_key = ${key} AND enabled
        RETURNING name, email, password_reset_token_expires_at`);
    return account;
  }
}
