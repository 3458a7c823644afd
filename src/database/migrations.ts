import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema.js';
import { AuditTrail1764000100000 } from './migrations/1764000100000-audit-trail.js';
import { AuthChanges1764000200000 } from './migrations/1764000200000-auth-changes.js';
import { ReadIndexes1764000300000 } from './migrations/1764000300000-read-indexes.js';
import { AccountSecrets1764000440000 } from './migrations/1764000440000-account-secrets.js';
import { Maintenance1764000460000 } from './migrations/1764000460000-maintenance.js';

/** Every migration, oldest first. */
export const migrations = [
  InitialSchema1764000000000,
  AuditTrail1764000100000,
  AuthChanges1764000200000,
  ReadIndexes1764000300000,
  AccountSecrets1764000440000,
  Maintenance1764000460000,
];
