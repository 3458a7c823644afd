import { signingKeys } from '../signing-keys.js';
import { domain, email, integer, line, list, oneOf } from './schemas.js';
import type { VariableTable } from './variable.js';

const seconds = integer(1, 10 * 365 * 24 * 3600);

/** Secrets, tokens, sessions, passwords and roles. */
export const ACCOUNT_VARIABLES = {
  ADMIN_EMAIL: {
    schema: email,
    default: 'admin@example.com',
    productionDefault: null,
    description: 'E-mail of the first admin, created once on an empty database. Without it, production creates none.',
  },
  ADMIN_PASSWORD: {
    schema: line,
    default: null,
    description: 'Password of the first admin. Empty: a random one, printed once; in production no admin is created.',
    secret: true,
  },
  JWT_PRIVATE_KEY: {
    schema: signingKeys,
    default: null,
    description:
      'Signing keys as PKCS 8 PEM or private JWKS, EC P-256 or Ed25519, newest first. Empty: generated under DATA_DIR.',
    secret: true,
    requiredInProduction: true,
  },
  APP_SECRET: {
    schema: list(line),
    default: null,
    description:
      'Key for encryption and for signatures other than those of access tokens. ' +
      'Comma-separated, newest first; in production at least 32 characters each, ' +
      'for instance from `openssl rand -base64 32`. Empty: generated under DATA_DIR.',
    secret: true,
    requiredInProduction: true,
  },
  JWT_ISSUER: { schema: line, default: null, description: 'Claim iss of access tokens. Empty: APP_URL.' },
  JWT_AUDIENCE: { schema: line, default: 'iam', description: 'Claim aud of access tokens.' },
  ACCESS_TOKEN_SECONDS: { schema: seconds, default: '900', description: 'Lifetime of an access token, in seconds.' },
  ACCESS_TOKEN_CLAIMS: {
    schema: list(oneOf('rights', 'email', 'name')),
    default: null,
    description:
      'Comma list of claims for services that verify access tokens: rights, email, name. ' +
      'Rights are left out above 2 KiB, and each claim where the token would not fit into a cookie.',
  },
  SESSION_IDLE_SECONDS: {
    schema: seconds,
    default: '1209600',
    description: 'How long a session lives without a refresh, in seconds (14 days).',
  },
  SESSION_MAX_SECONDS: {
    schema: seconds,
    default: '7776000',
    description: 'How long a session lives after sign-in at most, in seconds (90 days).',
  },
  REAUTHENTICATION_SECONDS: {
    schema: seconds,
    default: '600',
    description: 'How old a sign-in may be for sensitive operations, such as a change of the e-mail, in seconds.',
  },
  TRUSTED_DEVICE_DAYS: {
    schema: integer(0, 365),
    default: '30',
    description: 'How long a trusted device needs no second factor, in days. 0 switches trusted devices off.',
  },
  WEBAUTHN_RP_ID: {
    schema: domain,
    default: null,
    description:
      'Domain that passkeys are bound to, such as example.com: the host of APP_URL, or a domain above it. A change makes ' +
      'every passkey useless. Empty: the host of APP_URL.',
  },
  API_KEY_MAX_DAYS: {
    schema: integer(0, 36_500),
    default: '365',
    description: 'How far ahead the expiry of an API key may lie, in days. 0: no limit, and a key may have no expiry.',
  },
  BCRYPT_COST: {
    schema: integer(4, 16),
    default: '12',
    description: 'Cost of new password hashes; each step doubles the work. At least 10 in production.',
  },
  HASH_MAX_COST: {
    schema: integer(4, 16),
    default: '13',
    description: 'Maximum work of a stored hash of any scheme, as a bcrypt cost; a failed sign-in takes as long.',
  },
  ROLES_FILE: {
    schema: line,
    default: null,
    description:
      'YAML file that replaces the built-in roles, or adds to them (docs/roles.md). Empty: roles.yml of the project.',
  },
  IDENTITY_PROVIDERS_FILE: {
    schema: line,
    default: null,
    description: 'YAML file that declares identity providers to sign in with (docs/single-sign-on.md).',
  },
  AUDIT_RETENTION_DAYS: {
    schema: integer(1, 36_500),
    default: '365',
    description: 'How long audit events are kept, in days.',
  },
} as const satisfies VariableTable;
