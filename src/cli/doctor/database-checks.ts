import type { DataSource } from 'typeorm';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { COUNTING_CONNECTIONS } from '../../auth/rate-limit/attempts.repository.js';
import type { Roles } from '../../auth/authorization/roles.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { findAccessErrors, findLimitErrors } from '../../database/checks/access-checks.js';
import { isEncrypted, maxConnections, relationExists, serverTime } from '../../database/checks/server-facts.js';
import { connectionOf } from '../../database/connections.js';
import { PendingMigrations } from '../../database/pending-migrations.js';
import {
  findMissingMigrationPrivileges,
  findMissingPrivileges,
  privilegeErrors,
} from '../../database/checks/privileges.js';
import { assertDatabaseFits, UnfitDatabaseError } from '../../database/checks/requirements.js';
import { PostgresTransactions } from '../../database/transactions.js';
import { or } from '../../json-api/sql/sql.js';
import { DeadLetters } from '../../outbox/dead-jobs.js';
import { CredentialsRepository } from '../../passwords/credentials.repository.js';
import { hasPasskey } from '../../passkeys/account-passkeys.repository.js';
import { hasApp } from '../../second-factors/totp/account-factors.repository.js';
import { SealedData } from '../sealed-data.js';
import { emailKeyFindings, hashFindings } from './accounts.js';
import { about, type Finding, type Values } from './finding.js';
import { rolesOf } from './files.js';

/** The settings that database checks need. */
export const DATABASE_NEEDS = [
  'NODE_ENV',
  'DATABASE_URL',
  'DATABASE_POOLER',
  'DATABASE_DIRECT_URL',
  'DATABASE_POOL_SIZE',
  'DATA_DIR',
  'MIGRATE_ON_START',
  'ROLES_FILE',
  'HASH_MAX_COST',
] as const;

/** The variables that the checks read. */
export type DatabaseValues = Values<(typeof DATABASE_NEEDS)[number]>;

/** A check of the database over a connection. `remote` is true if it is on another machine. */
export type DatabaseCheck<Needed extends DatabaseValues = DatabaseValues> = (
  dataSource: DataSource,
  values: Needed & { readonly remote: boolean },
) => Promise<Finding[]>;

/** Maximum clock difference in ms: times of invitations, sessions and tokens are compared. */
const CLOCK_WARNING_MS = 2_000;
const CLOCK_PROBLEM_MS = 60_000;
/** Connections of one instance besides its pool, for the outbox. */
const OUTBOX_CONNECTIONS = 6;

const fits: DatabaseCheck = async (dataSource) => {
  const { ok, problem } = about('database');
  try {
    await assertDatabaseFits(dataSource);
    return [ok('Version, encoding and LC_CTYPE are as needed.')];
  } catch (error) {
    if (error instanceof UnfitDatabaseError) return error.errors.map(problem);
    throw error;
  }
};

const connection: DatabaseCheck = async (dataSource) => {
  const { ok, problem } = about('database');
  const { access } = connectionOf(dataSource);
  const errors = [...(await findAccessErrors(connectionOf(dataSource))), ...(await findLimitErrors(dataSource))];
  if (errors.length > 0) return errors.map(problem);
  const way = access.pooler === 'transaction' ? 'a transaction pooler and the direct URL' : 'sessions';
  return [ok(`It is connected by ${way}, and the time limits of requests apply.`)];
};

const privileges: DatabaseCheck = async (dataSource, { MIGRATE_ON_START: onStart }) => {
  const { ok, problem } = about('privileges');
  const missing = await findMissingPrivileges(dataSource);
  if (missing.length === 0 && onStart && (await new PendingMigrations(dataSource).list()).length > 0) {
    missing.push(...(await findMissingMigrationPrivileges(dataSource)));
  }
  return missing.length === 0
    ? [ok('The role has every privilege that the service needs.')]
    : privilegeErrors(missing).map(problem);
};

const encrypted: DatabaseCheck = async (dataSource, { remote, NODE_ENV: environment }) => {
  if (!remote || environment !== 'production') return [];
  if (await isEncrypted(dataSource)) return [];
  return [about('database').warning('Its connections are not encrypted. Add ?sslmode=verify-full to DATABASE_URL.')];
};

const connections: DatabaseCheck = async (dataSource, { DATABASE_POOL_SIZE: pool }) => {
  const available = await maxConnections(dataSource);
  const needed = pool + OUTBOX_CONNECTIONS + COUNTING_CONNECTIONS;
  if (needed <= available) return [];
  const text = `It gives ${available} connections, and one instance needs ${needed}. Make DATABASE_POOL_SIZE smaller.`;
  return [about('database').warning(text)];
};

const clock: DatabaseCheck = async (dataSource) => {
  const asked = Date.now();
  const now = await serverTime(dataSource);
  const here = (asked + Date.now()) / 2;
  return [clockFinding((now?.getTime() ?? here) - here)];
};

/** The finding for a difference between the database's clock and ours, in ms. */
export function clockFinding(differenceMs: number): Finding {
  const { ok, warning, problem } = about('clock');
  const apart = Math.abs(differenceMs);
  if (apart < CLOCK_WARNING_MS) return ok('The clocks of this machine and of the database match.');
  const seconds = (apart / 1000).toFixed(1);
  const text = `The database's clock is ${seconds} s ${differenceMs > 0 ? 'ahead' : 'behind'}. Set both with NTP.`;
  return (apart < CLOCK_PROBLEM_MS ? warning : problem)(text);
}

const migrated: DatabaseCheck = async (dataSource, { MIGRATE_ON_START: onStart }) => {
  const { ok, warning, problem } = about('migrations');
  const migrations = new PendingMigrations(dataSource);
  const [pending, strange] = [await migrations.list(), await migrations.unknown()];
  const origin = 'from a newer release, or from an extension that this command does not have';
  const unknown = strange.length > 0 ? [warning(`The database knows ${strange.join(', ')}: ${origin}.`)] : [];
  if (pending.length === 0 && !(await relationExists(dataSource, 'graphile_worker.jobs'))) pending.push("the outbox's");
  if (pending.length === 0) return unknown.length > 0 ? unknown : [ok('The schema is up to date.')];
  const todo = onStart ? 'The next start runs them.' : 'Run: npx iam migrate';
  return [...unknown, (onStart ? warning : problem)(`Pending are ${pending.join(', ')}. ${todo}`)];
};

const accounts: DatabaseCheck = async (dataSource, values) => {
  if (!(await relationExists(dataSource, 'account_credentials'))) return [];
  let roles: Roles;
  try {
    roles = rolesOf(values);
  } catch {
    // Reported by the check of the roles file.
    return [];
  }
  const { ok, warning, problem } = about('accounts');
  const transactions = new PostgresTransactions(dataSource);
  const directory = new AccountDirectoryRepository(transactions, new SecondFactors());
  const held = await directory.roleNames();
  const gone = held.filter((name) => roles.get(name) === null);
  const credentials = new CredentialsRepository(transactions);
  const blocked = await directory.countWithoutFactor(roles.requiringFactor(), (account) =>
    or([hasApp(account), hasPasskey(account)]),
  );
  const adminCanSignIn = await credentials.anyWithRole(roles.fullAccessNames());
  return [
    ...(await emailKeyFindings(dataSource)),
    ...(await hashFindings(dataSource, values)),
    ...gone.map((name) => problem(`Some have the role ${name}, which the roles file lacks: they cannot sign in.`)),
    ...blocked.map(({ role, accounts: count }) =>
      ok(
        `${count} of the role ${role}, which requires a second factor, have none: they can add one, and nothing else.`,
      ),
    ),
    adminCanSignIn ? ok('An admin can sign in.') : warning('No admin can sign in. Create one: npx iam create-admin'),
  ];
};

const outbox: DatabaseCheck = async (dataSource) => {
  if (!(await relationExists(dataSource, 'graphile_worker.jobs'))) return [];
  const { length } = await new DeadLetters(dataSource).list();
  return length === 0 ? [] : [about('outbox').warning(`${length} failed permanently. See: npx iam mail dead`)];
};

/** Rows encrypted with an older secret. Not one of {@link DATABASE_CHECKS}, which do not need APP_SECRET. */
export const sealed: DatabaseCheck<DatabaseValues & Values<'APP_SECRET'>> = async (
  dataSource,
  { APP_SECRET: secrets },
) => {
  if (secrets === null || !(await relationExists(dataSource, 'graphile_worker.jobs'))) return [];
  const old = await new SealedData(dataSource, new SecretBox({ appSecrets: secrets })).countOld();
  if (old === 0) return [];
  const rows = old === 1 ? '1 row is' : `${old} rows are`;
  return [
    about('secrets').warning(`${rows} encrypted with an older APP_SECRET. Before removing it: npx iam secrets reseal`),
  ];
};

/** All checks, in this order. */
export const DATABASE_CHECKS: readonly DatabaseCheck[] = [
  fits,
  connection,
  encrypted,
  connections,
  clock,
  migrated,
  privileges,
  accounts,
  outbox,
];
