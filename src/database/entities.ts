import { AccountSession } from '../account-sessions/account-session.entity.js';
import { Account } from '../accounts/account.entity.js';
import { Installation } from '../accounts/admins/installation.entity.js';
import { Attempt } from '../auth/rate-limit/attempt.entity.js';
import { AuthChange } from '../auth/sessions/auth-change.entity.js';
import { AuditEvent } from '../events/audit-event.entity.js';
import { Job } from '../jobs/job.entity.js';
import { IdempotencyKey } from '../json-api/write/idempotency.js';
import { Membership } from '../organizations/membership.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { AccountCredentials } from '../passwords/account-credentials.entity.js';
import { AccountToken } from '../passwords/account-token.entity.js';
import { SweepRun } from '../sweeps/sweep.entity.js';

/** Every entity, listed by hand so that a reader and the drift check see the whole schema in one place. */
export const entities = [
  Account,
  AccountCredentials,
  AccountSession,
  AccountToken,
  Attempt,
  AuditEvent,
  AuthChange,
  IdempotencyKey,
  Installation,
  Job,
  Membership,
  Organization,
  SweepRun,
];
