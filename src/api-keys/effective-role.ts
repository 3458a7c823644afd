import { extraIn } from '../accounts/account.policy.js';
import { Role, type RoleScope } from '../auth/authorization/actor.js';
import { commonRights } from '../auth/authorization/effective-rights.js';
import type { Right } from '../auth/authorization/rights.js';
import type { FoundKey } from './api-key-secrets.repository.js';

/** What an API key may do: its permissions, limited to the present rights of its owner. */

/**
 * Resource types that no key reaches, whatever its permissions: what signs people in, and what makes or receives secrets.
 * Their routes reject keys too; this keeps their rows out of `included` and filters.
 */
export const CLOSED_TYPES: ReadonlySet<string> = new Set([
  'iam:account_factors',
  'iam:account_identities',
  'iam:account_passkeys',
  'iam:api_keys',
  'iam:identity_providers',
  'iam:trusted_devices',
  'iam:webhook_deliveries',
  'iam:webhook_endpoints',
]);

/** A right with the scope `org` where it is on all rows; as it is on what other services own. */
function narrowed(right: Right): Right {
  if (right.scope !== '*') return right;
  return { ...right, scope: 'org', text: `${right.resource}.${right.action}.org` };
}

/**
 * The role of a key: that of its owner, with the rights that both have. A key with a role scope of its own has no right to
 * all rows, but to those of its organizations.
 */
export function effectiveRole(owner: Role, permissions: readonly Right[], hasOwnScope: boolean): Role {
  const { name, title, description, rank, parsedRights } = owner;
  const asked = hasOwnScope ? permissions.map(narrowed) : permissions;
  const rights = commonRights(asked, parsedRights);
  return new Role({ name, title, description, rank, assignable: false, rights, closed: CLOSED_TYPES });
}

type ScopedKey = Pick<FoundKey, 'roleScope' | 'scopeOrganizationIds' | 'organizationIds' | 'roleScopeExtra'>;

/**
 * The organizations and the other role scope of a key: those of its own that the owner has too. An owner with every right
 * has every organization and value.
 */
export function effectiveScope(key: ScopedKey, owner: Role): { organizationIds: readonly string[]; extra: RoleScope } {
  const { roleScope, scopeOrganizationIds, organizationIds, roleScopeExtra } = key;
  if (roleScope === null) return { organizationIds, extra: roleScopeExtra };
  const extra = extraIn(roleScope);
  if (owner.everything) return { organizationIds: scopeOrganizationIds, extra };
  const held = new Set(organizationIds);
  return {
    organizationIds: scopeOrganizationIds.filter((id) => held.has(id)),
    extra: Object.fromEntries(
      Object.entries(extra).map(([name, values]) => [
        name,
        values.filter((value) => holds(roleScopeExtra, name, value)),
      ]),
    ),
  };
}

/** Whether a role scope has a value. Inherited members such as `constructor` do not count. */
export const holds = (scope: RoleScope, name: string, value: string): boolean =>
  Object.hasOwn(scope, name) && (scope[name]?.includes(value) ?? false);
