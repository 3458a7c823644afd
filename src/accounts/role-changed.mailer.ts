import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../json-api/sql/sql.js';
import { MailService } from '../mail/mail.service.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import type { OutboxTasks } from '../outbox/outbox.tasks.js';
import { AccountDirectoryRepository } from './account-directory.repository.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Notifies the owner of an account of a changed role, at that time (ISO 8601). */
    'mail.role_changed': { accountId: string; formerRole: string; role: string; changedAt: string };
  }
}

const TASK = 'mail.role_changed';

/** Mails an account when its role has changed. */
@Injectable()
export class RoleChangedMailer implements OnModuleInit {
  constructor(
    private readonly accounts: AccountDirectoryRepository,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    this.handlers.register(TASK, (payload) => this.deliver(payload));
  }

  /** Queues the message in the transaction that stores the role; nothing is queued when the role is unchanged. */
  async queue(tx: Pick<Transaction, 'query'>, accountId: string, formerRole: string, role: string): Promise<void> {
    if (role === formerRole) return;
    await this.outbox.enqueue(tx, TASK, { accountId, formerRole, role, changedAt: new Date().toISOString() });
  }

  /** An account that has not joined yet gets no mail. */
  private async deliver({ accountId, formerRole, role, changedAt }: OutboxTasks[typeof TASK]): Promise<void> {
    const account = await this.accounts.joinedRecipient(accountId);
    if (!account) return;
    await this.mail.send({
      template: 'role-changed',
      to: account,
      data: { formerRole, role, changedAt: new Date(changedAt) },
      identity: [TASK, accountId, changedAt],
    });
  }
}
