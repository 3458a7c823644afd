import { join } from 'node:path';
import { Client } from 'pg';
import { hash } from 'bcrypt';
import { migrateAll } from '../src/app.migrate.js';
import { dataSourceOptions } from '../src/database/data-source.js';
import { EmbeddedServer } from '../src/embedded-postgres/embedded-server.js';
import { migrations } from '../src/database/schema.js';
import { openDataSource } from '../src/database/open-data-source.js';
import { bcryptInput, OWN_PREFIX } from '../src/passwords/hashing/password.schemes.js';
import { seed, SEED_PASSWORD, SEED_VERSION } from './seed.js';

/** Cost of every password hash in a run: the least that production takes, so that a run has enough of them. */
export const BCRYPT_COST = 10;

/** A seeded database of its own for one run. */
export interface BenchDatabase {
  readonly url: string;
  /** Such as `PostgreSQL 15.20`. */
  readonly server: string;
  /** Removes the run's database, and keeps the seeded one that it was copied from. */
  close(): Promise<void>;
}

/** Seeded sessions last three months, so a seeded database is made anew after one, in milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Gives a fresh copy of a seeded database: on the server of DATABASE_URL, else on an embedded one. What is seeded is
 * kept for the next run with as many accounts.
 */
export async function openBenchDatabase(accounts: number): Promise<BenchDatabase> {
  const given = process.env['DATABASE_URL'];
  const embedded = given ? null : await EmbeddedServer.start(join('data', 'bench'));
  const serverUrl = given || embedded?.url || '';
  const seeded = `iam_bench_${accounts}`;
  const copy = `${seeded}_run`;
  if (!(await isSeeded(serverUrl, seeded))) await makeSeeded(serverUrl, seeded, accounts);
  return withClient(serverUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS "${copy}" WITH (FORCE)`);
    await client.query(`CREATE DATABASE "${copy}" TEMPLATE "${seeded}"`);
    const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
    return {
      url: urlOf(serverUrl, copy),
      server: `PostgreSQL ${rows[0]?.version.split(' ')[0]}${embedded ? ', embedded' : ''}`,
      close: async () => {
        await withClient(serverUrl, (last) => last.query(`DROP DATABASE IF EXISTS "${copy}" WITH (FORCE)`));
        await embedded?.stop();
      },
    };
  });
}

/** What is in a seeded database: another seed or another schema makes another mark. */
const mark = (): string => `seed ${SEED_VERSION}, cost ${BCRYPT_COST}, ${migrations.map(({ name }) => name).join(' ')}`;

async function isSeeded(serverUrl: string, name: string): Promise<boolean> {
  const { rows } = await withClient(serverUrl, (client) =>
    client.query<{ comment: string | null }>(
      `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1`,
      [name],
    ),
  );
  const [comment, seededAt] = rows[0]?.comment?.split(' at ') ?? [];
  return comment === mark() && Date.now() - Date.parse(seededAt ?? '') < KEPT_MS;
}

async function makeSeeded(serverUrl: string, name: string, accounts: number): Promise<void> {
  process.stdout.write(`Seeding ${accounts} accounts into ${name}, once …\n`);
  await withClient(serverUrl, async (client) => {
    const { rows } = await client.query<{ ascii: boolean }>(
      `SELECT datctype IN ('C', 'POSIX') AS ascii FROM pg_database WHERE datname = 'template0'`,
    );
    await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    const ctype = rows[0]?.ascii ? `LC_CTYPE 'C.UTF-8'` : '';
    await client.query(`CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8' ${ctype}`);
  });
  const url = urlOf(serverUrl, name);
  const options = { ...dataSourceOptions(url, { databasePoolSize: 2 }), migrationsRun: true };
  const dataSource = await openDataSource(options, migrateAll);
  await dataSource.destroy();
  const hashedPassword = `${OWN_PREFIX}${await hash(bcryptInput(SEED_PASSWORD), BCRYPT_COST)}`;
  const organizations = Math.ceil(accounts / 100);
  const sizes = { accounts, organizations, sessions: accounts, auditEvents: accounts, apiKeys: accounts };
  await withClient(url, (client) => seed(client, sizes, hashedPassword));
  // Only now: a seeding that was broken off leaves no mark.
  await withClient(serverUrl, (client) =>
    client.query(`COMMENT ON DATABASE "${name}" IS '${mark()} at ${new Date().toISOString()}'`),
  );
}

/** Runs the work on a connection of its own. */
export async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
