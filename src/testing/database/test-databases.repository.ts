import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { Extension } from '../../app.extension.js';
import { migrateAll } from '../../app.migrate.js';
import { dataSourceOptions } from '../../database/data-source.js';
import { openDataSource } from '../../database/open-data-source.js';

/** Every database of the kit begins so. */
const PREFIX = 'iam_testing_';
/** One process at a time makes a template or clones it: PostgreSQL clones no database that another session uses. */
const CLONE_LOCK = 5_551_002;
/** A database without a connection is left over from a killed process after this time, in milliseconds. */
const STALE_MS = 10 * 60_000;
/** Templates that are kept, the newest: one for each state of the migrations. */
const MAX_TEMPLATES = 6;
/** `DROP DATABASE … WITH (FORCE)` may not end an autovacuum worker, which is done in a moment. */
const DROP_ATTEMPTS = 50;

const INSUFFICIENT_PRIVILEGE = '42501';

/** A database of its own, with every table and no rows but those that migrations insert. */
export interface TestDatabase {
  readonly url: string;
  /** Ends its connections and removes it. */
  drop(): Promise<void>;
}

/**
 * Creates a database on a server by cloning a template, which is made once for each state of the migrations.
 * @param serverUrl leads to any database of the server; its role may create databases
 * @throws Error with what to do when the role may not
 */
export async function createTestDatabase(serverUrl: string, extension: Extension): Promise<TestDatabase> {
  const name = `${PREFIX}${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`;
  await onServer(serverUrl, async (server) => {
    await server.query('SELECT pg_advisory_lock($1)', [CLONE_LOCK]);
    const template = await migratedTemplate(serverUrl, server, extension);
    // By pages in place of files: no checkpoint, which on a server with fsync takes most of the time.
    await server.query(`CREATE DATABASE "${name}" TEMPLATE "${template}" STRATEGY WAL_LOG`);
  });
  return { url: urlOf(serverUrl, name), drop: () => onServer(serverUrl, (server) => drop(server, name)) };
}

/** Drops the databases that no process uses, besides the newest templates. For a server without other users. */
export function dropTestDatabases(serverUrl: string): Promise<void> {
  return onServer(serverUrl, (server) => dropLeftOvers(server, 0));
}

/** The name of the template, which is made when it is missing. */
async function migratedTemplate(serverUrl: string, server: Client, extension: Extension): Promise<string> {
  const options = dataSourceOptions(serverUrl, { databasePoolSize: 2 }, extension);
  const template = `${PREFIX}template_${digest(options.migrations as object)}`;
  const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [template]);
  if (rowCount) return template;
  await dropLeftOvers(server, STALE_MS);
  // Under another name until it is complete.
  const draft = `${PREFIX}${Date.now().toString(36)}_new`;
  const { rows } = await server.query<{ ascii: boolean }>(
    `SELECT datctype IN ('C', 'POSIX') AS ascii FROM pg_database WHERE datname = 'template0'`,
  );
  const ctype = rows[0]?.ascii ? `LC_CTYPE 'C.UTF-8'` : '';
  await server.query(`CREATE DATABASE "${draft}" TEMPLATE template0 ENCODING 'UTF8' ${ctype}`);
  const inDraft = dataSourceOptions(urlOf(serverUrl, draft), { databasePoolSize: 2 }, extension);
  await (await openDataSource({ ...inDraft, migrationsRun: true }, migrateAll)).destroy();
  await server.query(`ALTER DATABASE "${draft}" RENAME TO "${template}"`);
  return template;
}

/** The text of the migrations: one that was edited makes another template, although its name is the same. */
function digest(migrations: object): string {
  const texts = Object.values(migrations).map(String);
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16);
}

/** Databases of killed processes that are older than so many milliseconds, and old templates. */
async function dropLeftOvers(server: Client, olderThanMs: number): Promise<void> {
  const { rows } = await server.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)
      AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pg_stat_activity.datid = pg_database.oid)
    ORDER BY pg_database.oid DESC`,
    [PREFIX],
  );
  const names = rows.map(({ name }) => name);
  const isTemplate = (name: string): boolean => name.startsWith(`${PREFIX}template_`);
  const stale = names.filter((name) => !isTemplate(name) && madeAt(name) <= Date.now() - olderThanMs);
  for (const name of [...stale, ...names.filter(isTemplate).slice(MAX_TEMPLATES)]) await drop(server, name);
}

/** When a database was made, in ms since the epoch: it stands in its name. */
const madeAt = (name: string): number => parseInt(name.slice(PREFIX.length).split('_')[0] ?? '', 36);

async function drop(server: Client, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await server.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      return;
    } catch (error) {
      const isAutovacuum = error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE;
      if (!isAutovacuum || attempt === DROP_ATTEMPTS) throw error;
      await sleep(100);
    }
  }
}

function urlOf(serverUrl: string, name: string): string {
  return Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
}

/** Runs the work on a session of its own. Its locks end with it. */
async function onServer(serverUrl: string, work: (server: Client) => Promise<void>): Promise<void> {
  const server = new Client({ connectionString: serverUrl, application_name: 'iam testing' });
  server.on('error', () => undefined);
  try {
    await server.connect();
    await work(server);
  } catch (error) {
    const isForbidden = error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE;
    if (!isForbidden || !error.message.includes('create database')) throw error;
    const role = decodeURIComponent(new URL(serverUrl).username);
    throw new Error(
      `The kit creates a database for each app: ALTER ROLE "${role}" CREATEDB, on the server of the tests.`,
    );
  } finally {
    await server.end();
  }
}
