import { Injectable } from '@nestjs/common';
import type { Actor, Role, RoleScope } from '../auth/authorization/actor.js';
import { coverRight } from '../auth/authorization/effective-rights.js';
import type { Right } from '../auth/authorization/rights.js';
import { Roles } from '../auth/authorization/roles.js';
import type { ErrorObject } from '../json-api/document/errors.js';
import type { Write } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/sql.js';
import type { Account } from './account.entity.js';
import { extraIn, forbidden, organizationsIn } from './account.policy.js';
import { AccountsRepository } from './accounts.repository.js';

interface Powers {
  readonly enabled?: boolean;
  readonly roleName?: string;
  readonly roleScope?: RoleScope;
}

type PowerWrite = Write<Actor, Account, Powers>;

const BEYOND = 'An API key gives accounts no more than its own permissions, and this role has more';

/**
 * Whether an API key may give an account this role in these organizations: each right lies within its own permissions.
 * Within the organizations of the key, `org` covers `own`, since the account's own rows are rows of theirs.
 */
export function keyCovers(
  { role: key, organizationIds }: Actor,
  role: Role,
  organizations: readonly string[],
): boolean {
  const own = new Set(organizationIds);
  const isWithin = organizations.every((id) => own.has(id));
  const inScope = (right: Right, scope: 'org' | '*'): Right => ({
    ...right,
    scope,
    text: `${right.resource}.${right.action}.${scope}`,
  });
  return role.parsedRights.every((right) => {
    if (right.scope === 'org') return coverRight(key.parsedRights, isWithin ? right : inScope(right, '*'));
    if (coverRight(key.parsedRights, right)) return true;
    const isOwn = right.scope === 'own' && isWithin && organizations.length > 0;
    return isOwn && coverRight(key.parsedRights, inScope(right, 'org'));
  });
}

/** Keeps API keys from giving an account what they do not have: a role, organizations, an invitation, or its life back. */
@Injectable()
export class ApiKeyGrants {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly roles: Roles,
  ) {}

  /** Errors of status 403 of a write by an API key; none of any other actor. */
  async authorize({ actor, row, values, tx }: PowerWrite): Promise<ErrorObject[]> {
    const { enabled, roleName, roleScope } = values;
    const gives = row === null || enabled === true || roleName !== undefined || roleScope !== undefined;
    if (actor.apiKeyId === null || !gives) return [];
    const role = this.roles.get(roleName ?? row?.roleName ?? this.roles.defaultName);
    const organizations = await this.organizationsAfter(actor, row, roleScope, tx);
    const attribute = row !== null && roleName === undefined && roleScope !== undefined ? 'roleScope' : 'roleName';
    return [
      ...(role === null || keyCovers(actor, role, organizations) ? [] : [forbidden(attribute, BEYOND)]),
      ...this.scopeErrors(actor, row, roleScope),
    ];
  }

  /** Whether an API key may renew the invitation of an account. */
  async mayInvite(actor: Actor, account: Account, tx: Transaction): Promise<boolean> {
    const role = this.roles.get(account.roleName);
    return role !== null && keyCovers(actor, role, await this.accounts.organizationIdsOf(account.id, tx));
  }

  /** The organizations of the account once it is written, those that the key cannot read included. */
  private async organizationsAfter(
    actor: Actor,
    row: Account | null,
    scope: RoleScope | undefined,
    tx: Transaction,
  ): Promise<readonly string[]> {
    const before = row === null ? [] : await this.accounts.organizationIdsOf(row.id, tx);
    if (scope === undefined) return before;
    const readable = await this.accounts.readableOrganizations(before, actor, tx);
    return [...before.filter((id) => !readable.has(id)), ...organizationsIn(scope)];
  }

  /** A key that is not bound to organizations gives no more of the other keys of a role scope than it has itself. */
  private scopeErrors(
    { role, roleScope: own }: Actor,
    row: Account | null,
    scope: RoleScope | undefined,
  ): ErrorObject[] {
    if (scope === undefined || role.everything) return [];
    const held = [own, row?.roleScopeExtra ?? {}];
    const beyond = Object.entries(extraIn(scope)).filter(([name, values]) =>
      [values].flat().some((value) => !held.some((one) => Object.hasOwn(one, name) && one[name]?.includes(value))),
    );
    return beyond.map(([name]) => forbidden('roleScope', `An API key gives no more of role_scope.${name} than it has`));
  }
}
