import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ErrorList, type ErrorObject } from '../json-api/document/errors.js';
import { isUuid } from '../json-api/resource/field-types.js';
import { quoted } from '../json-api/limits.js';
import type { Write } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/executor.js';
import type { Account, RoleScope } from './account.entity.js';
import { beyondOwnScope, extraIn, forbidden, organizationsIn } from './account.policy.js';
import { AccountsRepository } from './accounts.repository.js';

type ScopeWrite = Write<Actor, Account, { readonly roleScope?: RoleScope }>;

/** An account's `role_scope`: who may give which part of it, and how it is stored. */
@Injectable()
export class AccountScopes {
  constructor(private readonly accounts: AccountsRepository) {}

  /** What the caller may not give or take: errors of status 403. */
  async authorize({ actor, row, values, tx }: ScopeWrite): Promise<ErrorObject[]> {
    const action = row === null ? 'create' : 'update';
    if (actor.can('iam:accounts', action, '*')) return this.authorizeUnreadable(actor, values.roleScope, tx);
    const asked = organizationsIn(values.roleScope);
    // Of rows of the scope `own` there is one, and it is there already.
    if (row === null && (asked.length === 0 || !actor.can('iam:accounts', 'create', 'org'))) {
      return [forbidden('roleScope', 'You may only create accounts in organizations of your own')];
    }
    if (values.roleScope === undefined) return [];
    const visible = await this.visible(row, actor, tx);
    const given = asked.filter((id) => !visible.has(id));
    const kept = new Set(asked);
    const taken = [...visible].filter((id) => !kept.has(id));
    const own = new Set(actor.organizationIds);
    const errors = new ErrorList();
    if (![...given, ...taken].every((id) => own.has(id))) {
      errors.push(forbidden('roleScope', 'You may only give and take organizations of your own'));
    }
    const before = row === null ? {} : row.roleScopeExtra;
    for (const key of beyondOwnScope(actor, before, extraIn(values.roleScope))) {
      errors.push(forbidden('roleScope', `You may not give more of role_scope.${quoted(key)} than you have`));
    }
    return [...errors];
  }

  /** Organizations that do not exist, of those that the caller could read if they did. */
  async missing(scope: RoleScope, actor: Actor, tx: Transaction): Promise<string[]> {
    const asked = organizationsIn(scope);
    if (asked.length === 0) return [];
    const readable = await this.accounts.readableOrganizations(asked, actor, tx);
    return asked.filter((id) => !readable.has(id));
  }

  /** Whether every organization of the account is one of the caller's own; true for whoever may do it to all rows. */
  async ownsAll(actor: Actor, action: 'create' | 'update' | 'delete', id: string, tx: Transaction): Promise<boolean> {
    if (actor.can('iam:accounts', action, '*')) return true;
    const own = new Set(actor.organizationIds);
    return (await this.accounts.organizationIdsOf(id, tx)).every((organization) => own.has(organization));
  }

  /** Stores the memberships. Those that the caller does not see are left as they are. */
  async store({ actor, row, values, tx }: ScopeWrite, id: string): Promise<void> {
    if (values.roleScope === undefined) return;
    const wanted = organizationsIn(values.roleScope);
    const kept = new Set(wanted);
    const visible = await this.visible(row, actor, tx);
    await this.accounts.changeMemberships(
      id,
      {
        add: wanted.filter((organization) => !visible.has(organization)),
        remove: [...visible].filter((organization) => !kept.has(organization)),
      },
      tx,
    );
  }

  /** The organizations of an account that the caller may read; none of one that is only being created. */
  private async visible(row: Account | null, actor: Actor, tx: Transaction): Promise<Set<string>> {
    if (row === null) return new Set();
    return this.accounts.readableOrganizations(await this.accounts.organizationIdsOf(row.id, tx), actor, tx);
  }

  /** Whoever writes all accounts but reads only some organizations cannot name the others, existing or not. */
  private async authorizeUnreadable(
    actor: Actor,
    scope: RoleScope | undefined,
    tx: Transaction,
  ): Promise<ErrorObject[]> {
    const asked = organizationsIn(scope).filter(isUuid);
    if (asked.length === 0 || actor.can('iam:organizations', 'read', '*')) return [];
    const readable = await this.accounts.readableOrganizations(asked, actor, tx);
    if (asked.every((id) => readable.has(id))) return [];
    return [forbidden('roleScope', 'You may only name organizations that you may read')];
  }
}
