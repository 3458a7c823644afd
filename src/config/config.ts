import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { developmentSecret } from './development-secrets.js';
import { type OwnVariables, VARIABLES, type VariableValues } from './variables.js';
import type { ValuesOf, VariableTable } from './variables/variable.js';

/** Roles that come with the project; the path is the same from `src/config` and from `dist/config`. */
export const BUILT_IN_ROLES = fileURLToPath(new URL('../../roles.yml', import.meta.url));

/**
 * Everything a `Config` is made of: the values of the variables, by shorter names. `variables/` says what each one is.
 * `own` are those of an extension. Outside production, the signing key and the secret are made under `DATA_DIR` on the first call when they are absent.
 */
export function configValues(values: VariableValues, own: OwnVariables = {}) {
  const dataDir = resolve(values.DATA_DIR);
  return {
    environment: values.NODE_ENV,
    host: values.HOST,
    /** 0 takes a free one. */
    port: values.PORT,
    /** Null means the embedded server under `dataDir`. */
    databaseUrl: values.DATABASE_URL,
    /** For migrations, outbox and change feed; null means `databaseUrl`. */
    databaseDirectUrl: values.DATABASE_DIRECT_URL,
    databasePooler: values.DATABASE_POOLER,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    /** Absolute. */
    dataDir,
    /** Empty, or with a leading and without a trailing slash (`/api/v1/iam`). */
    apiPrefix: values.API_PREFIX,
    /** What a proxy in front takes off the path: empty, or with a leading and without a trailing slash. */
    publicPath: values.PUBLIC_PATH,
    /** Without a trailing slash; null means the service's own address. */
    appUrl: values.APP_URL,
    /** Without a trailing slash; null means the origin of `appUrl`, with `publicPath`. */
    publicUrl: values.PUBLIC_URL,
    /** Null means the development mailbox. */
    mailUrl: values.MAIL_URL,
    mailFrom: values.MAIL_FROM,
    /** With `{token}`; null means the page of this service. */
    invitationLink: values.INVITATION_LINK,
    /** With `{token}`; null means the page of this service. */
    resetLink: values.RESET_LINK,
    /** With `{token}`; null means the page of this service. */
    emailLink: values.EMAIL_LINK,
    /** Absolute; null means that there is none. */
    mailTemplates: values.MAIL_TEMPLATES === null ? null : resolve(values.MAIL_TEMPLATES),
    /** Absolute; null means that there is none. */
    errorMessages: values.ERROR_MESSAGES === null ? null : resolve(values.ERROR_MESSAGES),
    /** Null means the name in `mailFrom`. */
    brandName: values.BRAND_NAME,
    /** An https URL, or a path at the origin of `appUrl`; null means that there is none. */
    brandLogoUrl: values.BRAND_LOGO_URL,
    /** Six digits in lower case, such as `#2350b8`; null means the built-in one. */
    brandColor: values.BRAND_COLOR,
    /** Absolute; null means that there is none. */
    pageTemplates: values.PAGE_TEMPLATES === null ? null : resolve(values.PAGE_TEMPLATES),
    newSignInMail: values.NEW_SIGN_IN_MAIL,
    invitationReminderMail: values.INVITATION_REMINDER_MAIL,
    adminEmail: values.ADMIN_EMAIL ?? VARIABLES.ADMIN_EMAIL.default,
    /**
     * Null means a random one outside production, and no first admin in production: there is no default e-mail there,
     * and a password alone makes no admin.
     */
    adminPassword: values.ADMIN_EMAIL === null ? null : values.ADMIN_PASSWORD,
    /** Newest first: one or more PKCS 8 PEM blocks, or a private JWKS (RFC 7517) as JSON. */
    jwtPrivateKey: values.JWT_PRIVATE_KEY ?? developmentSecret(dataDir, 'JWT_PRIVATE_KEY'),
    /** The first encrypts, all decrypt. At least one. */
    appSecrets: values.APP_SECRET ?? [developmentSecret(dataDir, 'APP_SECRET')],
    /** Null means `appUrl`. */
    jwtIssuer: values.JWT_ISSUER,
    jwtAudience: values.JWT_AUDIENCE,
    /** Whole addresses as the URL standard writes them, beside those of `appUrl`. */
    returnUrls: values.RETURN_URLS ?? [],
    corsOrigins: values.CORS_ORIGINS ?? [],
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    /** Absolute. */
    rolesFile: values.ROLES_FILE === null ? BUILT_IN_ROLES : resolve(values.ROLES_FILE),
    /** Absolute; null means that there is none. */
    identityProvidersFile: values.IDENTITY_PROVIDERS_FILE === null ? null : resolve(values.IDENTITY_PROVIDERS_FILE),
    bcryptCost: values.BCRYPT_COST,
    /** At least `bcryptCost`. */
    hashMaxCost: values.HASH_MAX_COST,
    accessTokenSeconds: values.ACCESS_TOKEN_SECONDS,
    accessTokenClaims: values.ACCESS_TOKEN_CLAIMS ?? [],
    sessionIdleSeconds: values.SESSION_IDLE_SECONDS,
    sessionMaxSeconds: values.SESSION_MAX_SECONDS,
    reauthenticationSeconds: values.REAUTHENTICATION_SECONDS,
    /** 0 switches trusted devices off. */
    trustedDeviceDays: values.TRUSTED_DEVICE_DAYS,
    /** Null means the host of `appUrl`. */
    webauthnRpId: values.WEBAUTHN_RP_ID,
    /** 0 means no limit. */
    apiKeyMaxDays: values.API_KEY_MAX_DAYS,
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    /** Limits on attempts, counted before any password is hashed, and on what accounts do. */
    throttle: {
      windowSeconds: values.THROTTLE_WINDOW_SECONDS,
      perEmailAndAddress: values.THROTTLE_PER_EMAIL_AND_ADDRESS,
      perAddress: values.THROTTLE_PER_ADDRESS,
      perEmail: values.THROTTLE_PER_EMAIL,
      /** In a day. */
      invitationsPerActor: values.THROTTLE_INVITATIONS_PER_ACTOR,
      /** In a day. */
      invitationsPerRecipient: values.THROTTLE_INVITATIONS_PER_RECIPIENT,
      /** In an hour. */
      takenEmailsPerActor: values.THROTTLE_TAKEN_EMAILS_PER_ACTOR,
      /** In a minute. */
      writesPerActor: values.THROTTLE_WRITES_PER_ACTOR,
      /** True switches every limit off. */
      disabled: values.THROTTLE_DISABLED,
    },
    /** Requests to other hosts. */
    outbound: {
      /** Addresses and CIDR blocks that may be reached although they are not public. */
      allowedNetworks: values.OUTBOUND_ALLOWED_NETWORKS ?? [],
      allowedPorts: values.OUTBOUND_ALLOWED_PORTS,
      /** URL; null means that there is none. */
      proxy: values.HTTPS_PROXY,
      /** Comma-separated hosts. */
      noProxy: values.NO_PROXY ?? '',
    },
    connectionLimits: { perAddress: values.CONNECTIONS_PER_ADDRESS, total: values.MAX_CONNECTIONS },
    keepAliveSeconds: values.KEEP_ALIVE_SECONDS,
    /** 0 switches the metrics off. */
    metricsPort: values.METRICS_PORT,
    tracing: tracingOf(values),
    drainSeconds: values.DRAIN_SECONDS,
    shutdownSeconds: values.SHUTDOWN_SECONDS,
    logLevel: values.LOG_LEVEL,
    migrateOnStart: values.MIGRATE_ON_START,
    /** Of an extension, by name; {@link Config.valuesOf} gives them with their types. */
    ownVariables: own,
  } as const;
}

/** Null means that nothing is traced. */
function tracingOf(values: VariableValues) {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = values;
  return endpoint === null
    ? null
    : ({ endpoint, headers: headers ?? {}, serviceName: values.OTEL_SERVICE_NAME } as const);
}

/** Everything a `Config` is made of. `new Config({ ...config, port: 0 })` gives a changed copy. */
export type ConfigValues = ReturnType<typeof configValues>;
/** The limits of attempts; see `variables/throttle.ts`. */
export type ThrottleSettings = ConfigValues['throttle'];
/** An optional claim of access tokens. */
export type AccessTokenClaim = ConfigValues['accessTokenClaims'][number];
/** The settings of requests to other hosts. */
export type OutboundSettings = ConfigValues['outbound'];
/** The settings of tracing. */
export type TracingSettings = NonNullable<ConfigValues['tracing']>;

/** A class with the properties of `ConfigValues`, all frozen, which TypeScript cannot declare by a type alone. */
const Values = class {
  constructor(values: ConfigValues) {
    Object.assign(this, values);
    for (const value of Object.values(values)) if (typeof value === 'object') Object.freeze(value);
  }
} as new (values: ConfigValues) => ConfigValues;

/** The validated, frozen configuration. It is also the Nest token under which it is injected. */
export class Config extends Values {
  constructor(values: ConfigValues) {
    super(values);
    Object.freeze(this);
  }

  /**
   * The values of an extension's variables: `config.valuesOf(INVENTORY_VARIABLES).INVENTORY_LIMIT`.
   * @throws TypeError for a table that is not in `variables` of the extension
   */
  valuesOf<const Table extends VariableTable>(table: Table): ValuesOf<Table> {
    const strange = Object.keys(table).find((name) => !Object.hasOwn(this.ownVariables, name));
    if (strange !== undefined) throw new TypeError(`${strange} is not in "variables" of the extension; list it there`);
    return this.ownVariables as ValuesOf<Table>;
  }

  /** False where development conveniences are allowed. */
  get production(): boolean {
    return this.environment === 'production';
  }
}
