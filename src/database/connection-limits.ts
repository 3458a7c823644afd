import { ResilientClient, type ResilientClientConfig } from './resilient-client.js';

/** A statement that takes longer is cancelled by PostgreSQL, in milliseconds, so that none holds a connection for ever. */
const STATEMENT_TIMEOUT_MS = 5_000;
/**
 * A transaction that stands idle for longer is ended by PostgreSQL, in milliseconds: its client has hung or died. No
 * longer than a statement, so that its locks are gone when a client that lost its connection asks on another.
 */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = STATEMENT_TIMEOUT_MS;
/** What PostgreSQL would have cancelled, and nobody has told of by now, is lost on the way, in milliseconds. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1_000;
/**
 * A connection that is not there by then is given up, in milliseconds: the next attempt finds a network that is back, within
 * the 2 s that recovery may take. It outlasts one lost packet, which TCP sends again after a second, and a busy machine: of
 * 300 connections, ten at a time, on two cores with a load of 13, the slowest took 560 ms.
 */
const HANDSHAKE_TIMEOUT_MS = 1_500;
/** An idle connection is asked for a sign of life after this time, in milliseconds, and then each second; ten times. */
const KEEP_ALIVE_MS = 5_000;

/** What of PostgreSQL's limits counts for requests, in milliseconds by name. A session may have stricter ones. */
export const REQUEST_LIMITS: Readonly<Record<string, number>> = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
};

/** What `pg` and our client on top of it know of a connection's limits. */
export type Limits = ResilientClientConfig & { readonly Client: typeof ResilientClient };

/**
 * A connection for which somebody waits: a request, or a job. A network that swallows packets says nothing, and TCP by
 * itself believes in it for a quarter of an hour.
 */
export const HURRIED: Limits = {
  Client: ResilientClient,
  sessionSettings: Object.fromEntries(Object.entries(REQUEST_LIMITS).map(([name, limitMs]) => [name, `${limitMs}ms`])),
  answerTimeoutMillis: ANSWER_TIMEOUT_MS,
  handshakeTimeoutMillis: HANDSHAKE_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
};

/**
 * A connection for long work that somebody watches: a migration, an export, an import. Only a silent network ends it, and
 * no limit that was set for the role.
 */
export const UNHURRIED: Limits = {
  Client: ResilientClient,
  sessionSettings: { statement_timeout: '0', idle_in_transaction_session_timeout: '0' },
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
};
