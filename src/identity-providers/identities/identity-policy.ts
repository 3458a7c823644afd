import type { Role } from '../../auth/authorization/actor.js';
import type { FederatedAccount } from '../../accounts/federated/federated-accounts.repository.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import type { LinkedBy } from './account-identity.entity.js';

/** Which accounts a provider may sign in to (wire contract, section 12). Pure functions. */

/** What a provider may do with an account that was found by a verified e-mail of one of its domains. */
export type EmailVerdict = 'unknown' | 'disabled' | 'joins' | 'needs_proof' | 'needs_session';

/** An organization's provider finds only accounts that have an organization, and none but its own. */
export const isWithin = (
  { organizationId }: Pick<ProviderSettings, 'organizationId'>,
  account: FederatedAccount,
): boolean =>
  organizationId === null ||
  (account.organizationIds.length > 0 && account.organizationIds.every((id) => id === organizationId));

/** The verdict on an account that was found by its e-mail; one that is out of reach is as unknown as none. */
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
 * Whether an identity that is linked still signs in. What the owner of the account has agreed to, stays; what the provider
 * alone vouched for does not reach an account that has got more than the provider is responsible for since.
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

/** The role of an account that joins by domain; null where it may not be given by now. */
export function roleOfJoining(
  { roleCeiling, defaultRole }: Pick<ProviderSettings, 'roleCeiling' | 'defaultRole'>,
  roles: { readonly defaultName: string; get(name: string): Role | null },
): Role | null {
  const role = roles.get(defaultRole ?? roles.defaultName);
  if (!role?.assignable || role.everything) return null;
  // The default role of the installation needs no one's consent.
  return defaultRole === null || role.rank <= roleCeiling ? role : null;
}
