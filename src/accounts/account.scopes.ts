import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ErrorList, type ErrorObject } from '../json-api/document/errors.js';
import { isUuid, type Transaction } from '../json-api/sql/sql.js';
import { quoted } from '../json-api/limits.js';
import type { Write } from '../json-api/resource.service.js';
import type { Account } from './account.entity.js';
import type { RoleScope } from '../auth/authorization/actor.js';
import { beyondOwnScope, extraIn, forbidden, organizationsIn } from './account.policy.js';
import { AccountsRepository } from './accounts.repository.js';

type ScopeWrite = Write<Actor, Account, { readonly roleScope?: RoleScope }>;

/** Authorizes and stores changes of an account's `role_scope`. */
@Injectable()
export class AccountScopes {
  constructor(private readonly accounts: AccountsRepository) {}

  /** Checks which organizations and values the actor may add and remove: errors of status 403. */
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
      errors.push(forbidden('roleScope', 'You may only add and remove organizations of your own'));
    }
    const before = row === null ? {} : row.roleScopeExtra;
    for (const key of beyondOwnScope(actor, before, extraIn(values.roleScope))) {
      errors.push(forbidden('roleScope', `You may not give more of role_scope.${quoted(key)} than you have`));
    }
    return [...errors];
  }

  /** The organizations that do not exist. Organizations that the actor cannot read count as missing. */
  async missing(scope: RoleScope, actor: Actor, tx: Transaction): Promise<string[]> {
    const asked = organizationsIn(scope);
    if (asked.length === 0) return [];
    const readable = await this.accounts.readableOrganizations(asked, actor, tx);
    return asked.filter((id) => !readable.has(id));
  }

  /** Stores the memberships. Those that the actor cannot read are left unchanged. */
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

  /** The organizations of an account that the actor may read; empty on create. */
  private async visible(row: Account | null, actor: Actor, tx: Transaction): Promise<Set<string>> {
    if (row === null) return new Set();
    return this.accounts.readableOrganizations(await this.accounts.organizationIdsOf(row.id, tx), actor, tx);
  }

  /** An actor that may write all accounts but read only some organizations cannot name the others, existing or not. */
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
