import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migrateAll } from '../../src/app.migrate.js';
import { REQUEST_LIMITS } from '../../src/database/connection-limits.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { openDataSource } from '../../src/database/open-data-source.js';
import { SUPERUSER } from '../../src/embedded-postgres/cluster.js';
import { startTemporaryServer, type TemporaryServer } from '../../src/embedded-postgres/temporary-server.js';
import { databaseUrl, onServer, PREFIX, SERVER_VARIABLE, TEMPLATE_VARIABLE, withClient } from '../support/database.js';
import { startPgBouncer, type PgBouncer } from '../support/pgbouncer.js';

/**
 * The process behind the global set-up. It finds or starts a server, makes the template, and cleans up when its
 * parent lets go of it, which it also does when it is killed: however a run of the tests ends, nothing stays behind.
 */

/** What an earlier run left behind all the same is swept when it is older than this, in milliseconds. */
const STALE_AFTER_MS = 6 * 3_600_000;

const template = `${PREFIX}${Date.now().toString(36)}_${randomBytes(3).toString('hex')}`;
// The parent may be gone before this line is reached.
if (!process.connected) process.exit(1);
const parentGone = once(process, 'disconnect');
// A parent that was killed reads neither messages nor output; neither may keep this process from cleaning up.
const ignoreDeadParent = (): void => undefined;
process.stdout.on('error', ignoreDeadParent);
process.stderr.on('error', ignoreDeadParent);
const given = process.env['DATABASE_URL'];
const next = process.env['IAM_TEST_MIGRATE_WITH'];
// The service of the tests runs behind PgBouncer then, in this mode.
const mode = process.env['IAM_TEST_POOLER'];
const temporary = given ? null : await startTemporaryServer();
if (temporary) await allowRoles(temporary);
process.env[SERVER_VARIABLE] = given || temporary?.url;
process.env[TEMPLATE_VARIABLE] = template;
let pooler: PgBouncer | null = null;
try {
  await sweepStale();
  await makeTemplate();
  if (mode) pooler = await openPooler(mode);
  const url = process.env[SERVER_VARIABLE] ?? '';
  process.send?.({ url, template, poolerUrl: pooler?.at(url) ?? '' }, ignoreDeadParent);
  await parentGone;
} finally {
  await pooler?.stop();
  await dropAll(template);
  await temporary?.stop();
}
process.exit(0);

/** @throws Error in transaction mode for a server that others may use: the role's limits would be theirs too */
async function openPooler(poolMode: string): Promise<PgBouncer> {
  if (poolMode !== 'session' && poolMode !== 'transaction')
    throw new Error('IAM_TEST_POOLER is session or transaction');
  if (poolMode === 'transaction') {
    if (!temporary && !process.env['IAM_TEST_OWN_SERVER']) {
      throw new Error(
        'IAM_TEST_POOLER=transaction changes the role of the tests: unset DATABASE_URL for the embedded server, or set ' +
          'IAM_TEST_OWN_SERVER=1 when nothing else uses the server of DATABASE_URL',
      );
    }
    const limits = Object.entries(REQUEST_LIMITS).map(([name, ms]) => `ALTER ROLE CURRENT_USER SET ${name} = ${ms}`);
    await onServer((server) => server.query(limits.join('; ')));
  }
  // As the documentation asks for: in session mode every connection of every instance takes one of the server.
  return startPgBouncer(
    process.env[SERVER_VARIABLE] ?? '',
    poolMode,
    poolMode === 'session' ? { default_pool_size: 100 } : {},
  );
}

/** Tests make roles, and end sessions of theirs, as the superuser of an installed server may. */
async function allowRoles({ url, folder }: TemporaryServer): Promise<void> {
  const password = await readFile(join(folder, 'cluster', 'password'), 'utf8');
  const superuser = Object.assign(new URL(url), { username: SUPERUSER, password });
  await withClient(superuser.href, (client) =>
    client.query('ALTER ROLE iam CREATEROLE; GRANT pg_signal_backend TO iam'),
  );
}

async function makeTemplate(): Promise<void> {
  await onServer(async (server) => {
    const { rows } = await server.query<{ ascii: boolean }>(
      `SELECT datctype IN ('C', 'POSIX') AS ascii FROM pg_database WHERE datname = 'template0'`,
    );
    const ctype = rows[0]?.ascii ? `LC_CTYPE 'C.UTF-8'` : '';
    await server.query(`CREATE DATABASE "${template}" TEMPLATE template0 ENCODING 'UTF8' ${ctype}`);
  });
  const options = dataSourceOptions(databaseUrl(template), { databasePoolSize: 2 });
  const dataSource = await openDataSource({ ...options, migrationsRun: true }, migrateAll);
  await dataSource.destroy();
  if (next) await migrateFurther(next);
}

/** Brings the template to the schema of the next release, whose program this is (`.ci/previous-release`). */
async function migrateFurther(program: string): Promise<void> {
  const env = { PATH: process.env['PATH'], NODE_ENV: 'test', DATABASE_URL: databaseUrl(template) };
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'migrate'], { env });
  process.stdout.write(`The next release has migrated further: ${stdout}`);
}

async function dropAll(prefix: string): Promise<void> {
  await dropWhere((name) => name === prefix || name.startsWith(`${prefix}_`));
}

async function sweepStale(): Promise<void> {
  await dropWhere((name) => {
    const madeAt = parseInt(name.slice(PREFIX.length).split('_')[0] ?? '', 36);
    return madeAt < Date.now() - STALE_AFTER_MS;
  });
}

async function dropWhere(matches: (name: string) => boolean): Promise<void> {
  await onServer(async (server) => {
    const { rows } = await server.query<{ datname: string }>('SELECT datname FROM pg_database');
    const ours = rows.map((row) => row.datname).filter((name) => name.startsWith(PREFIX) && matches(name));
    for (const name of ours) await server.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  });
}
