import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { addressBlockOf } from '../auth/authentication/client-address.js';
import type { SessionClient } from '../auth/sessions/session.js';
import { Config } from '../config/config.js';
import { sql } from '../json-api/sql/sql.js';
import { type Transaction, Transactions } from '../json-api/sql/executor.js';
import { MailService } from '../mail/mail.service.js';
import { ServiceText } from '../mail/mail.text.js';
import { OutboxHandlers } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import type { OutboxTasks } from '../outbox/outbox.tasks.js';
import { deviceName } from './device-name.js';

const TASK = 'mail.new_sign_in';
/** Nobody is told about the sign-in that follows the acceptance of an invitation; in minutes. */
const FRESH_MINUTES = 60;
/** So many of the newest other sessions are looked at. */
const MAX_SESSIONS = 50;

interface Before {
  fresh: boolean;
  user_agent: string | null;
  ip: string | null;
}

/**
 * Tells people that somebody signed in to their account on a device that nobody signed in on before; switched off by
 * NEW_SIGN_IN_MAIL. A browser is known by its cookie. A client without cookies is known as long as another session of
 * the account comes from the same program and address (IPv6: from the same /64).
 */
@Injectable()
export class NewSignInMailer implements OnModuleInit {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'newSignInMail'>,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    this.handlers.register(TASK, (payload) => this.deliver(payload));
  }

  /**
   * Queues the message in the transaction that starts the session, where there is something to tell.
   * @param session the one that was just started, on a device without a cookie of ours
   */
  async queue(
    tx: Pick<Transaction, 'query'>,
    { accountId, sessionId }: { readonly accountId: string; readonly sessionId: string },
    { userAgent, ip }: SessionClient,
  ): Promise<void> {
    if (!this.config.newSignInMail) return;
    const before = await tx.query<Before>(sql`
      SELECT account.joined_at > now() - make_interval(mins => ${FRESH_MINUTES}) AS fresh, other.user_agent, other.ip
      FROM accounts account LEFT JOIN account_sessions other
        ON other.account_id = account.id AND other.id <> ${sessionId} AND other.expires_at > now()
      WHERE account.id = ${accountId} ORDER BY other.id DESC LIMIT ${MAX_SESSIONS}`);
    const block = addressBlockOf(ip);
    const isSame = (other: Before) => other.ip && addressBlockOf(other.ip) === block && other.user_agent === userAgent;
    if (before.some((other) => other.fresh || isSame(other))) return;
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
    const [account] = await this.transactions.query<{ name: string; email: string }>(
      sql`SELECT name, email FROM accounts WHERE id = ${accountId}`,
    );
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
