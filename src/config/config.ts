/** Where the service runs. Everything but `production` may fall back to development conveniences. */
export type Environment = 'development' | 'test' | 'production';

/** Limits on attempts, counted before any password is hashed, and on what accounts do. */
export interface ThrottleSettings {
  /** Length of the counting window, in seconds. */
  readonly windowSeconds: number;
  /** Attempts for one e-mail from one address in a window. */
  readonly perEmailAndAddress: number;
  /** Attempts from one address (IPv6: one /64) in a window. */
  readonly perAddress: number;
  /** Attempts for one e-mail over all addresses in a window; known devices are exempt. */
  readonly perEmail: number;
  /** Invitations that one account may send in a day. */
  readonly invitationsPerActor: number;
  /** Invitations that one e-mail may be sent in a day. */
  readonly invitationsPerRecipient: number;
  /** How often in an hour one account is told that an e-mail is taken. */
  readonly takenEmailsPerActor: number;
  /** Requests of one account in a minute that may change something. */
  readonly writesPerActor: number;
  /** True switches every limit off, for tests and load measurements. */
  readonly disabled: boolean;
}

/** Connections that may be open at a time. */
export interface ConnectionLimits {
  /** Of one address (IPv6: one /64) that is no trusted proxy. */
  readonly perAddress: number;
  /** Of all addresses together. */
  readonly total: number;
}

/** Where traces go; the names are those of the OTLP exporter's specification. */
export interface TracingSettings {
  /** Base URL of the collector, without a trailing slash. */
  readonly endpoint: string;
  /** What goes with every request to it, such as an API key. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the service is called in the traces. */
  readonly serviceName: string;
}

/**
 * What the environment decided: typed, validated and frozen. It is also the Nest token under which it is injected.
 * The variables behind it, their defaults and their descriptions stand in `variables.ts`.
 */
export class Config {
  readonly environment!: Environment;
  /** The address the server listens on. */
  readonly host!: string;
  /** The port the server listens on; 0 takes a free one. */
  readonly port!: number;
  /** Connection URL of PostgreSQL; null means the embedded server under `dataDir`. */
  readonly databaseUrl!: string | null;
  /** URL of the same database that gives sessions, for migrations, outbox and change feed; null means `databaseUrl`. */
  readonly databaseDirectUrl!: string | null;
  /** What `databaseUrl` gives: sessions, or transactions where a pooler stands there that shares its connections. */
  readonly databasePooler!: 'session' | 'transaction';
  /** Most connections that requests of one process use. */
  readonly databasePoolSize!: number;
  /** Absolute folder of the embedded database, the development keys and the development mails. */
  readonly dataDir!: string;
  /** Path in front of every operation: empty, or with a leading and without a trailing slash (`/api/v1/iam`). */
  readonly apiPrefix!: string;
  /** What a proxy in front takes off the path: empty, or one leading slash and none at the end. */
  readonly publicPath!: string;
  /** What links in mails start with, without a trailing slash; null means the service's own address. */
  readonly appUrl!: string | null;
  /** SMTP relay (`smtp://` or `smtps://`); null means the development mailbox. */
  readonly mailUrl!: string | null;
  /** Sender of every mail, such as `Iam <no-reply@example.com>`. */
  readonly mailFrom!: string;
  /** Absolute folder whose files take the place of the built-in mail templates; null means that there is none. */
  readonly mailTemplates!: string | null;
  /** True mails people about sign-ins on devices that nobody signed in on before. */
  readonly newSignInMail!: boolean;
  /** True reminds people of an invitation that ends soon. */
  readonly invitationReminderMail!: boolean;
  /** E-mail of the first admin. */
  readonly adminEmail!: string;
  /** Password of the first admin; null means a random one outside production, and no first admin in production. */
  readonly adminPassword!: string | null;
  /** Signing keys, newest first: one or more PKCS 8 PEM blocks, or a private JWKS (RFC 7517) as JSON. */
  readonly jwtPrivateKey!: string;
  /** Secrets that encrypt what must be read again; the first encrypts, all decrypt. At least one. */
  readonly appSecrets!: readonly string[];
  /** Claim `iss` of access tokens (RFC 9068); null means `appUrl`. */
  readonly jwtIssuer!: string | null;
  /** Claim `aud` of access tokens. */
  readonly jwtAudience!: string;
  /** Origins that browsers may call from, such as `https://app.example.com`. */
  readonly corsOrigins!: readonly string[];
  /** Addresses or CIDR blocks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies!: readonly string[];
  /** Absolute path of the roles file. */
  readonly rolesFile!: string;
  /** Cost of new password hashes: the work doubles with each step. */
  readonly bcryptCost!: number;
  /** Most work of a stored password hash of any scheme, as a cost of bcrypt; at least `bcryptCost`. */
  readonly hashMaxCost!: number;
  /** Life of an access token, in seconds. */
  readonly accessTokenSeconds!: number;
  /** A session ends when it was not refreshed for so long, in seconds. */
  readonly sessionIdleSeconds!: number;
  /** A session ends so long after sign-in whatever happens, in seconds. */
  readonly sessionMaxSeconds!: number;
  /** A line of the audit trail is kept for so many days. */
  readonly auditRetentionDays!: number;
  readonly throttle!: ThrottleSettings;
  readonly connectionLimits!: ConnectionLimits;
  /** An idle connection is kept so long for the next request, in seconds. */
  readonly keepAliveSeconds!: number;
  /** Port of the metrics; 0 switches them off. */
  readonly metricsPort!: number;
  /** Where traces go; null means that nothing is traced. */
  readonly tracing!: TracingSettings | null;
  /** So long an instance that was told to end still serves, not ready any more, in seconds. */
  readonly drainSeconds!: number;
  /** Requests under way are cut off so long after the listener has closed, in seconds. */
  readonly shutdownSeconds!: number;
  /** Least level of a log line that is written. */
  readonly logLevel!: string;
  /** True lets the service bring the schema up to date, under a lock, before it serves. */
  readonly migrateOnStart!: boolean;

  constructor(values: ConfigValues) {
    Object.assign(this, {
      ...values,
      appSecrets: Object.freeze([...values.appSecrets]),
      corsOrigins: Object.freeze([...values.corsOrigins]),
      trustedProxies: Object.freeze([...values.trustedProxies]),
      throttle: Object.freeze({ ...values.throttle }),
      connectionLimits: Object.freeze({ ...values.connectionLimits }),
      tracing:
        values.tracing && Object.freeze({ ...values.tracing, headers: Object.freeze({ ...values.tracing.headers }) }),
    });
    Object.freeze(this);
  }

  /** True where development conveniences are refused. */
  get production(): boolean {
    return this.environment === 'production';
  }
}

/** Everything a `Config` is made of. `new Config({ ...config, port: 0 })` gives a changed copy. */
export type ConfigValues = Omit<Config, 'production'>;
