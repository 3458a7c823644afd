import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { Config, configValues } from './config.js';
import { DEVELOPMENT_SECRETS, findDevelopmentSecret } from './development-secrets.js';
import { originsOf } from './relying-party.js';
import { looksRandom } from './secret-strength.js';
import { type OwnVariables, VARIABLES, type VariableValues } from './variables.js';
import { readVariables, type VariableReading, type VariableTable } from './variables/variable.js';

/** Minimum length of a secret in production, in characters. */
const MIN_SECRET_LENGTH = 32;
/** OWASP's minimum for bcrypt. */
const MIN_PRODUCTION_BCRYPT_COST = 10;

/** The values of the environment, and its errors. */
export interface ConfigExamination extends VariableReading<typeof VARIABLES> {
  /** The values of the extension's variables, as far as they could be parsed. */
  readonly own: OwnVariables;
}

/** The configuration is invalid. The message lists every error, one per line. */
export class ConfigError extends Error {
  constructor(readonly errors: readonly string[]) {
    super(`The configuration is invalid:\n${errors.map((error) => `  - ${error}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Reads the environment without generating missing secrets. Never throws. `own` are the variables of an extension. */
export function examineConfig(env: NodeJS.ProcessEnv, own: VariableTable = {}): ConfigExamination {
  const { values, ...reading } = readVariables(VARIABLES, env);
  const { values: ownValues, ...ownReading } = readVariables(own, env);
  const missing = [...reading.missing, ...ownReading.missing];
  const all = [...reading.errors, ...ownReading.errors];
  if (missing.length > 0) all.push(`Production does not start without ${missing.join(', ')}.`);
  all.push(...contradictions(values));
  if (values.NODE_ENV === 'production') all.push(...productionErrors(values));
  return { values, own: ownValues, errors: all, missing };
}

/**
 * Loads the configuration from the environment. Outside production, a missing signing key or secret is generated under
 * `DATA_DIR`.
 * @param own the variables of an extension
 * @throws ConfigError that names every error at once.
 */
export function loadConfig(env: NodeJS.ProcessEnv, own?: VariableTable): Config {
  const { values, own: ownValues, errors } = examineConfig(env, own);
  if (!isComplete(values) || errors.length > 0) throw new ConfigError(errors);
  return new Config(configValues(values, ownValues));
}

/** Without errors, every variable of the table has its value. */
function isComplete(values: Partial<VariableValues>): values is VariableValues {
  return Object.keys(VARIABLES).every((name) => name in values);
}

/** Errors between variables that are valid individually. A variable that could not be parsed is undefined here. */
function contradictions(values: Partial<VariableValues>): string[] {
  const { DATABASE_URL, DATABASE_DIRECT_URL, DATABASE_POOLER, ROLES_FILE, MAIL_TEMPLATES, PAGE_TEMPLATES, PORT } =
    values;
  const rules: readonly [wrong: boolean, error: string][] = [
    [
      Boolean(DATABASE_DIRECT_URL) && DATABASE_URL === null,
      'DATABASE_DIRECT_URL is set, and DATABASE_URL is not; set both.',
    ],
    [
      DATABASE_POOLER === 'transaction' && DATABASE_DIRECT_URL === null,
      'DATABASE_POOLER=transaction needs DATABASE_DIRECT_URL: migrations, outbox and change feed use sessions, ' +
        'so name the URL of PostgreSQL itself there, or of a session pool.',
    ],
    [
      isAbove(values.SESSION_IDLE_SECONDS, values.SESSION_MAX_SECONDS),
      'SESSION_IDLE_SECONDS must not be longer than SESSION_MAX_SECONDS.',
    ],
    [
      isAbove(values.ACCESS_TOKEN_SECONDS, values.SESSION_IDLE_SECONDS),
      'ACCESS_TOKEN_SECONDS must not be longer than SESSION_IDLE_SECONDS.',
    ],
    [isAbove(values.BCRYPT_COST, values.HASH_MAX_COST), 'BCRYPT_COST must not be higher than HASH_MAX_COST.'],
    [Boolean(PORT) && PORT === values.METRICS_PORT, 'METRICS_PORT must differ from PORT.'],
    [
      isForeignRpId(values),
      `WEBAUTHN_RP_ID must be the host of APP_URL or of one of CORS_ORIGINS, or a domain above it.`,
    ],
    [isUnreadable(ROLES_FILE), `ROLES_FILE names a file that cannot be read: ${ROLES_FILE}.`],
    [isUnreadable(PAGE_TEMPLATES), `PAGE_TEMPLATES names a folder that cannot be read: ${PAGE_TEMPLATES}.`],
    [isUnreadable(MAIL_TEMPLATES), `MAIL_TEMPLATES names a folder that cannot be read: ${MAIL_TEMPLATES}.`],
  ];
  return rules.filter(([wrong]) => wrong).map(([, error]) => error);
}

const isAbove = (value: number | undefined, max: number | undefined): boolean =>
  value !== undefined && max !== undefined && value > max;

/** Whether no page could use passkeys of this domain. Without APP_URL it depends on the port and host that are listened on. */
function isForeignRpId({ WEBAUTHN_RP_ID: id, APP_URL, CORS_ORIGINS }: Partial<VariableValues>): boolean {
  if (!id || !APP_URL || CORS_ORIGINS === undefined) return false;
  return originsOf(id, [new URL(APP_URL).origin, ...(CORS_ORIGINS ?? [])]).length === 0;
}

function isUnreadable(path: string | null | undefined): boolean {
  try {
    if (path) accessSync(path, constants.R_OK);
    return false;
  } catch {
    return true;
  }
}

function productionErrors(values: Partial<VariableValues>): string[] {
  const errors: string[] = [];
  if (isAbove(MIN_PRODUCTION_BCRYPT_COST, values.BCRYPT_COST)) {
    errors.push(`BCRYPT_COST must be at least ${MIN_PRODUCTION_BCRYPT_COST} in production.`);
  }
  const secrets = values.APP_SECRET ?? [];
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    errors.push(`APP_SECRET must have at least ${MIN_SECRET_LENGTH} characters in production.`);
  } else if (!secrets.every(looksRandom)) {
    errors.push('APP_SECRET must be random in production, for instance from `openssl rand -base64 32`.');
  }
  const dataDir = resolve(values.DATA_DIR ?? '.');
  for (const name of ['JWT_PRIVATE_KEY', 'APP_SECRET'] as const) {
    const development = findDevelopmentSecret(dataDir, name);
    if (development && [values[name]].flat().some((secret) => secret?.trim() === development)) {
      errors.push(`${name} is the development secret of ${DEVELOPMENT_SECRETS[name].file}; make another one.`);
    }
  }
  return errors;
}
