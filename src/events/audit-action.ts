/** Actions on resources of every type, including those that a team adds: `<type>.created` and so on. */
export const WRITES = ['created', 'updated', 'deleted'] as const;

/** All other actions. */
export const ACTIONS = [
  'iam:account_auths.signed_in',
  'iam:account_auths.sign_in_failed',
  'iam:account_auths.signed_out',
  'iam:account_auths.signed_out_by_provider',
  'iam:account_auths.refresh_reused',
  'iam:account_auths.reauthenticated',
  'iam:account_auths.reauthentication_failed',
  'iam:account_passkeys.copy_detected',
  'iam:account_auths.second_factor_failed',
  'iam:account_factors.confirmed',
  'iam:account_factors.locked',
  'iam:account_sessions.revoked',
  'iam:api_keys.revoked',
  'iam:api_keys.rotated',
  'iam:accounts.create_rejected',
  'iam:accounts.email_change_requested',
  'iam:accounts.email_changed',
  'iam:accounts.email_reverted',
  'iam:accounts.erased',
  'iam:accounts.imported',
  'iam:accounts.invited',
  'iam:accounts.joined',
  'iam:accounts.role_changed',
  'iam:accounts.factors_reset',
  'iam:accounts.recovery_codes_made',
  'iam:accounts.recovery_code_used',
  'iam:accounts.password_changed',
  'iam:accounts.password_reset',
  'iam:accounts.unlocked',
  'iam:account_identities.linked',
  'iam:identity_providers.domain_verified',
] as const;

/**
 * Actions of a team's own, by declaration merging:
 * `declare module 'iam' { interface OwnActions { 'iam:teams.member_added': true } }`. Their names
 * stand in the extension's `actions`, too.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- what is merged into it fills it
export interface OwnActions {}

/** The action of an audit event. */
export type AuditAction =
  (typeof ACTIONS)[number] | `${string}:${string}.${(typeof WRITES)[number]}` | keyof OwnActions;

/** Injection token of the names of a team's own actions. */
export const OWN_ACTIONS = Symbol('own actions');

/** The name of an action: a type, and what was done to it. */
const NAME = /^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

/** Validates the names of a team's own actions, one error message each. */
export function errorsOfActions(names: readonly string[]): string[] {
  const taken: readonly string[] = ACTIONS;
  return names.flatMap((name, place) => [
    ...(NAME.test(name)
      ? []
      : [`The action ${JSON.stringify(name)} must have a name such as "iam:teams.member_added".`]),
    ...(taken.includes(name) || names.indexOf(name) < place ? [`There are two actions called ${name}.`] : []),
  ]);
}
