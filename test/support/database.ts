import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';

/** Variables through which the global set-up passes the workers where the server and the template are. */
export const SERVER_VARIABLE = 'IAM_TEST_SERVER_URL';
export const TEMPLATE_VARIABLE = 'IAM_TEST_TEMPLATE';
/** Leads to the server by way of PgBouncer, where the tests run through one; empty otherwise. */
export const POOLER_VARIABLE = 'IAM_TEST_POOLER_URL';
/** Every database of the tests starts so; the teardown and the sweep of earlier runs know them by it. */
export const PREFIX = 'iam_test_';
/** Cloning is done by one worker at a time: PostgreSQL does not clone a database that another session is cloning. */
const CLONE_LOCK = 5_551_001;

/** A database of its own, with the whole schema and no rows. */
export interface TestDatabase {
  readonly url: string;
  /** Removes the database, and ends its connections. */
  drop(): Promise<void>;
}

/** Clones the migrated template, in a few hundredths of a second. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = coordinate(TEMPLATE_VARIABLE);
  const name = `${template}_${randomBytes(5).toString('hex')}`;
  await onServer(async (server) => {
    const { rows } = await server.query<{ fsync: string }>(
      `SELECT current_setting('fsync') AS fsync, pg_advisory_lock($1)`,
      [CLONE_LOCK],
    );
    // By copying files takes half the time, where the checkpoints that it begins and ends with write nothing to a disk.
    const strategy = rows[0]?.fsync === 'off' ? 'FILE_COPY' : 'WAL_LOG';
    await server.query(`CREATE DATABASE "${name}" TEMPLATE "${template}" STRATEGY ${strategy}`);
  });
  return {
    url: databaseUrl(name),
    drop: () => onServer((server) => dropDatabase(server, name)),
  };
}

/** `WITH (FORCE)` may not end an autovacuum worker, which is the server's own: its table is done in a moment. */
async function dropDatabase(server: Client, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await server.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      return;
    } catch (error) {
      if (attempt === 50 || !(error instanceof DatabaseError) || error.code !== '42501') throw error;
      await sleep(100);
    }
  }
}

/** Runs the work on a session of the server that the tests use, and closes it. */
export const onServer = <Result>(work: (server: Client) => Promise<Result>): Promise<Result> =>
  withClient(coordinate(SERVER_VARIABLE), work);

/** Runs the work on a session of its own, and closes it; a server that ends it meanwhile is heard of by its statements. */
export async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url, application_name: 'iam tests' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The URL of another database of the same server. */
export function databaseUrl(name: string): string {
  const url = new URL(coordinate(SERVER_VARIABLE));
  url.pathname = `/${name}`;
  return url.href;
}

/** As a clone of the template, a database is migrated; looking again would take each start four connections more. */
const MIGRATED = { MIGRATE_ON_START: 'false' };

/** The environment with which the service reaches this database, through PgBouncer where `IAM_TEST_POOLER` says so. */
export function databaseEnvironment(url: string): Record<string, string> {
  const poolerUrl = process.env[POOLER_VARIABLE];
  if (!poolerUrl) return { ...MIGRATED, DATABASE_URL: url };
  const through = Object.assign(new URL(poolerUrl), { pathname: new URL(url).pathname }).href;
  if (process.env['IAM_TEST_POOLER'] === 'session') return { ...MIGRATED, DATABASE_URL: through };
  return { ...MIGRATED, DATABASE_URL: through, DATABASE_DIRECT_URL: url, DATABASE_POOLER: 'transaction' };
}

function coordinate(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: run the tests through jest, which sets it up.`);
  return value;
}
