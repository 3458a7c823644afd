import { AccountSession } from '../account-sessions/account-session.entity.js';
import { Account } from '../accounts/account.entity.js';
import { Installation } from '../accounts/admins/installation.entity.js';
import { ApiKey } from '../api-keys/api-key.entity.js';
import { ApiKeySecret } from '../api-keys/api-key-secret.entity.js';
import { Attempt } from '../auth/rate-limit/attempt.entity.js';
import { AuthChange } from '../auth/sessions/auth-change.entity.js';
import { AuditEvent } from '../events/audit-event.entity.js';
import { AccountIdentity, IdentityProviderSession } from '../identity-providers/identities/account-identity.entity.js';
import { IdentityProvider, IdentityProviderDomain } from '../identity-providers/providers/identity-provider.entity.js';
import { Job } from '../jobs/job.entity.js';
import { IdempotencyKey } from '../json-api/write/idempotency-keys.repository.js';
import { OneTimeToken } from '../one-time-tokens/one-time-token.entity.js';
import { Membership } from '../organizations/membership.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { AccountCredentials } from '../passwords/account-credentials.entity.js';
import { AccountPasskey } from '../passkeys/account-passkey.entity.js';
import { AccountFactorState } from '../second-factors/account-factor-state.entity.js';
import { AccountFactor } from '../second-factors/account-factor.entity.js';
import { FactorAttempt } from '../second-factors/factor-attempt.entity.js';
import { RecoveryCode } from '../second-factors/recovery-codes/recovery-code.entity.js';
import { TrustedDevice } from '../second-factors/trusted-devices/trusted-device.entity.js';
import { SweepRun } from '../sweeps/sweep.entity.js';
import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema.js';
import { AuditTrail1764000100000 } from './migrations/1764000100000-audit-trail.js';
import { AuthChanges1764000200000 } from './migrations/1764000200000-auth-changes.js';
import { ReadIndexes1764000300000 } from './migrations/1764000300000-read-indexes.js';
import { AccountSecrets1764000440000 } from './migrations/1764000440000-account-secrets.js';
import { Maintenance1764000460000 } from './migrations/1764000460000-maintenance.js';
import { ApiKeys1764000500000 } from './migrations/1764000500000-api-keys.js';
import { Passkeys1764000610000 } from './migrations/1764000610000-passkeys.js';
import { TrustedDevices1764000620000 } from './migrations/1764000620000-trusted-devices.js';
import { IdentityProviders1764000700000 } from './migrations/1764000700000-identity-providers.js';
import { EnforcedProviders1764000710000 } from './migrations/1764000710000-enforced-providers.js';
import { SecondFactors1764000600000 } from './migrations/1764000600000-second-factors.js';

/** Every entity, listed by hand so that the whole schema is visible in one place. */
export const entities = [
  Account,
  AccountCredentials,
  AccountIdentity,
  AccountPasskey,
  AccountFactor,
  AccountFactorState,
  AccountSession,
  ApiKey,
  ApiKeySecret,
  Attempt,
  AuditEvent,
  AuthChange,
  FactorAttempt,
  IdempotencyKey,
  IdentityProvider,
  IdentityProviderDomain,
  IdentityProviderSession,
  Installation,
  Job,
  Membership,
  OneTimeToken,
  Organization,
  RecoveryCode,
  SweepRun,
  TrustedDevice,
];

/** Every migration, oldest first. */
export const migrations = [
  InitialSchema1764000000000,
  AuditTrail1764000100000,
  AuthChanges1764000200000,
  ReadIndexes1764000300000,
  AccountSecrets1764000440000,
  Maintenance1764000460000,
  ApiKeys1764000500000,
  SecondFactors1764000600000,
  Passkeys1764000610000,
  TrustedDevices1764000620000,
  IdentityProviders1764000700000,
  EnforcedProviders1764000710000,
];
