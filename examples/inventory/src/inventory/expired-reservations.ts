import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MailRecipients, MailService, MailTemplates, Outbox, OutboxHandlers, PeriodicJobs, Transactions } from 'iam';
import { ItemsRepository } from './items.repository.js';

declare module 'iam' {
  interface MailData {
    'reservation-expired': { item: string };
  }
  interface OutboxTasks {
    'inventory.reservation_expired': { accountId: string; item: string };
  }
}

/** Ends reservations that have expired, and mails those who had them: a periodic job, an outbox job and a mail. */
@Injectable()
export class ExpiredReservations implements OnModuleInit {
  constructor(
    private readonly items: ItemsRepository,
    private readonly transactions: Transactions,
    private readonly periodic: PeriodicJobs,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly templates: MailTemplates,
    private readonly recipients: MailRecipients,
  ) {}

  onModuleInit(): void {
    const folder = fileURLToPath(new URL('../../mails', import.meta.url));
    this.templates.add(folder, { 'reservation-expired': { item: 'Laptop' } });
    const run = (signal: AbortSignal): Promise<void> => this.expire(signal);
    this.periodic.register({ name: 'inventory.reservations', everySeconds: 60, run });
    this.handlers.register('inventory.reservation_expired', ({ accountId, item }, { id }) =>
      this.deliver(accountId, item, id),
    );
  }

  /** In batches, each with its mails in one transaction. */
  async expire(signal: AbortSignal): Promise<void> {
    for (let ended = 1; ended > 0 && !signal.aborted;) {
      ended = await this.transactions.run(async (tx) => {
        const expired = await this.items.expire(tx);
        for (const { accountId, item } of expired) {
          if (accountId !== null) await this.outbox.enqueue(tx, 'inventory.reservation_expired', { accountId, item });
        }
        return expired.length;
      });
    }
  }

  private async deliver(accountId: string, item: string, jobId: string): Promise<void> {
    const to = await this.recipients.recipient(accountId);
    if (!to) return;
    await this.mail.send({ template: 'reservation-expired', to, data: { item }, identity: ['expired', jobId] });
  }
}
