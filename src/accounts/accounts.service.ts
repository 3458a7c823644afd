import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { Roles } from '../auth/authorization/roles.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { Audit } from '../events/audit.js';
import type { Item } from '../json-api/document/response.js';
import type { ErrorObject } from '../json-api/document/errors.js';
import type { Facts, Restrictions } from '../json-api/resource/permissions.js';
import type { CreateAttributes } from '../json-api/resource/resource.js';
import {
  type Deletion,
  type Intent,
  ResourceService,
  ResourceTools,
  type Write,
} from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { IfMatch, type WriteDocument } from '../json-api/write/write-document.js';
import { invitationExpiry, OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { PersonalData } from '../personal-data/personal-data.js';
import type { Account } from './account.entity.js';
import { accountRestrictions, assignmentErrors, extraIn, nameFrom, unknownOrganizations } from './account.policy.js';
import type { AccountResource } from './account.resource.js';
import { AccountRules } from './account.rules.js';
import { ApiKeyGrants } from './api-key-grants.js';
import { AccountScopes } from './account.scopes.js';
import { AccountsRepository } from './accounts.repository.js';
import { emailKey } from '../auth/email-key.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { LastAdmin } from './admins/last-admin.js';
import { RoleChangedMailer } from './role-changed.mailer.js';
import { TakenEmails } from './invitations/taken-emails.js';

export type AccountValues = CreateAttributes<Account, typeof AccountResource.rules>;
type AccountWrite = Write<Actor, Account, AccountValues>;

/** Whether a new account is invited: a person who is enabled. */
const isInvited = ({ enabled, kind }: AccountValues): boolean => enabled !== false && kind !== 'service';

/** Creates, updates and deletes accounts, and authorizes changes of roles, scopes and status. */
@Injectable()
export class AccountsService extends ResourceService<Account, Actor, AccountValues> {
  constructor(
    accounts: AccountsRepository,
    tools: ResourceTools,
    private readonly roles: Roles,
    private readonly rules: AccountRules,
    private readonly scopes: AccountScopes,
    private readonly sessions: SessionStore,
    private readonly invitations: InvitationsService,
    private readonly lastAdmin: LastAdmin,
    private readonly changes: AuthChanges,
    private readonly audit: Audit,
    private readonly roleChanges: RoleChangedMailer,
    private readonly tokens: OneTimeTokensRepository,
    private readonly takenEmails: TakenEmails,
    private readonly rateLimiter: RateLimiter,
    private readonly personalData: PersonalData,
    private readonly keyGrants: ApiKeyGrants,
  ) {
    super(accounts, tools);
  }

  /** Creates an account and invites its owner; a service account has none. @throws ApiError 403, 409, 422, 429 */
  override create(actor: Actor, document: WriteDocument<AccountValues>): Promise<Item> {
    return this.takenEmails.watch(actor, () => super.create(actor, document));
  }

  /**
   * Deletes an account, and leaves nothing of it but its id in the audit trail.
   * @throws ApiError 403, 404, 409, as a deletion
   */
  erase(actor: Actor, id: string): Promise<void> {
    return this.transactions.run(async (tx) => {
      const deletion = await this.findForDelete(actor, id, IfMatch.parse(undefined), tx);
      await this.deleteLocked(deletion);
      await this.personalData.erase(deletion.row, tx);
      await this.audit.record(tx, {
        action: 'iam:accounts.erased',
        actorId: actor.id,
        target: { type: 'iam:accounts', id },
      });
    });
  }

  /** A write that may remove an admin locks the admins first; see {@link LastAdmin}. */
  protected override async prepare(actor: Actor, id: string, intent: Intent, tx: Transaction): Promise<void> {
    const mayLose = intent.verb === 'delete' || intent.names.some((name) => name === 'enabled' || name === 'role_name');
    if (mayLose) await this.lastAdmin.lock(actor, intent.verb, id, tx);
  }

  protected override defaults({ email }: AccountValues): Partial<AccountValues> {
    return { roleName: this.roles.defaultName, ...(email !== undefined && { name: nameFrom(email) }) };
  }

  protected override restrict(actor: Actor, account: Account, facts: Facts): Restrictions {
    return accountRestrictions(actor, account, facts, this.roles);
  }

  protected override async authorize(write: AccountWrite): Promise<ErrorObject[]> {
    const { actor, values } = write;
    const role = values.roleName === undefined ? null : this.roles.get(values.roleName);
    return [
      ...assignmentErrors(actor, role),
      ...(await this.scopes.authorize(write)),
      ...(await this.keyGrants.authorize(write)),
    ];
  }

  protected override async check({ values, actor, row, tx }: AccountWrite): Promise<ErrorObject[]> {
    const { roleScope } = values;
    const errors = this.rules.errors(values, row === null ? 'create' : 'update');
    if (roleScope !== undefined && errors.length === 0) {
      const missing = await this.scopes.missing(roleScope, actor, tx);
      if (missing.length > 0) errors.push(unknownOrganizations(missing));
    }
    return errors;
  }

  /** Does not check whether the e-mail is taken: the response says so only when the document is otherwise valid. */
  protected override async conflicts(write: AccountWrite): Promise<ErrorObject[]> {
    await this.keepLastAdmin(write);
    return [];
  }

  protected override async before(write: AccountWrite): Promise<object> {
    const { values, row } = write;
    const { roleScope, email, ...columns } = values;
    await this.keepLastAdmin(write);
    return {
      ...columns,
      ...(email !== undefined && { email, emailKey: emailKey(email) }),
      ...(roleScope !== undefined && { roleScopeExtra: extraIn(roleScope) }),
      ...(row === null && isInvited(values) && { invitationExpiredAt: invitationExpiry }),
      ...(values.kind === 'service' && { joinedAt: () => 'now()' }),
      ...(values.enabled === false && { invitationExpiredAt: null }),
    };
  }

  /** @throws ApiError 409 when the values would remove the last admin */
  private async keepLastAdmin({ values: { enabled, roleName }, row, tx }: AccountWrite): Promise<void> {
    const lost = enabled === false || (roleName !== undefined && !this.roles.fullAccessNames().includes(roleName));
    if (row !== null && lost) await this.lastAdmin.check(row, tx);
  }

  protected override async after(write: AccountWrite, id: string): Promise<void> {
    const { values, row, tx } = write;
    await this.scopes.store(write, id);
    const { email = '' } = values;
    if (row === null && isInvited(values))
      await this.invitations.issue(write.actor, { id, emailKey: emailKey(email) }, tx);
    if (row === null) return;
    if (values.enabled === false) {
      await this.tokens.voidAll(id, tx);
      await this.sessions.endAll(tx, id, { reason: 'account_disabled', actorId: write.actor.id });
    }
    await this.changes.publish(tx, [id]);
    await this.reportRoleChange(write, row);
  }

  /** Records a changed role as an audit event of its own, since auditors look for it, and mails the account. */
  private async reportRoleChange(
    { actor, values, tx }: AccountWrite,
    { id, email, roleName: from }: Account,
  ): Promise<void> {
    const { roleName: to } = values;
    if (to === undefined) return;
    const target = { type: 'iam:accounts', id };
    await this.audit.record(tx, {
      action: 'iam:accounts.role_changed',
      actorId: actor.id,
      target,
      details: { from, to },
    });
    if (to === from || !(await this.rateLimiter.isAllowed('role_changed_mail', { emailKey: emailKey(email) }))) return;
    await this.roleChanges.queue(tx, id, from, to);
  }

  protected override async beforeDelete({ actor, row, tx }: Deletion<Actor, Account>): Promise<void> {
    await this.lastAdmin.check(row, tx);
    // The foreign key would delete the sessions without an event.
    await this.sessions.endAll(tx, row.id, { reason: 'account_deleted', actorId: actor.id });
    await this.changes.publish(tx, [row.id]);
  }
}
