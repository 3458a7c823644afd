import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../json-api/sql/sql.js';
import { MailRecipients } from '../mail/mail.address.js';
import type { MailTemplate } from '../mail/mail.data.js';
import { MailService } from '../mail/mail.service.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import type { OutboxTasks } from '../outbox/outbox.tasks.js';
import type { CodeMethod } from './factor-attempts.repository.js';

declare module '../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Notifies the owner of an account of changed second factors, at that time (ISO 8601). */
    'mail.factors_changed': {
      accountId: string;
      change: 'added' | 'removed' | 'reset' | 'recovery_codes_made';
      /** What its owner calls the factor; empty where it is about all of them. */
      factor: string;
      changedAt: string;
    };
    /** Notifies the owner of an account of a recovery code that was used, at that time, and of how many are left. */
    'mail.recovery_code_used': { accountId: string; usedAt: string; left: number };
    /** Notifies the owner of an account that codes are locked until then (ISO 8601), after too many failures. */
    'mail.codes_locked': { accountId: string; method: 'totp' | 'recovery_code'; lockedUntil: string };
  }
}

/** A change of an account's second factors. */
export type FactorChange = OutboxTasks['mail.factors_changed']['change'];

/** The template of each change. */
const TEMPLATES = {
  added: 'factor-added',
  removed: 'factor-removed',
  reset: 'factors-reset',
  recovery_codes_made: 'recovery-codes-made',
} as const satisfies Record<FactorChange, MailTemplate>;

/** The mails about second factors: the owner is notified of every change. */
@Injectable()
export class FactorsMailer implements OnModuleInit {
  constructor(
    private readonly recipients: MailRecipients,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    this.handlers.register('mail.factors_changed', (payload) => this.deliverChange(payload));
    this.handlers.register('mail.recovery_code_used', (payload) => this.deliverUse(payload));
    this.handlers.register('mail.codes_locked', (payload) => this.deliverLock(payload));
  }

  /** @param factor what its owner calls it; empty where it is about all of them */
  async queueChange(tx: Transaction, accountId: string, change: FactorChange, factor = ''): Promise<void> {
    const changedAt = new Date().toISOString();
    await this.outbox.enqueue(tx, 'mail.factors_changed', { accountId, change, factor, changedAt });
  }

  async queueUse(tx: Transaction, accountId: string, left: number): Promise<void> {
    await this.outbox.enqueue(tx, 'mail.recovery_code_used', { accountId, usedAt: new Date().toISOString(), left });
  }

  async queueLocked(tx: Transaction, accountId: string, method: CodeMethod, lockedUntil: Date): Promise<void> {
    await this.outbox.enqueue(tx, 'mail.codes_locked', { accountId, method, lockedUntil: lockedUntil.toISOString() });
  }

  private async deliverChange(payload: OutboxTasks['mail.factors_changed']): Promise<void> {
    const { accountId, change, factor, changedAt } = payload;
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    const data = { factor, changedAt: new Date(changedAt) };
    const identity = ['mail.factors_changed', accountId, change, factor, changedAt];
    await this.mail.send({ template: TEMPLATES[change], to: account, data, identity });
  }

  private async deliverUse({ accountId, usedAt, left }: OutboxTasks['mail.recovery_code_used']): Promise<void> {
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    await this.mail.send({
      template: 'recovery-code-used',
      to: account,
      data: { usedAt: new Date(usedAt), left },
      identity: ['mail.recovery_code_used', accountId, usedAt],
    });
  }

  private async deliverLock({ accountId, method, lockedUntil }: OutboxTasks['mail.codes_locked']): Promise<void> {
    const account = await this.recipients.recipient(accountId);
    if (!account) return;
    await this.mail.send({
      template: 'codes-locked',
      to: account,
      data: { lockedUntil: new Date(lockedUntil) },
      identity: ['mail.codes_locked', accountId, method, lockedUntil],
    });
  }
}
