import { Pool } from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { HURRIED, UNHURRIED, type Limits } from './connection-limits.js';

/** Who has waited so long for a connection of a pool waits no longer, in milliseconds; a request is answered 503. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * How a pooler in front of the database gives its connections out: for a whole session, as when there is none, or for
 * one transaction at a time.
 */
export type Pooler = 'session' | 'transaction';

/** Where the database is. */
export interface DatabaseAccess {
  /** What requests use; a pooler may stand there. */
  readonly url: string;
  /** Leads to the same database, and gives sessions; the same URL where `url` gives them too. */
  readonly directUrl: string;
  readonly pooler: Pooler;
}

/**
 * - `request`: short statements and transactions, also through a transaction pooler. No session state: no SET, no
 *   session-level advisory lock, no LISTEN, no temporary table. Prepared statements are sent unnamed there.
 * - `session`: the same limits, and a session of PostgreSQL's own for as long as the connection lives.
 * - `maintenance`: a session without limits on time, for what an operator watches: migrations, imports, exports.
 */
export type ConnectionKind = 'request' | 'session' | 'maintenance';

const KINDS: Readonly<Record<ConnectionKind, { direct: boolean; limits: Limits }>> = {
  request: { direct: false, limits: HURRIED },
  session: { direct: true, limits: HURRIED },
  maintenance: { direct: true, limits: UNHURRIED },
};

/** What a pool is told besides the kind of its connections. */
export interface PoolSettings {
  /** Most connections at a time. */
  readonly size: number;
  /** What the connections are called in `pg_stat_activity`. */
  readonly name: string;
  /** So long a statement waits for a connection, in milliseconds; 5 s by default. */
  readonly connectTimeoutMs?: number;
}

/**
 * The one place that decides where connections of a kind lead to and how they are limited, in TypeORM's words. Behind a
 * transaction pooler the limits of requests are those of the role (`ALTER ROLE … SET`), because a SET would stay in the
 * pooler's connection; `findLimitErrors` verifies them.
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

/** How a data source was made to connect: its part of what `dataSourceOptions` gives. */
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

/** Opens a pool of its own to the database of the data source, for whoever ends it. */
export function openPool(dataSource: Pick<DataSource, 'options'>, kind: ConnectionKind, settings: PoolSettings): Pool {
  const { url, applicationName, poolSize, connectTimeoutMS, extra } = connectionTo(
    accessOf(dataSource),
    kind,
    settings,
  );
  const pool = new Pool({
    ...extra,
    connectionString: url,
    application_name: applicationName,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMS,
  });
  // The loss of an idle connection would end the process. Whoever uses the pool hears of it from the next statement.
  pool.on('error', () => undefined);
  return pool;
}

/** The options of another data source on the same database, with the same tables, whose connections are of this kind. */
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
