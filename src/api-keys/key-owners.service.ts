import { Injectable } from '@nestjs/common';
import { decidesAlone, OUTRANKED, outranks, SHARED } from '../accounts/account.policy.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import type { Actor, Role, RoleScope } from '../auth/authorization/actor.js';
import { coverRight } from '../auth/authorization/effective-rights.js';
import type { Right } from '../auth/authorization/rights.js';
import { Roles } from '../auth/authorization/roles.js';
import { ApiError, attributePointer, type ErrorObject } from '../json-api/document/errors.js';
import { quoted } from '../json-api/limits.js';
import type { Transaction } from '../json-api/sql/sql.js';
import type { Permission } from './api-key.rules.js';
import { holds } from './effective-role.js';

/** The account that a key is to belong to, and what it may do now. */
export interface KeyOwner {
  readonly id: string;
  readonly role: Role;
  readonly organizationIds: readonly string[];
  readonly roleScope: RoleScope;
}

/** What a new key is to get of its owner's rights. */
export interface KeyGrants {
  readonly permissions: readonly Permission[];
  readonly roleScope: RoleScope | null | undefined;
}

const forbidden = (attribute: string, detail: string): ErrorObject => ({
  code: 'forbidden',
  detail,
  source: attributePointer(attribute),
});

/** Decides which keys an actor may make: for their own account, and for service accounts that they may update alone. */
@Injectable()
export class KeyOwners {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly roles: Roles,
  ) {}

  /**
   * The account that the actor may make a key for; an error of status 403 where they may not, null where the account is out
   * of the actor's scope.
   */
  async find(actor: Actor, accountId: string, tx: Transaction): Promise<KeyOwner | ErrorObject | null> {
    if (accountId === actor.id) return actor;
    const account = await this.accountInScope(actor, accountId, tx);
    if (account === null || 'code' in account) return account;
    const { kind, roleName } = account;
    if (kind !== 'service') return forbidden('account_id', 'People make the keys of their own accounts themselves');
    const role = this.roles.get(roleName);
    if (role === null) return forbidden('account_id', 'The role of the account does not exist any more');
    if (outranks(role, actor)) return forbidden('account_id', OUTRANKED);
    if (!decidesAlone(actor, 'update', await this.accounts.factsOf(actor, accountId, tx))) {
      return forbidden('account_id', SHARED);
    }
    const organizationIds = await this.accounts.organizationIdsOf(accountId, tx);
    return { id: accountId, role, organizationIds, roleScope: account.roleScopeExtra };
  }

  /** Rights that neither the owner nor the actor who makes the key may give it: errors of status 403. */
  errorsOf(actor: Actor, owner: KeyOwner, { permissions, roleScope }: KeyGrants): ErrorObject[] {
    const beyond = permissions.flatMap(({ right, place }) => {
      if (!coverRight(owner.role.parsedRights, right)) {
        return forbidden(`permissions/${place}`, `The account may not ${quoted(right.text)}`);
      }
      return owner === actor || isHeld(actor, owner, right)
        ? []
        : forbidden(`permissions/${place}`, `You may not ${quoted(right.text)} yourself`);
    });
    return [...beyond, ...scopeErrors(owner, roleScope)];
  }

  private async accountInScope(actor: Actor, accountId: string, tx: Transaction) {
    try {
      return await this.accounts.lock(actor, 'update', accountId, tx);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.status === 404 ? null : forbidden('account_id', 'You may not update the account');
    }
  }
}

/** Whether the actor has a right of a service account themselves: of the scope `org`, in all of its organizations. */
function isHeld({ role, organizationIds }: Actor, owner: KeyOwner, right: Right): boolean {
  if (right.scope !== 'org') return coverRight(role.parsedRights, right);
  const own = new Set(organizationIds);
  const onAll: Right = { ...right, scope: '*', text: `${right.resource}.${right.action}.*` };
  const isWithin = owner.organizationIds.every((id) => own.has(id));
  return coverRight(role.parsedRights, isWithin ? right : onAll);
}

/** A role scope may have what the owner has; an owner with every right has every organization and value. */
function scopeErrors(owner: KeyOwner, scope: RoleScope | null | undefined): ErrorObject[] {
  if (!scope || owner.role.everything) return [];
  const known: RoleScope = { ...owner.roleScope, org: owner.organizationIds };
  return Object.entries(scope).flatMap(([name, values]) => {
    const asked = [values].flat().map((value) => (name === 'org' ? String(value).toLowerCase() : String(value)));
    const beyond = asked.some((value) => !holds(known, name, value));
    return beyond ? forbidden('role_scope', `The account does not have all of role_scope.${quoted(name)}`) : [];
  });
}
