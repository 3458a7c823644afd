import type { Role } from '../../auth/authorization/actor.js';
import type { FederatedAccount } from '../../accounts/federated/federated-accounts.repository.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import type { LinkedBy } from './account-identity.entity.js';

/** Which accounts a provider may sign in to (wire contract, section 12). Pure functions. */

/** What happens to an account that was found by a verified e-mail of one of the provider's domains. */
export type EmailVerdict = 'unknown' | 'disabled' | 'joins' | 'needs_proof' | 'needs_session';

/** An organization's provider finds only accounts that have an organization, and none but its own. */
export const isWithin = (
  { organizationId }: Pick<ProviderSettings, 'organizationId'>,
  account: FederatedAccount,
): boolean =>
  organizationId === null ||
  (account.organizationIds.length > 0 && account.organizationIds.every((id) => id === organizationId));

/** What to do with an account that was found by its e-mail; `unknown` also for one outside of the provider's organization. */
export function verdictOf(
  provider: Pick<ProviderSettings, 'organizationId' | 'join'>,
  account: FederatedAccount | undefined,
  role: Role | null,
): EmailVerdict {
  if (!account?.isPerson || !isWithin(provider, account)) return 'unknown';
  if (!account.enabled) return 'disabled';
  if (role?.everything === true) return 'needs_session';
  if (account.joined) return 'needs_proof';
  return provider.join === 'never' ? 'unknown' : 'joins';
}

/**
 * Whether an identity that is linked still signs in. One that was linked in a session of the account does. One that was
 * linked by mail does, unless the account has every right by now; any other only while the account is also within the
 * provider's organization.
 */
export function stillSignsIn(
  provider: Pick<ProviderSettings, 'organizationId'>,
  account: FederatedAccount,
  role: Role | null,
  linkedBy: LinkedBy,
): boolean {
  if (linkedBy === 'session') return true;
  if (role?.everything === true) return false;
  return linkedBy === 'mail' || isWithin(provider, account);
}

/** The role of an account that joins by domain; null where the provider may no longer give it. */
export function roleOfJoining(
  { roleCeiling, defaultRole }: Pick<ProviderSettings, 'roleCeiling' | 'defaultRole'>,
  roles: { readonly defaultName: string; get(name: string): Role | null },
): Role | null {
  const role = roles.get(defaultRole ?? roles.defaultName);
  if (!role?.assignable || role.everything) return null;
  // The default role of the installation needs no one's consent.
  return defaultRole === null || role.rank <= roleCeiling ? role : null;
}
