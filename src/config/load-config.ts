import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { DEVELOPMENT_SECRETS, developmentSecret, findDevelopmentSecret } from './development-secrets.js';
import { readEnvironment } from './environment.js';
import { looksRandom } from './secret-strength.js';
import { VARIABLES, type VariableName, type VariableValues } from './variables.js';

/** Roles that come with the project; the path is the same from `src/config` and from `dist/config`. */
export const BUILT_IN_ROLES = fileURLToPath(new URL('../../roles.yml', import.meta.url));

/** Secrets of fewer characters are refused in production. */
const LEAST_SECRET_LENGTH = 32;
/** OWASP's least cost for bcrypt. */
const LEAST_PRODUCTION_BCRYPT_COST = 10;

/** What the environment says, right or wrong. */
export interface ConfigExamination {
  /** Of the variables that could be read. */
  readonly values: Partial<VariableValues>;
  /** Everything that is wrong, one sentence each. */
  readonly faults: readonly string[];
  /** Variables without which production does not start; a default that they have does not count there. */
  readonly missing: readonly VariableName[];
}

/** Reads the environment, and makes nothing that is absent. Never throws. */
export function examineConfig(env: NodeJS.ProcessEnv): ConfigExamination {
  const { values, faults, missing } = readEnvironment(env);
  const all = [...faults];
  if (missing.length > 0) all.push(`Production does not start without ${missing.join(', ')}.`);
  all.push(...contradictions(values));
  if (values.NODE_ENV === 'production') all.push(...productionFaults(values));
  return { values, faults: all, missing };
}

/**
 * The configuration that the environment describes. Outside production, signing key and secret are made under
 * `DATA_DIR` on the first call when they are absent.
 * @throws ConfigError that names every fault at once.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const { values, faults } = examineConfig(env);
  if (!isComplete(values) || faults.length > 0) throw new ConfigError(faults);
  return toConfig(values);
}

/** Without faults, every variable of the table has its value. */
function isComplete(values: Partial<VariableValues>): values is VariableValues {
  return Object.keys(VARIABLES).every((name) => name in values);
}

function contradictions(values: Partial<VariableValues>): string[] {
  const { SESSION_IDLE_SECONDS: idle, SESSION_MAX_SECONDS: most, ACCESS_TOKEN_SECONDS: access } = values;
  const { PORT: port, METRICS_PORT: metricsPort, ROLES_FILE: rolesFile, MAIL_TEMPLATES: templates } = values;
  const faults: string[] = [...databaseContradictions(values)];
  if (idle !== undefined && most !== undefined && idle > most) {
    faults.push('SESSION_IDLE_SECONDS must not be longer than SESSION_MAX_SECONDS.');
  }
  if (access !== undefined && idle !== undefined && access > idle) {
    faults.push('ACCESS_TOKEN_SECONDS must not be longer than SESSION_IDLE_SECONDS.');
  }
  const { BCRYPT_COST: cost, HASH_MAX_COST: maxCost } = values;
  if (cost !== undefined && maxCost !== undefined && cost > maxCost) {
    faults.push('BCRYPT_COST must not be higher than HASH_MAX_COST.');
  }
  if (port !== undefined && port !== 0 && port === metricsPort) faults.push('METRICS_PORT must differ from PORT.');
  if (rolesFile && !isReadable(rolesFile)) faults.push(`ROLES_FILE names a file that cannot be read: ${rolesFile}.`);
  if (templates && !isReadable(templates))
    faults.push(`MAIL_TEMPLATES names a folder that cannot be read: ${templates}.`);
  return faults;
}

function databaseContradictions(values: Partial<VariableValues>): string[] {
  const { DATABASE_URL: url, DATABASE_DIRECT_URL: directUrl, DATABASE_POOLER: pooler } = values;
  if (directUrl && url === null) return ['DATABASE_DIRECT_URL is set, and DATABASE_URL is not; set both.'];
  if (pooler !== 'transaction' || directUrl !== null) return [];
  return [
    'DATABASE_POOLER=transaction needs DATABASE_DIRECT_URL: migrations, outbox and change feed use sessions, ' +
      'so name the URL of PostgreSQL itself there, or of a session pool.',
  ];
}

function productionFaults(values: Partial<VariableValues>): string[] {
  const faults: string[] = [];
  if (values.BCRYPT_COST !== undefined && values.BCRYPT_COST < LEAST_PRODUCTION_BCRYPT_COST) {
    faults.push(`BCRYPT_COST must be at least ${LEAST_PRODUCTION_BCRYPT_COST} in production.`);
  }
  const secrets = values.APP_SECRET ?? [];
  if (secrets.some((secret) => secret.length < LEAST_SECRET_LENGTH)) {
    faults.push(`APP_SECRET must have at least ${LEAST_SECRET_LENGTH} characters in production.`);
  } else if (!secrets.every(looksRandom)) {
    faults.push('APP_SECRET must be random in production, for instance from `openssl rand -base64 32`.');
  }
  const dataDir = resolve(values.DATA_DIR ?? '.');
  for (const name of ['JWT_PRIVATE_KEY', 'APP_SECRET'] as const) {
    const development = findDevelopmentSecret(dataDir, name);
    if (development && [values[name]].flat().some((secret) => secret?.trim() === development)) {
      faults.push(`${name} is the development secret of ${DEVELOPMENT_SECRETS[name].file}; make another one.`);
    }
  }
  return faults;
}

function toConfig(values: VariableValues): Config {
  const dataDir = resolve(values.DATA_DIR);
  return new Config({
    environment: values.NODE_ENV,
    host: values.HOST,
    port: values.PORT,
    databaseUrl: values.DATABASE_URL,
    databaseDirectUrl: values.DATABASE_DIRECT_URL,
    databasePooler: values.DATABASE_POOLER,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    dataDir,
    apiPrefix: values.API_PREFIX,
    publicPath: values.PUBLIC_PATH,
    appUrl: values.APP_URL,
    mailUrl: values.MAIL_URL,
    mailFrom: values.MAIL_FROM,
    mailTemplates: values.MAIL_TEMPLATES === null ? null : resolve(values.MAIL_TEMPLATES),
    newSignInMail: values.NEW_SIGN_IN_MAIL,
    invitationReminderMail: values.INVITATION_REMINDER_MAIL,
    adminEmail: values.ADMIN_EMAIL ?? VARIABLES.ADMIN_EMAIL.default,
    // Production has no default e-mail, and a password alone makes no admin.
    adminPassword: values.ADMIN_EMAIL === null ? null : values.ADMIN_PASSWORD,
    jwtPrivateKey: values.JWT_PRIVATE_KEY ?? developmentSecret(dataDir, 'JWT_PRIVATE_KEY'),
    appSecrets: values.APP_SECRET ?? [developmentSecret(dataDir, 'APP_SECRET')],
    jwtIssuer: values.JWT_ISSUER,
    jwtAudience: values.JWT_AUDIENCE,
    corsOrigins: values.CORS_ORIGINS ?? [],
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    rolesFile: values.ROLES_FILE ? resolve(values.ROLES_FILE) : BUILT_IN_ROLES,
    bcryptCost: values.BCRYPT_COST,
    hashMaxCost: values.HASH_MAX_COST,
    accessTokenSeconds: values.ACCESS_TOKEN_SECONDS,
    sessionIdleSeconds: values.SESSION_IDLE_SECONDS,
    sessionMaxSeconds: values.SESSION_MAX_SECONDS,
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    throttle: {
      windowSeconds: values.THROTTLE_WINDOW_SECONDS,
      perEmailAndAddress: values.THROTTLE_PER_EMAIL_AND_ADDRESS,
      perAddress: values.THROTTLE_PER_ADDRESS,
      perEmail: values.THROTTLE_PER_EMAIL,
      invitationsPerActor: values.THROTTLE_INVITATIONS_PER_ACTOR,
      invitationsPerRecipient: values.THROTTLE_INVITATIONS_PER_RECIPIENT,
      takenEmailsPerActor: values.THROTTLE_TAKEN_EMAILS_PER_ACTOR,
      writesPerActor: values.THROTTLE_WRITES_PER_ACTOR,
      disabled: values.THROTTLE_DISABLED,
    },
    connectionLimits: { perAddress: values.CONNECTIONS_PER_ADDRESS, total: values.MAX_CONNECTIONS },
    keepAliveSeconds: values.KEEP_ALIVE_SECONDS,
    metricsPort: values.METRICS_PORT,
    tracing: tracingOf(values),
    drainSeconds: values.DRAIN_SECONDS,
    shutdownSeconds: values.SHUTDOWN_SECONDS,
    logLevel: values.LOG_LEVEL,
    migrateOnStart: values.MIGRATE_ON_START,
  });
}

function tracingOf(values: VariableValues): Config['tracing'] {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = values;
  return endpoint === null ? null : { endpoint, headers: headers ?? {}, serviceName: values.OTEL_SERVICE_NAME };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
