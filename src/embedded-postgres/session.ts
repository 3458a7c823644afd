import { Client, DatabaseError } from 'pg';
import { SUPERUSER } from './cluster.js';
import { EmbeddedServerError } from './embedded-error.js';

declare module 'pg' {
  // Documented by pg, and missing in its types.
  interface Client {
    ref(): void;
    unref(): void;
  }
}

/**
 * Advisory locks of the launcher. Each process that uses the server holds USE in shared mode, so PostgreSQL counts
 * them, and releases the lock of one that is killed. The one that acquires USE exclusively is the last.
 */
const USE_LOCK = 7_345_001;
const SET_UP_LOCK = 7_345_002;
/** Maximum time to connect to a server that accepts connections, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
const WRONG_PASSWORD = '28P01';

/**
 * Connects as superuser and registers as a user of the server; null when the server is starting or stopping.
 * @throws EmbeddedServerError when the server does not accept the password of its own folder.
 */
export async function signIn(port: number, password: string): Promise<EmbeddedSession | null> {
  const connectionTimeoutMillis = CONNECT_TIMEOUT_MS;
  const where = { host: '127.0.0.1', port, user: SUPERUSER, password, database: 'postgres' };
  const client = new Client({ ...where, application_name: 'iam launcher', connectionTimeoutMillis, keepAlive: true });
  const session = new EmbeddedSession(client, port);
  try {
    await client.connect();
    // Waits while the last user is shutting the server down, and then fails with it.
    await client.query('SELECT pg_advisory_lock_shared($1)', [USE_LOCK]);
    return session;
  } catch (error) {
    await session.end();
    if (error instanceof DatabaseError && error.code === WRONG_PASSWORD) {
      throw new EmbeddedServerError('The embedded database does not accept the password in its folder.', error);
    }
    return null;
  }
}

/** One process's membership among the users of the server. */
export class EmbeddedSession {
  private lost = false;
  private ended = false;
  private listener: () => void = () => undefined;

  constructor(
    private readonly client: Client,
    readonly port: number,
  ) {
    const lose = (): void => {
      if (this.lost || this.ended) return;
      this.lost = true;
      this.listener();
    };
    client.on('error', lose);
    client.on('end', lose);
  }

  /**
   * Keeps the session open without keeping Node alive, and calls back when the server ends the session, or immediately
   * when it already has.
   */
  standBy(listener: () => void): void {
    this.client.unref();
    this.listener = listener;
    if (this.lost) listener();
  }

  /** Creates the service's role and database if they are missing. The password is plain base64url. */
  async prepareDatabase(name: string, password: string): Promise<void> {
    await this.client.query('SELECT pg_advisory_lock($1)', [SET_UP_LOCK]);
    const { rowCount: roles } = await this.client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
    if (roles === 0) await this.client.query(`CREATE ROLE "${name}" LOGIN CREATEDB PASSWORD '${password}'`);
    const { rowCount: databases } = await this.client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (databases === 0) await this.client.query(`CREATE DATABASE "${name}" OWNER "${name}"`);
    await this.client.query('SELECT pg_advisory_unlock($1)', [SET_UP_LOCK]);
  }

  /** The number of processes that use the server, this one included. */
  async users(): Promise<number> {
    const { rows } = await this.client.query<{ users: number }>(
      `SELECT count(*)::int AS users FROM pg_locks
      WHERE locktype = 'advisory' AND classid = 0 AND objid = $1 AND objsubid = 1 AND granted`,
      [USE_LOCK],
    );
    return rows[0]?.users ?? 0;
  }

  /** True when no other process uses the server; none can join it from then on, until this session ends. */
  async becomeLast(): Promise<boolean> {
    if (this.lost) return false;
    this.ended = true;
    this.client.ref();
    try {
      await this.client.query('SELECT pg_advisory_unlock_shared($1)', [USE_LOCK]);
      const { rows } = await this.client.query<{ last: boolean }>('SELECT pg_try_advisory_lock($1) AS last', [
        USE_LOCK,
      ]);
      return rows[0]?.last ?? false;
    } catch {
      // The server has just crashed: there is nothing to shut down.
      return false;
    }
  }

  /** Closes the session. An error means that the connection is already lost. */
  async end(): Promise<void> {
    this.ended = true;
    await this.client.end().catch(() => undefined);
  }
}
