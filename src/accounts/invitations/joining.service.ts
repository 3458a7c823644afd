import { Injectable } from '@nestjs/common';
import { Actor } from '../../auth/authorization/actor.js';
import { emailKey } from '../../auth/email-key.js';
import { SessionRestrictions } from '../../auth/sessions/session-restrictions.js';
import { hashToken } from '../../auth/tokens/secrets.js';
import { Roles } from '../../auth/authorization/roles.js';
import { Audit } from '../../events/audit.js';
import type { Item } from '../../json-api/document/response.js';
import { apiError, throwIfErrors, type ErrorObject } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { CredentialsRepository } from '../../passwords/credentials.repository.js';
import { PasswordHasher } from '../../passwords/hashing/password.hasher.js';
import { type PasswordOwner, PasswordPolicy } from '../../passwords/policy/password.policy.js';
import {
  type FoundToken,
  OneTimeTokensRepository,
  unknownToken,
} from '../../one-time-tokens/one-time-tokens.repository.js';
import { AccountDirectoryRepository } from '../account-directory.repository.js';
import { AccountRules } from '../account.rules.js';
import { AccountsRepository } from '../accounts.repository.js';
import { atMember, readJoinBody } from './join.body.js';
import { EVERYTHING } from '../../json-api/resource.repository.js';

/** The account that joined. */
interface Joined {
  readonly id: string;
  /** A password reset token, when no password was set. */
  readonly resetToken: string | null;
}

/** What an invitation says to the client that has its token. */
export interface Invitation extends PasswordOwner {
  /** Name of the account that invites; null where that account was deleted. */
  readonly invitedBy: string | null;
  readonly expiresAt: Date;
}

/** Accepts invitations. Each token can be used once. */
@Injectable()
export class JoiningService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly credentials: CredentialsRepository,
    private readonly rules: AccountRules,
    private readonly roles: Roles,
    private readonly transactions: Transactions,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly audit: Audit,
    private readonly restrictions: SessionRestrictions,
  ) {}

  /**
   * Whom an invitation is for, and whom it is from. Does not use the token.
   * @throws ApiError 404 `invalid_token`; 422 `expired_token`
   */
  async invitation(token: string): Promise<Invitation> {
    const { email, name, issuerName: invitedBy, expiresAt } = await this.find(hashToken(token));
    return { email, name, invitedBy, expiresAt };
  }

  /**
   * Accepts an invitation.
   * @param represent whether to return the account, with a reset token when no password was set
   * @throws ApiError 401 that of a restriction; 404 `invalid_token`; 422 `expired_token`, or errors of password, name, and the rules of accounts
   */
  async join(token: string, body: unknown, represent: boolean): Promise<Item | undefined> {
    const { password, name, base, errors } = readJoinBody(body);
    const hash = hashToken(token);
    const invited = await this.find(hash);
    await this.restrictions.checkEmail(emailKey(invited.email));
    const owner = { email: invited.email, name: name ?? invited.name };
    const broken: ErrorObject[] = password === undefined ? [] : this.policy.errors(password, owner, `${base}/password`);
    const against = this.rules.errors(owner, 'join').map((error) => atMember(error, base));
    throwIfErrors([...errors, ...against, ...broken]);
    const hashedPassword = typeof password === 'string' ? await this.hasher.hash(password) : null;
    return this.transactions.run(async (tx) => {
      const { id, resetToken } = await this.accept(hash, { hashedPassword, name: name ?? null, represent }, tx);
      return represent ? this.represent(id, resetToken, tx) : undefined;
    });
  }

  private async find(hash: string): Promise<FoundToken> {
    const found = await this.tokens.find('invitation', hash);
    if (!found || found.joined) throw unknownInvitation();
    if (found.expired) throw apiError('expired_token', 'The invitation has expired; ask for a new one');
    return found;
  }

  /** Locks the account, then uses the token: of two concurrent joins, one succeeds. All other tokens are revoked. */
  private async accept(
    hash: string,
    { hashedPassword, name, represent }: { hashedPassword: string | null; name: string | null; represent: boolean },
    tx: Transaction,
  ): Promise<Joined> {
    const id = await this.accounts.markJoined(this.tokens.accountOf('invitation', hash), name, tx);
    if (id === null || !(await this.tokens.spendAndVoidAll(id, 'invitation', hash, tx))) throw unknownInvitation();
    if (hashedPassword !== null) await this.credentials.set(id, hashedPassword, tx);
    const isResetNeeded = represent && hashedPassword === null;
    const resetToken = isResetNeeded
      ? await this.tokens.issue({ purpose: 'reset', data: null, accountId: id }, tx)
      : null;
    const target = { type: 'iam:accounts', id };
    await this.audit.record(tx, { action: 'iam:accounts.joined', actorId: id, target });
    return { id, resetToken };
  }

  /** The account as its owner sees it. */
  private async represent(id: string, resetToken: string | null, tx: Transaction): Promise<Item> {
    const owner = await this.ownerOf(id, tx);
    const item = await this.accounts.reload(owner, id, EVERYTHING, tx);
    return resetToken === null ? item : { ...item, meta: { password_reset_token: resetToken } };
  }

  private async ownerOf(id: string, tx: Transaction): Promise<Actor> {
    const profile = await this.directory.profile(id, tx);
    const role = profile && this.roles.get(profile.roleName);
    if (!role) throw apiError('forbidden', 'The role of this account no longer exists');
    const organizationIds = await this.accounts.organizationIdsOf(id, tx);
    return new Actor({
      id,
      sessionId: null,
      email: profile.email,
      name: profile.name,
      pictureUrl: null,
      role,
      organizationIds,
      roleScopeExtra: {},
    });
  }
}

const unknownInvitation = () => unknownToken('This invitation does not exist or was already accepted');
