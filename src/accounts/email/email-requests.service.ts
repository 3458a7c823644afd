import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Roles } from '../../auth/authorization/roles.js';
import { emailKey } from '../../auth/email-key.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { SessionStore } from '../../auth/sessions/session.store.js';
import { Audit } from '../../events/audit.js';
import { apiError, throwIfErrors } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import { OutboxHandlers } from '../../outbox/outbox.handlers.js';
import { Outbox } from '../../outbox/outbox.js';
import type { OutboxTasks } from '../../outbox/outbox.tasks.js';
import { decidesAlone, SHARED } from '../account.policy.js';
import { AccountRules } from '../account.rules.js';
import { AccountsRepository } from '../accounts.repository.js';
import { atMember } from '../invitations/join.body.js';
import { EmailChangeMailer } from './email-change.mailer.js';
import { EmailBody } from './email.dto.js';
import { EmailsRepository } from './emails.repository.js';

declare module '../../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Makes a token for the new e-mail of an account, or notifies the account that has that e-mail. */
    'accounts.request_email_change': {
      accountId: string;
      email: string;
      /** The account that asked for it, and its session, without which the request is void. */
      actorId: string;
      sessionId: string;
    };
  }
}

const REQUEST = 'accounts.request_email_change';

/**
 * Requests for another e-mail. Nothing changes before the new one is proved. A request only queues a job, whether or not
 * another account has the e-mail, so that neither its time nor its response reveals that.
 */
@Injectable()
export class EmailRequestsService implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly accounts: AccountsRepository,
    private readonly emails: EmailsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly rules: AccountRules,
    private readonly roles: Roles,
    private readonly rateLimiter: RateLimiter,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mailer: EmailChangeMailer,
    private readonly audit: Audit,
    private readonly sessions: SessionStore,
  ) {}

  onModuleInit(): void {
    this.handlers.register(REQUEST, (payload) => this.start(payload));
  }

  /** The e-mail of a flat body, by the rules of accounts. @throws ApiError 400, 422 */
  emailIn(body: unknown): string {
    const { email } = readFlatBody(EmailBody, body);
    throwIfErrors(this.rules.errors({ email }, 'email_change').map((error) => atMember(error, '')));
    return email;
  }

  /** Requests another e-mail for the actor's own account. @throws ApiError 429 */
  async request(actor: Actor, email: string): Promise<void> {
    await this.rateLimiter.count('email_change', { accountId: actor.id });
    await this.transactions.run((tx) => this.queue(actor, actor.id, email, tx));
  }

  /**
   * Requests another e-mail for an account that the actor may update alone and that ranks below the actor.
   * @param readEmail reads and validates the body, whose errors come after those of the row
   * @throws ApiError 404 or 403 by scope, rank and organizations; what `readEmail` throws; 429
   */
  async requestFor(actor: Actor, id: string, readEmail: () => string): Promise<void> {
    await this.transactions.run(async (tx) => {
      const account = await this.accounts.lock(actor, 'update', id, tx);
      const role = this.roles.get(account.roleName);
      if (account.kind === 'service') throw apiError('conflict', SERVICE_HANDLE);
      if (account.id === actor.id) throw apiError('forbidden', 'Change your own e-mail with POST /account/email');
      if (role !== null && role.rank >= actor.role.rank) throw apiError('forbidden', PEER);
      if (!decidesAlone(actor, 'update', await this.accounts.factsOf(actor, id, tx)))
        throw apiError('forbidden', SHARED);
      const email = readEmail();
      await this.rateLimiter.count('email_change', { accountId: id });
      await this.queue(actor, id, email, tx);
    });
  }

  /** Above the limit of mails to an e-mail nothing is sent, since an error would reveal that others asked for it. */
  private async queue(actor: Actor, accountId: string, email: string, tx: Transaction): Promise<void> {
    const target = { type: 'iam:accounts', id: accountId };
    await this.audit.record(tx, { action: 'iam:accounts.email_change_requested', actorId: actor.id, target });
    if (!(await this.rateLimiter.isAllowed('email_change_mail', { emailKey: emailKey(email) }))) return;
    const request = { accountId, email, actorId: actor.id, sessionId: actor.session.sessionId };
    await this.outbox.enqueue(tx, REQUEST, request, { key: accountId });
  }

  /**
   * Mails a token to the new e-mail; or, where another account has it, a notice to that account. Nothing when the session
   * that asked for it has ended meanwhile: its account may have been taken back from a thief.
   */
  private async start({ accountId, email, actorId, sessionId }: OutboxTasks[typeof REQUEST]): Promise<void> {
    await this.transactions.run(async (tx) => {
      const current = await this.emails.lockEnabled(accountId, tx);
      if (current === undefined || current === email) return;
      if (!(await this.sessions.isAlive(tx, { accountId: actorId, sessionId }))) return;
      const owner = await this.emails.ownerOf(email, accountId, tx);
      if (owner !== undefined) return this.mailer.queueTaken(owner, new Date(), tx);
      const request = { purpose: 'email_confirm', data: { email }, accountId } as const;
      const token = await this.tokens.issue({ ...request, ...(actorId !== accountId && { issuedBy: actorId }) }, tx);
      // An earlier request is replaced, so there is always a token.
      if (token !== null) await this.mailer.queueConfirmation(token, tx);
    });
  }
}

const SERVICE_HANDLE = 'The e-mail of a service account is its name here and gets no mails; create another one instead';
const PEER = 'You may change the e-mail of accounts below your own role only';
