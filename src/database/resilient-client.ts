import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Client, type ClientConfig } from 'pg';
import type { Statement } from '../json-api/sql/sql.js';
import { ReadOnlyServerError, READ_ONLY, ResponseTimeoutError } from './errors/sql-state.js';

// The members of `pg` which it does not document, its emitter of protocol messages and the socket, are used in this file
// alone. `test/database/private-members.spec.ts` fails when an update changes them.

/** Options of pg, and those of {@link ResilientClient}. */
export interface ResilientClientConfig extends ClientConfig {
  /**
   * Maximum time to wait for the response to a statement, in milliseconds; then the connection is closed. Unlimited by
   * default.
   */
  readonly responseTimeoutMillis?: number;
  /** Maximum time to connect, in milliseconds; pg's `connectionTimeoutMillis` by default. */
  readonly handshakeTimeoutMillis?: number;
  /** PostgreSQL settings of the session, set after connecting: poolers reject start-up parameters. */
  readonly sessionSettings?: Readonly<Record<string, string>>;
  /** True sends no prepared statements: a transaction pooler runs the next statement in another session. */
  readonly unnamedStatements?: boolean;
}

/**
 * A `pg` client that fails fast and safely.
 *
 * A lost connection does not end the process. An `error` event without a listener would; a pool listens on idle
 * clients, and user code a moment after checkout. In between, the shutdown message of PostgreSQL can arrive in one
 * packet with the end of the handshake or of a statement: restarting the database under load crashed the service. The
 * next statement reports the loss in any case.
 *
 * It connects to the primary only. After a fail-over an address may still lead to a standby, whose data lags (it would
 * accept a session that was just ended). A connection on which the server rejects a write as read-only is closed: a
 * busy pool would keep it while the others have moved to the new primary.
 *
 * Its responses have a time limit. pg's `query_timeout` leaves a connection in the pool that still waits for the old
 * response.
 *
 * Its settings are applied before it is used.
 */
export class ResilientClient extends Client {
  private readonly responseTimeoutMs: number;
  private readonly sessionSettings: Readonly<Record<string, string>>;
  private readonly unnamedStatements: boolean;
  private responseTimer: NodeJS.Timeout | undefined;

  constructor(config: ResilientClientConfig = {}) {
    const { responseTimeoutMillis, handshakeTimeoutMillis = config.connectionTimeoutMillis } = config;
    // A pool makes the password non-enumerable, so a spread would drop it.
    const { password } = config;
    super({ ...config, password, ...(handshakeTimeoutMillis && { connectionTimeoutMillis: handshakeTimeoutMillis }) });
    this.responseTimeoutMs = responseTimeoutMillis ?? 0;
    this.sessionSettings = config.sessionSettings ?? {};
    this.unnamedStatements = config.unnamedStatements ?? false;
    this.on('error', () => undefined);
    for (const event of ['drain', 'end'] as const) this.on(event, () => this.stopResponseTimer());
    listenToProtocol(this, {
      // The time of a queued statement starts when the one before it has ended.
      ready: () => this.responseTimer?.refresh(),
      setting: (name, value) => {
        if (name === 'in_hot_standby' && value === 'on') this.abort(new ReadOnlyServerError());
      },
      failed: (sqlState) => {
        if (sqlState === READ_ONLY) void this.end();
      },
    });
  }

  /** pg has two signatures for it; `never` fits both. */
  override connect(...args: unknown[]): never {
    const connected = super.connect().then(() => this.applySettings());
    const [callback] = args;
    if (typeof callback === 'function') {
      connected.then(
        () => callback(null),
        (error: unknown) => callback(error),
      );
    }
    return connected as never;
  }

  /** pg has seven signatures for it; `never` fits each of them. */
  override query(...args: unknown[]): never {
    if (this.responseTimeoutMs > 0 && !this.responseTimer) this.startResponseTimer();
    const [statement, ...rest] = args;
    return super.query(...([this.unnamedStatements ? unnamed(statement) : statement, ...rest] as [string])) as never;
  }

  /** Fails the connection when its settings cannot be applied. */
  private async applySettings(): Promise<void> {
    const settings = Object.entries(this.sessionSettings);
    if (settings.length === 0) return;
    const calls = settings.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
    try {
      if (this.responseTimeoutMs > 0) this.startResponseTimer();
      await super.query(`SELECT ${calls.join(', ')}`, settings.flat());
    } catch (error) {
      closeSocket(this);
      throw error;
    }
  }

  private startResponseTimer(): void {
    clearTimeout(this.responseTimer);
    this.responseTimer = setTimeout(
      () => this.abort(new ResponseTimeoutError(this.responseTimeoutMs)),
      this.responseTimeoutMs,
    );
    // The socket keeps the process alive, not this timer.
    this.responseTimer.unref();
  }

  private stopResponseTimer(): void {
    clearTimeout(this.responseTimer);
    this.responseTimer = undefined;
  }

  /** Closes the connection: pending statements get this error, and the pool opens another connection. */
  private abort(reason: Error): void {
    closeSocket(this, reason);
  }
}

/** The statement without its prepared-statement name. A COPY or a cursor is an object without one. */
function unnamed(statement: unknown): unknown {
  if (typeof statement !== 'object' || statement === null || 'submit' in statement) return statement;
  return { ...statement, name: undefined };
}

/**
 * How many statements of transactions get a name: a connection keeps what it parsed once for as long as it lives, some
 * 20 KB apiece.
 */
const MAX_NAMES = 100;
/** How many texts are remembered until they come again. */
const MAX_SEEN = 1_000;

/**
 * Names of prepared statements, so that PostgreSQL parses a text only once on a connection. The second time that a text
 * comes, it gets one: what is built once, such as a list of its own, does not use them up. Not for statements with
 * lists, whose best plan depends on how long they are.
 */
class StatementNames {
  private readonly names = new Map<string, string>();
  private readonly seen = new LRUCache<string, true>({ max: MAX_SEEN });

  of({ text, values, name }: Statement): string | undefined {
    if (name !== undefined) return name;
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= MAX_NAMES || values.some(Array.isArray)) return undefined;
    if (!this.seen.has(text)) {
      this.seen.set(text, true);
      return undefined;
    }
    // Of the text, so that every user of a connection gives the same text the same name.
    const made = `tx_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`;
    this.names.set(text, made);
    return made;
  }
}

/** The names that transactions give their statements. */
export const statementNames = new StatementNames();

/** A setting that the server reports, at the start of a session and on every change (ParameterStatus). */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** Messages of the server (PostgreSQL, 55.7), each at the moment that it arrives. */
export interface ProtocolListeners {
  /** The server is ready for the next statement. */
  readonly ready: () => void;
  /** The server reports a setting. */
  readonly setting: (name: string, value: string) => void;
  /** A statement failed with this SQLSTATE. */
  readonly failed: (sqlState: string | undefined) => void;
}

/** Listens to the protocol of a client, from before it connects until its end. */
export function listenToProtocol({ connection }: Client, { ready, setting, failed }: ProtocolListeners): void {
  connection.on('readyForQuery', ready);
  connection.on('parameterStatus', (status: ParameterStatus) => setting(status.parameterName, status.parameterValue));
  connection.on('errorMessage', ({ code }: { code?: string }) => failed(code));
}

/**
 * Holds back what is written to the server until the code that runs now, and what waits for nothing but it, is through.
 * Statements that are sent one after the other then leave in one packet: each packet is a system call here, and wakes
 * PostgreSQL.
 */
export function writeTogether({ connection: { stream } }: Pick<Client, 'connection'>): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** Closes the socket without a goodbye to the server: pending statements get this error. */
export function closeSocket({ connection }: Client, reason?: Error): void {
  connection.stream.destroy(reason);
}
