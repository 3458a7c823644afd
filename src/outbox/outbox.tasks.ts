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
  /** Sends a reset token, while it is good. */
  'mail.password_reset': { sealedToken: string };
  /** Makes a reset token for the enabled account of that e-mail, if there is one, and queues its mail. */
  'password.request_reset': { email: string };
  /** Takes a job on: `iam:jobs`. */
  'jobs.run': { jobId: string };
}

export type OutboxTask = keyof OutboxTasks;
