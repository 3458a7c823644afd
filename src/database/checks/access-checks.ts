import type { DataSource } from 'typeorm';
import { REQUEST_CONNECTION, REQUEST_LIMITS } from '../connection-limits.js';
import { accessOf, type ConnectionOptions } from '../connections.js';
import { rejectedConnection } from '../errors/rejected-connection.js';
import { ResilientClient } from '../resilient-client.js';

/** Rounds over the checked connections: on an idle pooler, the first round shows whether they are shared. */
const TURNS = 3;

/** A connection without session settings, which would leak to other clients of a pooler. */
const bareClient = (connectionString: string): ResilientClient =>
  new ResilientClient({ ...REQUEST_CONNECTION, sessionSettings: {}, connectionString, application_name: 'iam start' });

/** An address, and the environment variable that names it. */
interface Place {
  readonly url: string;
  readonly variable: string;
}

/**
 * Runs the work on bare connections to these addresses, which are made side by side. Closing them is not waited for: the
 * server takes longer for it than for the work.
 */
async function withClients<Result>(
  places: readonly Place[],
  work: (clients: readonly ResilientClient[]) => Promise<Result>,
): Promise<Result> {
  const clients = places.map((place) => ({ ...place, client: bareClient(place.url) }));
  try {
    await Promise.all(clients.map(connect));
    return await work(clients.map(({ client }) => client));
  } finally {
    for (const { client } of clients) client.end().catch(() => undefined);
  }
}

async function connect({ client, url, variable }: Place & { readonly client: ResilientClient }): Promise<void> {
  await connected(client).catch((error: unknown) => {
    throw rejectedConnection(error, variable, url) ?? error;
  });
}

const connected = (client: ResilientClient): Promise<void> => client.connect();

async function one<Row extends object>(client: ResilientClient, text: string): Promise<Row> {
  const asked: Promise<{ rows: Row[] }> = client.query(text);
  const { rows } = await asked;
  return rows[0] as Row;
}

/**
 * Whether each connection to this address has a session of its own. A pooler in transaction mode assigns a server
 * connection per transaction: two idle clients share one process, or one client uses several.
 * @throws what the driver throws
 */
export function givesSessions(place: Place): Promise<boolean> {
  return withClients([place, place], async (clients) => {
    const processes = clients.map(() => new Set<number>());
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [index, client] of clients.entries()) {
        const { pid } = await one<{ pid: number }>(client, 'SELECT pg_backend_pid() AS pid');
        processes[index]?.add(pid);
      }
    }
    return processes.every(({ size }) => size === 1) && new Set(processes.flatMap((pids) => [...pids])).size === 2;
  });
}

/** Whether both addresses lead to one database of one server. */
function leadToOneDatabase(places: readonly Place[]): Promise<boolean> {
  const identity = `
    SELECT oid::text || ' ' || pg_postmaster_start_time()::text AS identity
    FROM pg_database WHERE datname = current_database()`;
  return withClients(places, async (clients) => {
    const found = await Promise.all(clients.map((client) => one<{ identity: string }>(client, identity)));
    return new Set(found.map((row) => row.identity)).size === 1;
  });
}

const WHAT_TO_NAME = 'PostgreSQL itself or a pool in session mode';

/**
 * The problems of the connection to the database, one sentence each: a transaction pooler that is not configured as
 * one, a direct URL without sessions or to another database. Changes nothing, not even in connections that a pooler
 * shares.
 * @throws RejectedConnectionError, or what the driver throws when an address cannot be reached
 */
export async function findAccessErrors({ access, kind }: ConnectionOptions): Promise<string[]> {
  const usual: Place = { url: access.url, variable: 'DATABASE_URL' };
  const direct: Place = { url: access.directUrl, variable: 'DATABASE_DIRECT_URL' };
  const isSplit = usual.url !== direct.url;
  const errors: string[] = [];
  if (access.pooler === 'session' && (kind === 'request' || !isSplit) && !(await givesSessions(usual))) {
    errors.push(
      'DATABASE_URL leads to a pooler in transaction mode: idle connections share a PostgreSQL process. Set ' +
        `DATABASE_POOLER=transaction, and DATABASE_DIRECT_URL to ${WHAT_TO_NAME}; or switch it to session mode.`,
    );
  }
  if (!isSplit) return errors;
  if (!(await givesSessions(direct))) {
    errors.push(
      'DATABASE_DIRECT_URL leads to a pooler in transaction mode: idle connections share a PostgreSQL process. ' +
        `Set it to ${WHAT_TO_NAME}.`,
    );
  }
  if (kind === 'request' && !(await leadToOneDatabase([usual, direct]))) {
    errors.push('DATABASE_URL and DATABASE_DIRECT_URL lead to different databases. Set both to the same one.');
  }
  return errors;
}

interface LimitFacts {
  readonly name: string;
  readonly ms: number;
  readonly role: string;
}

/**
 * Time limits of requests that the connections of this data source do not have, with the SQL that sets them. Stricter
 * limits are fine.
 * @throws what the driver throws
 */
export async function findLimitErrors(dataSource: DataSource): Promise<string[]> {
  const { pooler } = accessOf(dataSource);
  const facts = await dataSource.query<LimitFacts[]>(
    `SELECT name, setting::int AS ms, quote_ident(session_user) AS role FROM pg_settings WHERE name = ANY ($1)`,
    [Object.keys(REQUEST_LIMITS)],
  );
  const loose = facts.filter(({ name, ms }) => ms === 0 || ms > (REQUEST_LIMITS[name] ?? 0));
  if (loose.length === 0) return [];
  const statements = loose.map(({ name, role }) => `ALTER ROLE ${role} SET ${name} = '${REQUEST_LIMITS[name]}ms';`);
  const because =
    pooler === 'transaction'
      ? 'Behind a transaction pooler the time limits of requests must be set on the role'
      : 'The pooler silently drops the time limits of requests';
  const missing = loose.map(({ name, ms }) => `${name} is ${ms === 0 ? 'off' : `${ms} ms`}`);
  return [
    `${because}, and ${missing.join(', ')}. Run as the owner of the role or as a superuser: ${statements.join(' ')} ` +
      'Then let the pooler make new connections (PgBouncer: RECONNECT in its console).',
  ];
}
