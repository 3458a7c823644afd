/** What is done to a resource of any type, also of one that a team adds: `<type>.created` and so on. */
export const WRITES = ['created', 'updated', 'deleted'] as const;

/** What is done besides. */
export const ACTIONS = [
  'iam:account_auths.signed_in',
  'iam:account_auths.sign_in_failed',
  'iam:account_auths.signed_out',
  'iam:account_auths.refresh_reused',
  'iam:account_sessions.revoked',
  'iam:accounts.imported',
  'iam:accounts.invited',
  'iam:accounts.joined',
  'iam:accounts.role_changed',
  'iam:accounts.password_changed',
  'iam:accounts.password_reset',
] as const;

/** What a line of the audit trail can tell. */
export type AuditAction = (typeof ACTIONS)[number] | `${string}:${string}.${(typeof WRITES)[number]}`;
