import { DATABASE_VARIABLES } from './database.variables.js';
import {
  addressBlock,
  baseUrl,
  boolean,
  email,
  integer,
  line,
  list,
  mailbox,
  oneOf,
  origin,
  pathPrefix,
  url,
  type Parser,
} from './parsers.js';
import { signingKeys } from './signing-keys.js';
import { CONNECTION_VARIABLES } from './connection.variables.js';
import { THROTTLE_VARIABLES } from './throttle.variables.js';
import { TRACE_VARIABLES } from './trace.variables.js';

/** What there is to know about one environment variable. */
export interface Variable<Value = unknown> {
  readonly parse: Parser<Value>;
  /** Text that counts when the variable is absent or empty; null means that there is no value then. */
  readonly default: string | null;
  /** What counts instead in production. */
  readonly productionDefault?: string | null;
  /** One or two sentences for `.env.example` and the documentation. */
  readonly description: string;
  /** A secret is never quoted in an error, and may be given as the path of a file in NAME_FILE. */
  readonly secret?: true;
  /** Production does not start without it. */
  readonly requiredInProduction?: true;
}

const seconds = integer(1, 10 * 365 * 24 * 3600);
const port = integer(0, 65_535);

/** Every environment variable, in the order of the documentation. Nothing else is read from the environment. */
export const VARIABLES = {
  NODE_ENV: {
    parse: oneOf('development', 'test', 'production'),
    default: 'development',
    description: 'Production refuses to start without the variables marked as required, and refuses weak secrets.',
  },
  HOST: {
    parse: line,
    default: '127.0.0.1',
    productionDefault: '0.0.0.0',
    description: 'Address to listen on.',
  },
  PORT: { parse: port, default: '3000', description: 'Port to listen on; 0 takes a free one.' },
  ...DATABASE_VARIABLES,
  DATA_DIR: {
    parse: line,
    default: './data',
    description: 'Folder of the embedded database, the development keys and the development mails.',
  },
  API_PREFIX: {
    parse: pathPrefix,
    default: '',
    description: 'Path in front of every operation, such as api/v1/iam.',
  },
  PUBLIC_PATH: {
    parse: pathPrefix,
    default: '',
    description:
      'Path under which a proxy shows the whole service, such as /iam; in links, cookies and the documentation. ' +
      'The proxy may take it off or leave it.',
  },
  APP_URL: {
    parse: baseUrl,
    default: null,
    description: "What links in mails start with. Empty: the service's own address.",
    requiredInProduction: true,
  },
  MAIL_URL: {
    parse: url('smtp', 'smtps'),
    default: null,
    description: 'SMTP relay, such as smtp://user:secret@mail:587. Empty: mails are written to DATA_DIR/mail.',
    secret: true,
    requiredInProduction: true,
  },
  MAIL_FROM: { parse: mailbox, default: 'Iam <no-reply@example.com>', description: 'Sender of every mail.' },
  MAIL_TEMPLATES: {
    parse: line,
    default: null,
    description: 'Folder of mail templates that take the place of the built-in ones, file by file; see docs/mail.md.',
  },
  NEW_SIGN_IN_MAIL: {
    parse: boolean,
    default: 'true',
    description: 'true mails people when somebody signs in to their account on a device that is not known yet.',
  },
  INVITATION_REMINDER_MAIL: {
    parse: boolean,
    default: 'true',
    description: 'true mails people a reminder one day before their invitation ends.',
  },
  ADMIN_EMAIL: {
    parse: email,
    default: 'admin@example.com',
    productionDefault: null,
    description: 'E-mail of the first admin, who is made once on an empty database. Production makes none without it.',
  },
  ADMIN_PASSWORD: {
    parse: line,
    default: null,
    description: 'Password of the first admin. Empty: a random one, printed once; in production no admin is made.',
    secret: true,
  },
  JWT_PRIVATE_KEY: {
    parse: signingKeys,
    default: null,
    description:
      'Signing keys as PKCS 8 PEM or private JWKS, EC P-256 or Ed25519, newest first. Empty: made under DATA_DIR.',
    secret: true,
    requiredInProduction: true,
  },
  APP_SECRET: {
    parse: list(line),
    default: null,
    description:
      'Encrypts what must be read again. A comma list, newest first; in production 32 characters each or more, ' +
      'for instance from `openssl rand -base64 32`. Empty: made under DATA_DIR.',
    secret: true,
    requiredInProduction: true,
  },
  JWT_ISSUER: { parse: line, default: null, description: 'Claim iss of access tokens. Empty: APP_URL.' },
  JWT_AUDIENCE: { parse: line, default: 'iam', description: 'Claim aud of access tokens.' },
  ACCESS_TOKEN_SECONDS: { parse: seconds, default: '900', description: 'Life of an access token, in seconds.' },
  SESSION_IDLE_SECONDS: {
    parse: seconds,
    default: '1209600',
    description: 'A session ends when it was not refreshed for so long, in seconds (14 days).',
  },
  SESSION_MAX_SECONDS: {
    parse: seconds,
    default: '7776000',
    description: 'A session ends so long after sign-in whatever happens, in seconds (90 days).',
  },
  AUDIT_RETENTION_DAYS: {
    parse: integer(1, 36_500),
    default: '365',
    description: 'A line of the audit trail is kept for so many days.',
  },
  CORS_ORIGINS: {
    parse: list(origin),
    default: null,
    description: 'Comma list of origins that browsers may call from, such as https://app.example.com.',
  },
  TRUSTED_PROXIES: {
    parse: list(addressBlock),
    default: null,
    description: 'Comma list of addresses or CIDR blocks whose X-Forwarded-For is believed.',
  },
  ROLES_FILE: {
    parse: line,
    default: null,
    description: 'YAML file that replaces the built-in roles. Empty: roles.yml of the project.',
  },
  BCRYPT_COST: {
    parse: integer(4, 16),
    default: '12',
    description: 'Cost of new password hashes; each step doubles the work. Production refuses less than 10.',
  },
  HASH_MAX_COST: {
    parse: integer(4, 16),
    default: '13',
    description: 'Most work of a stored hash of any scheme, as a cost of bcrypt; a failed sign-in takes as long.',
  },
  ...THROTTLE_VARIABLES,
  ...CONNECTION_VARIABLES,
  THROTTLE_DISABLED: {
    parse: boolean,
    default: 'false',
    description:
      'true switches the limits of attempts, invitations and connections off, for tests and load measurements.',
  },
  KEEP_ALIVE_SECONDS: {
    parse: integer(1, 3600),
    default: '72',
    description:
      'An idle connection is kept so long for the next request, in seconds: longer than a balancer in front keeps it.',
  },
  METRICS_PORT: { parse: port, default: '9464', description: 'Port of the metrics; 0 switches them off.' },
  ...TRACE_VARIABLES,
  DRAIN_SECONDS: {
    parse: integer(0, 600),
    default: '0',
    productionDefault: '5',
    description:
      'So long an instance that was told to end still serves while /health/ready answers 503, in seconds: ' +
      'longer than a balancer takes to notice.',
  },
  SHUTDOWN_SECONDS: {
    parse: integer(0, 600),
    default: '10',
    description: 'Requests that are under way when the listener has closed are cut off after so long, in seconds.',
  },
  LOG_LEVEL: {
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    description: 'Least level of a log line that is written.',
  },
  MIGRATE_ON_START: {
    parse: boolean,
    default: 'true',
    productionDefault: 'false',
    description: 'true lets the service bring the schema up to date, under a lock, before it serves.',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;

type ValueOf<Entry extends Variable> =
  ReturnType<Entry['parse']> | (Entry extends { default: null } | { productionDefault: null } ? null : never);

/** The parsed value of every variable; null only where there is no default. */
export type VariableValues = { readonly [Name in VariableName]: ValueOf<(typeof VARIABLES)[Name]> };
