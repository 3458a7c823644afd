import { Client, type ClientConfig, type Connection } from 'pg';
import { ReadOnlyServerError, READ_ONLY, UnansweredError } from './errors/sql-state.js';

declare module 'pg' {
  // What pg reads and writes through, an emitter of PostgreSQL's messages; missing in its types.
  interface Client {
    readonly connection: Connection;
  }
}

/** What pg knows of a connection, and what it does not. */
export interface ResilientClientConfig extends ClientConfig {
  /** A statement without an answer for so long ends the connection, in milliseconds; for ever when absent. */
  readonly answerTimeoutMillis?: number;
  /** So long it may take until a connection is there, in milliseconds; by default as long as pg is told to wait. */
  readonly handshakeTimeoutMillis?: number;
  /** Settings of PostgreSQL's for the session. They are set once it is there: poolers reject start-up parameters. */
  readonly sessionSettings?: Readonly<Record<string, string>>;
  /** True sends no prepared statements: a transaction pooler runs the next statement in another session. */
  readonly unnamedStatements?: boolean;
}

/** A setting of the server's that it tells at the start of a session, and whenever it changes. */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/**
 * A connection that the service can rely on, or does not have.
 *
 * Its loss does not end the process. An error of a connection to which nobody listens does; a pool listens to those that
 * are idle, and whoever takes one out listens a moment later. In between lies what PostgreSQL says when it is shut down,
 * if it comes in one packet with the end of the greeting or of a statement: a restart of the database under load took
 * the service along. Whoever uses the connection hears of its loss from the next statement in any case.
 *
 * It leads to a server that takes writes. After a fail-over an address may still lead to a standby, whose answers are late
 * (it would know nothing of a session that was just ended), so none is ever asked. A server that only refuses to write is
 * left with the first refusal: a connection that a busy pool keeps would go on leading there when the others have moved.
 *
 * It answers in time. pg's own `query_timeout` leaves a connection in the pool that still waits for the old answer.
 *
 * Its settings are set before anybody gets it.
 */
export class ResilientClient extends Client {
  private readonly answerTimeoutMs: number;
  private readonly sessionSettings: Readonly<Record<string, string>>;
  private readonly unnamedStatements: boolean;
  private unanswered: NodeJS.Timeout | undefined;

  constructor(config: ResilientClientConfig = {}) {
    const { answerTimeoutMillis, handshakeTimeoutMillis = config.connectionTimeoutMillis } = config;
    // A pool hides the password from being copied along.
    const { password } = config;
    super({ ...config, password, ...(handshakeTimeoutMillis && { connectionTimeoutMillis: handshakeTimeoutMillis }) });
    this.answerTimeoutMs = answerTimeoutMillis ?? 0;
    this.sessionSettings = config.sessionSettings ?? {};
    this.unnamedStatements = config.unnamedStatements ?? false;
    this.on('error', () => undefined);
    // Each statement that was queued has its own time, from when the one before it was answered.
    this.connection.on('readyForQuery', () => this.unanswered && this.expectAnswer());
    for (const event of ['drain', 'end'] as const) this.on(event, () => this.expectNothing());
    this.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
      if (parameterName === 'in_hot_standby' && parameterValue === 'on') this.giveUp(new ReadOnlyServerError());
    });
    this.connection.on('errorMessage', ({ code }: { code?: string }) => {
      if (code === READ_ONLY) void this.end();
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
    if (this.answerTimeoutMs > 0 && !this.unanswered) this.expectAnswer();
    const [statement, ...rest] = args;
    return super.query(...([this.unnamedStatements ? unnamed(statement) : statement, ...rest] as [string])) as never;
  }

  /** A connection whose settings cannot be set is none. */
  private async applySettings(): Promise<void> {
    const settings = Object.entries(this.sessionSettings);
    if (settings.length === 0) return;
    const calls = settings.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
    try {
      if (this.answerTimeoutMs > 0) this.expectAnswer();
      await super.query(`SELECT ${calls.join(', ')}`, settings.flat());
    } catch (error) {
      this.connection.stream.destroy();
      throw error;
    }
  }

  private expectAnswer(): void {
    clearTimeout(this.unanswered);
    this.unanswered = setTimeout(() => this.giveUp(new UnansweredError(this.answerTimeoutMs)), this.answerTimeoutMs);
    // The socket is what a process waits for; one that is gone has nothing to answer.
    this.unanswered.unref();
  }

  private expectNothing(): void {
    clearTimeout(this.unanswered);
    this.unanswered = undefined;
  }

  /** Ends the connection at once: what waits for an answer gets this error, and the pool makes another connection. */
  private giveUp(reason: Error): void {
    this.connection.stream.destroy(reason);
  }
}

/** The statement without the name under which it would be prepared. A COPY or a cursor is an object that has none. */
function unnamed(statement: unknown): unknown {
  if (typeof statement !== 'object' || statement === null || 'submit' in statement) return statement;
  return { ...statement, name: undefined };
}
