import { Pool } from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { REQUEST_CONNECTION, MAINTENANCE_CONNECTION, type Limits } from './connection-limits.js';

/** Maximum time to wait for a connection of a pool, in milliseconds; a request then fails with 503. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Pool mode of the pooler in front of the database: one server connection per session (also without a pooler), or per
 * transaction.
 */
export type Pooler = 'session' | 'transaction';

/** Where the database is. */
export interface DatabaseAccess {
  /** For requests; may lead to a pooler. */
  readonly url: string;
  /** Leads to the same database with a session for each connection; equals `url` when that does too. */
  readonly directUrl: string;
  readonly pooler: Pooler;
}

/**
 * - `request`: short statements and transactions, also through a transaction pooler. No session state: no SET, no
 *   session-level advisory lock, no LISTEN, no temporary table. Through a transaction pooler, prepared statements are
 *   unnamed.
 * - `session`: the same limits, with one PostgreSQL session for the lifetime of the connection.
 * - `maintenance`: a session without time limits, for supervised work: migrations, imports, exports.
 */
export type ConnectionKind = 'request' | 'session' | 'maintenance';

const KINDS: Readonly<Record<ConnectionKind, { direct: boolean; limits: Limits }>> = {
  request: { direct: false, limits: REQUEST_CONNECTION },
  session: { direct: true, limits: REQUEST_CONNECTION },
  maintenance: { direct: true, limits: MAINTENANCE_CONNECTION },
};

/** Settings of a pool besides the kind of its connections. */
export interface PoolSettings {
  /** Maximum number of connections. */
  readonly size: number;
  /** `application_name` of the connections in `pg_stat_activity`. */
  readonly name: string;
  /** Maximum time to wait for a connection, in milliseconds; 5 s by default. */
  readonly connectTimeoutMs?: number;
  /** PostgreSQL settings of its sessions besides the limits; not for `request`, which has no session state. */
  readonly sessionSettings?: Readonly<Record<string, string>>;
}

/**
 * TypeORM options that decide where connections of a kind lead to and how they are limited. Behind a transaction pooler
 * the limits of requests are those of the role (`ALTER ROLE … SET`), because a SET would stay in the pooler's
 * connection; `findLimitErrors` verifies them.
 */
export function connectionTo(
  { url, directUrl, pooler }: DatabaseAccess,
  kind: ConnectionKind,
  { size, name, connectTimeoutMs = CONNECT_TIMEOUT_MS }: PoolSettings,
) {
  const { direct, limits } = KINDS[kind];
  const isShared = !direct && pooler === 'transaction';
  return {
    kind,
    url: direct ? directUrl : url,
    applicationName: name,
    poolSize: size,
    connectTimeoutMS: connectTimeoutMs,
    extra: isShared ? { ...limits, sessionSettings: {}, unnamedStatements: true } : limits,
  };
}

/** The connection options within `dataSourceOptions`. */
export interface ConnectionOptions {
  readonly access: DatabaseAccess;
  readonly kind: ConnectionKind;
}

/** How this data source connects. @throws Error when its options are not those of `dataSourceOptions` */
export function connectionOf({ options }: { readonly options: DataSourceOptions }): ConnectionOptions {
  if (!hasConnection(options)) throw new Error('The options of this data source do not come from dataSourceOptions().');
  return options;
}

/** Where the database of this data source is. @throws Error when its options are not those of `dataSourceOptions` */
export const accessOf = (dataSource: { readonly options: DataSourceOptions }): DatabaseAccess =>
  connectionOf(dataSource).access;

/** Opens a separate pool to the database of the data source. Call `end()` on it. */
export function openPool(dataSource: Pick<DataSource, 'options'>, kind: ConnectionKind, settings: PoolSettings): Pool {
  const { url, applicationName, poolSize, connectTimeoutMS, extra } = connectionTo(
    accessOf(dataSource),
    kind,
    settings,
  );
  const limits = { ...extra, sessionSettings: { ...extra.sessionSettings, ...settings.sessionSettings } };
  const pool = new Pool({
    ...limits,
    connectionString: url,
    application_name: applicationName,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMS,
  });
  // Without a listener, the loss of an idle connection would end the process. The next statement reports it anyway.
  pool.on('error', () => undefined);
  return pool;
}

/** The options of another data source with the same database and tables, and connections of this kind. */
export function withConnections<Options extends DataSourceOptions>(
  options: Options,
  kind: ConnectionKind,
  settings: PoolSettings,
): Options {
  return { ...options, ...connectionTo(accessOf({ options }), kind, settings) };
}

function hasConnection(options: DataSourceOptions): options is DataSourceOptions & ConnectionOptions {
  return 'access' in options && 'kind' in options;
}
