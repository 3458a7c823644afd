/**
 * Everything that travels through the outbox: the name of a task and what its job carries (plain JSON). Names and
 * payloads outlive a deployment, since jobs of the previous release are still waiting: add fields, never change one.
 * A payload never carries a token in clear; seal it with `SecretBox`. `acceptLanguage` and
 * `traceparent` are the outbox's own fields in every payload: what the person reads whose request queued the job, and
 * that request in the traces. A team adds its own tasks by declaration merging:
 * `declare module 'iam' { interface OutboxTasks { 'teams.welcome': { teamId: string } } }`.
 */
export interface OutboxTasks {
  /** Sends an invitation, unless its token is no longer the account's. */
  'mail.invitation': { accountId: string; sealedToken: string };
  /** Reminds of an invitation, unless its token is no longer the account's. */
  'mail.invitation_reminder': { accountId: string; sealedToken: string };
  /** Notifies the owner of an account of a sign-in on a new device at that time (ISO 8601). */
  'mail.new_sign_in': {
    accountId: string;
    sessionId: string;
    signedInAt: string;
    device: string;
    address: string;
  };
  /** Notifies the owner of an account of a changed role, at that time (ISO 8601). */
  'mail.role_changed': { accountId: string; formerRole: string; role: string; changedAt: string };
  /** Notifies the owner of an account of a changed password, at that time (ISO 8601). */
  'mail.password_changed': { accountId: string; changedAt: string };
  /** Notifies the owner of an account of a passkey that was added, at that time (ISO 8601), by its name. */
  'mail.passkey_added': { accountId: string; passkey: string; at: string };
  /** The same of one that was removed. */
  'mail.passkey_removed': { accountId: string; passkey: string; at: string };
  /** The same of one that may have been copied to another device. */
  'mail.passkey_copied': { accountId: string; passkey: string; at: string };
  /** Makes a token for the new e-mail of an account, or notifies the account that has that e-mail. */
  'accounts.request_email_change': {
    accountId: string;
    email: string;
    /** The account that asked for it, and its session, without which the request is void. */
    actorId: string;
    sessionId: string;
  };
  /** Sends the token that confirms a new e-mail to it, while the token is good. */
  'mail.email_confirm': { sealedToken: string };
  /** Notifies the former e-mail of an account of a change at that time (ISO 8601), with the token that takes it back. */
  'mail.email_changed': { sealedToken: string; changedAt: string };
  /** Notifies the former e-mail of an account of a change by an admin or operator, at that time (ISO 8601). */
  'mail.email_changed_by_admin': { accountId: string; email: string; changedAt: string };
  /** Notifies the owner of an account that another account asked for its e-mail, at that time (ISO 8601). */
  'mail.email_taken': { accountId: string; requestedAt: string };
  /** Notifies the owner of an account of changed second factors, at that time (ISO 8601). */
  'mail.factors_changed': {
    accountId: string;
    change: 'added' | 'removed' | 'reset' | 'recovery_codes_made';
    /** What its owner calls the factor; empty where it is about all of them. */
    factor: string;
    changedAt: string;
  };
  /** Notifies the owner of an account of a recovery code that was used, at that time, and of how many are left. */
  'mail.recovery_code_used': { accountId: string; usedAt: string; left: number };
  /** Notifies the owner of an account that codes are locked until then (ISO 8601), after too many failures. */
  'mail.codes_locked': { accountId: string; method: 'totp' | 'recovery_code'; lockedUntil: string };
  /** Asks the owner of an account whether an identity is theirs, with the token that links it, while it is good. */
  'mail.identity_confirm': { sealedToken: string };
  /** Notifies the owner of an account that an identity at a provider of that name was linked, at that time (ISO 8601). */
  'mail.identity_linked': { accountId: string; provider: string; changedAt: string };
  /** Notifies the owner of an account that an identity at a provider of that name was unlinked, at that time (ISO 8601). */
  'mail.identity_unlinked': { accountId: string; provider: string; changedAt: string };
  /** Sends a reset token, while it is good. */
  'mail.password_reset': { sealedToken: string };
  /** Makes a reset token for the enabled account of that e-mail, if there is one, and queues its mail. */
  'password.request_reset': { email: string };
  /** Notifies who made the API key of a service, or the owner of a key that an operator made. */
  'mail.api_key_created': { keyId: string };
  /** Reminds of an API key that expires soon. */
  'mail.api_key_expires': { keyId: string };
  /** Ends the sessions that an enforced identity provider does not let go on, where they were too many for its request. */
  'identity_providers.end_sessions': { providerId: string; actorId: string | null };
  /** Takes a job on: `iam:jobs`. */
  'jobs.run': { jobId: string };
}

export type OutboxTask = keyof OutboxTasks;
