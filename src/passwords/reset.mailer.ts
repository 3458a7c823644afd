import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { emailKey } from '../auth/email-key.js';
import { hashToken, SecretBox } from '../auth/tokens/secrets.js';
import { type Transaction, Transactions } from '../json-api/sql/sql.js';
import { MailLinks } from '../mail/mail.links.js';
import { MailService } from '../mail/mail.service.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { openToken, Outbox, sealToken } from '../outbox/outbox.js';
import type { OutboxTasks } from '../outbox/outbox.tasks.js';
import { PasswordOwners } from './credentials.repository.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Sends a reset token, while it is good. */
    'mail.password_reset': { sealedToken: string };
    /** Makes a reset token for the enabled account of that e-mail, if there is one, and queues its mail. */
    'password.request_reset': { email: string };
  }
}

const REQUEST = 'password.request_reset';
const MAIL = 'mail.password_reset';

/**
 * Mails reset tokens. The request only queues a job, whether or not there is such an account, so that neither its
 * time nor its response reveals that. The job finds the account and creates the token; it commits the token together with the
 * job that mails it, so that every try sends the same token, and a mailed token is a stored one.
 */
@Injectable()
export class ResetMailer implements OnModuleInit {
  private readonly logger = new Logger(ResetMailer.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly owners: PasswordOwners,
    private readonly tokens: OneTimeTokensRepository,
    private readonly secrets: SecretBox,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly links: MailLinks,
  ) {}

  onModuleInit(): void {
    this.handlers.register(REQUEST, (payload) => this.issue(payload));
    this.handlers.register(MAIL, (payload) => this.deliver(payload));
  }

  /** Queues the request. It takes the place of one that still waits for the same e-mail. */
  async queue(tx: Pick<Transaction, 'query'>, email: string): Promise<void> {
    await this.outbox.enqueue(tx, REQUEST, { email }, { key: emailKey(email) });
  }

  /** Does nothing while the account has the maximum number of valid tokens, which were already mailed. */
  private async issue({ email }: OutboxTasks[typeof REQUEST]): Promise<void> {
    await this.transactions.run(async (tx) => {
      const accountId = await this.owners.lockEnabled(emailKey(email), tx);
      const token = accountId && (await this.tokens.issue({ purpose: 'reset', data: null, accountId }, tx));
      if (!token) return;
      await this.outbox.enqueue(tx, MAIL, { sealedToken: sealToken(this.secrets, MAIL, token) });
    });
  }

  private async deliver({ sealedToken }: OutboxTasks[typeof MAIL]): Promise<void> {
    const token = openToken(this.secrets, MAIL, sealedToken);
    const hash = hashToken(token);
    const found = await this.tokens.find('reset', hash);
    if (!found || found.expired) {
      this.logger.log('Dropped an outdated mail with a reset token');
      return;
    }
    const { name, email, locale, expiresAt } = found;
    await this.mail.send({
      template: 'password-reset',
      // The stored address, not the unverified one of the request.
      to: { name, email, locale },
      data: { link: this.links.resetPassword(token), expiresAt },
      identity: [MAIL, hash],
    });
  }
}
