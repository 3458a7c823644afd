import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Roles } from '../../auth/authorization/roles.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { Audit } from '../../events/audit.js';
import { apiError } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { Account } from '../account.entity.js';
import { decidesAlone, OUTRANKED, outranks, SHARED } from '../account.policy.js';
import { AccountsRepository } from '../accounts.repository.js';
import { ApiKeyGrants } from '../api-key-grants.js';
import { InvitationMailer } from './invitation.mailer.js';

const BEYOND_KEY = 'The role of the account has more rights than the API key';

/** The account that is invited. */
type Invited = Pick<Account, 'id' | 'emailKey'>;

/** Invites people: a token of three days, of which only the hash is kept, and the mail that carries it. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly roles: Roles,
    private readonly mailer: InvitationMailer,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
    private readonly rateLimiter: RateLimiter,
    private readonly keyGrants: ApiKeyGrants,
  ) {}

  /**
   * Creates the invitation of an account, replaces an earlier one, and queues its mail. The account's row must be
   * locked; it stores when the invitation expires.
   * @throws ApiError 429 when the limit of the actor or of the e-mail is reached
   */
  async issue(actor: Actor, { id: accountId, emailKey }: Invited, tx: Transaction): Promise<void> {
    await this.rateLimiter.count('invitation', { actorId: actor.id, emailKey });
    await this.send(accountId, actor.id, tx);
  }

  /**
   * Sends the invitation of an account to its new e-mail. The account's row must be locked.
   * @param actorId the account that changed the e-mail; null for an operator
   */
  async reissue(accountId: string, actorId: string | null, tx: Transaction): Promise<void> {
    await this.accounts.markInvited(accountId, tx);
    await this.send(accountId, actorId, tx);
  }

  private async send(accountId: string, actorId: string | null, tx: Transaction): Promise<void> {
    const issuer = actorId === null ? {} : { issuedBy: actorId };
    const token = await this.tokens.issue({ purpose: 'invitation', data: null, accountId, ...issuer }, tx);
    // An earlier invitation is replaced, so there is always one.
    if (token !== null) await this.mailer.queue(tx, accountId, token);
    const target = { type: 'iam:accounts', id: accountId };
    await this.audit.record(tx, { action: 'iam:accounts.invited', actorId, target });
  }

  /**
   * Resends the invitation. Requires the right to create the account.
   * @throws ApiError 404 or 403 by scope, 409 when the invitation was accepted or the account is disabled, 429
   */
  resend(actor: Actor, id: string): Promise<void> {
    return this.transactions.run(async (tx) => {
      const account = await this.accounts.lock(actor, 'create', id, tx);
      if (outranks(this.roles.get(account.roleName), actor)) throw apiError('forbidden', OUTRANKED);
      if (!decidesAlone(actor, 'create', await this.accounts.factsOf(actor, id, tx)))
        throw apiError('forbidden', SHARED);
      if (actor.apiKeyId !== null && !(await this.keyGrants.mayInvite(actor, account, tx)))
        throw apiError('forbidden', BEYOND_KEY);
      if (account.kind === 'service') throw apiError('conflict', 'A service account is not invited; make an API key');
      if (account.joinedAt !== null) throw apiError('conflict', 'The invitation was already accepted');
      if (!account.enabled) throw apiError('conflict', 'The account is disabled');
      await this.accounts.markInvited(id, tx);
      await this.issue(actor, account, tx);
    });
  }
}
