import { signingKeys } from '../signing-keys.js';
import { email, integer, line, list } from './schemas.js';
import type { VariableTable } from './variable.js';

const seconds = integer(1, 10 * 365 * 24 * 3600);

/** Secrets, tokens, sessions, passwords and roles. */
export const ACCOUNT_VARIABLES = {
  ADMIN_EMAIL: {
    schema: email,
    default: 'admin@example.com',
    productionDefault: null,
    description: 'E-mail of the first admin, who is made once on an empty database. Production makes none without it.',
  },
  ADMIN_PASSWORD: {
    schema: line,
    default: null,
    description: 'Password of the first admin. Empty: a random one, printed once; in production no admin is made.',
    secret: true,
  },
  JWT_PRIVATE_KEY: {
    schema: signingKeys,
    default: null,
    description:
      'Signing keys as PKCS 8 PEM or private JWKS, EC P-256 or Ed25519, newest first. Empty: made under DATA_DIR.',
    secret: true,
    requiredInProduction: true,
  },
  APP_SECRET: {
    schema: list(line),
    default: null,
    description:
      'Encrypts what must be read again. A comma list, newest first; in production 32 characters each or more, ' +
      'for instance from `openssl rand -base64 32`. Empty: made under DATA_DIR.',
    secret: true,
    requiredInProduction: true,
  },
  JWT_ISSUER: { schema: line, default: null, description: 'Claim iss of access tokens. Empty: APP_URL.' },
  JWT_AUDIENCE: { schema: line, default: 'iam', description: 'Claim aud of access tokens.' },
  ACCESS_TOKEN_SECONDS: { schema: seconds, default: '900', description: 'Life of an access token, in seconds.' },
  SESSION_IDLE_SECONDS: {
    schema: seconds,
    default: '1209600',
    description: 'A session ends when it was not refreshed for so long, in seconds (14 days).',
  },
  SESSION_MAX_SECONDS: {
    schema: seconds,
    default: '7776000',
    description: 'A session ends so long after sign-in whatever happens, in seconds (90 days).',
  },
  BCRYPT_COST: {
    schema: integer(4, 16),
    default: '12',
    description: 'Cost of new password hashes; each step doubles the work. At least 10 in production.',
  },
  HASH_MAX_COST: {
    schema: integer(4, 16),
    default: '13',
    description: 'Most work of a stored hash of any scheme, as a cost of bcrypt; a failed sign-in takes as long.',
  },
  ROLES_FILE: {
    schema: line,
    default: null,
    description: 'YAML file that replaces the built-in roles. Empty: roles.yml of the project.',
  },
  AUDIT_RETENTION_DAYS: {
    schema: integer(1, 36_500),
    default: '365',
    description: 'A line of the audit trail is kept for so many days.',
  },
} as const satisfies VariableTable;
