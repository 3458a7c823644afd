import { ResilientClient, type ResilientClientConfig } from './resilient-client.js';

/** `statement_timeout`, in milliseconds: no statement occupies a connection indefinitely. */
const STATEMENT_TIMEOUT_MS = 5_000;
/**
 * `idle_in_transaction_session_timeout`, in milliseconds: the client has hung or died. Not longer than a statement, so
 * that the locks are released when a client that lost its connection retries on another one.
 */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = STATEMENT_TIMEOUT_MS;
/**
 * Without a response after this time, in milliseconds, the connection is considered lost: PostgreSQL would have
 * cancelled the statement.
 */
const RESPONSE_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1_000;
/**
 * Maximum time to connect, in milliseconds. Short enough that the next attempt succeeds within the 2 s that recovery
 * may take; long enough for one lost packet, which TCP retransmits after a second, and for a busy machine: of 300
 * connections, ten at a time, on two cores with a load of 13, the slowest took 560 ms.
 */
const HANDSHAKE_TIMEOUT_MS = 1_500;
/** Idle time before the first TCP keep-alive probe, in milliseconds; then one probe each second, ten times. */
const KEEP_ALIVE_MS = 5_000;

/** PostgreSQL's time limits for requests, in milliseconds by name. A session may have stricter ones. */
export const REQUEST_LIMITS: Readonly<Record<string, number>> = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
};

/** Options of `pg` and of `ResilientClient` that limit a connection. */
export type Limits = ResilientClientConfig & { readonly Client: typeof ResilientClient };

/**
 * Limits for requests and jobs. When a network drops packets silently, TCP alone takes a quarter of an hour to notice.
 */
export const REQUEST_CONNECTION: Limits = {
  Client: ResilientClient,
  sessionSettings: Object.fromEntries(Object.entries(REQUEST_LIMITS).map(([name, limitMs]) => [name, `${limitMs}ms`])),
  responseTimeoutMillis: RESPONSE_TIMEOUT_MS,
  handshakeTimeoutMillis: HANDSHAKE_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  // Statements are sent while earlier ones run: a transaction takes fewer round trips. No COPY, no cursors.
  pipeline: true,
};

/**
 * Limits for long-running work under supervision: migrations, exports, imports. Only a silent network ends it; limits
 * of the role do not apply.
 */
export const MAINTENANCE_CONNECTION: Limits = {
  Client: ResilientClient,
  sessionSettings: { statement_timeout: '0', idle_in_transaction_session_timeout: '0' },
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
};
