import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from 'bcrypt';
import { migrateAll } from '../src/app.migrate.js';
import { dataSourceOptions } from '../src/database/data-source.js';
import { openDataSource } from '../src/database/open-data-source.js';
import { bcryptInput, OWN_PREFIX } from '../src/passwords/hashing/password.schemes.js';
import { COLUMNS } from './floor/database.js';
import { holdMails } from './mails/queue.js';
import { query, urlOf, withClient } from './postgres/client.js';
import { openServer, type BenchServer } from './postgres/server.js';
import { seed, SEED_PASSWORD } from './seed.js';

/** Cost of every password hash in a run: the least that production takes, so that a run has enough of them. */
export const BCRYPT_COST = 10;

/** A database of the benchmark. */
export interface BenchDatabase {
  readonly url: string;
  /** Removes it. */
  close(): Promise<void>;
}

/** A seeded database, and the server where it is. */
export interface SeededDatabase {
  readonly server: BenchServer;
  /** Such as `PostgreSQL 15.20`. */
  readonly version: string;
  /** Makes a copy to work on, in which mails wait; see {@link holdMails}. */
  copy(name: string): Promise<BenchDatabase>;
  /** Stops the server, if this process has started it; what is seeded is kept for the next run. */
  close(): Promise<void>;
}

/** Seeded sessions last three months, so a seeded database is made anew after one, in milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Opens the database with so many accounts, and seeds it first unless an earlier run has.
 * @param running a server to use; otherwise one is opened
 */
export async function openSeeded(accounts: number, running?: BenchServer): Promise<SeededDatabase> {
  const server = running ?? (await openServer());
  try {
    const seeded = `iam_bench_${accounts}`;
    if (!(await isSeeded(server.url, seeded))) await makeSeeded(server.url, seeded, accounts);
    const [row] = await query<{ version: string }>(server.url, `SELECT current_setting('server_version') AS version`);
    return {
      server,
      version: `PostgreSQL ${row?.version.split(' ')[0]}${server.kind}`,
      copy: (name) => copyOf(server.url, seeded, `${seeded}_${name}`),
      close: () => server.stop(),
    };
  } catch (error) {
    if (!running) await server.stop();
    throw error;
  }
}

/** Opens a seeded database and makes one copy of it; closing that closes both. */
export async function openBenchDatabase(accounts: number): Promise<BenchDatabase> {
  const seeded = await openSeeded(accounts);
  const copy = await seeded.copy('run');
  return {
    url: copy.url,
    close: async () => {
      await copy.close();
      await seeded.close();
    },
  };
}

async function copyOf(serverUrl: string, seeded: string, copy: string): Promise<BenchDatabase> {
  await query(serverUrl, `DROP DATABASE IF EXISTS "${copy}" WITH (FORCE)`);
  await query(serverUrl, `CREATE DATABASE "${copy}" TEMPLATE "${seeded}"`);
  const url = urlOf(serverUrl, copy);
  await holdMails(url);
  return {
    url,
    close: async () => void (await query(serverUrl, `DROP DATABASE IF EXISTS "${copy}" WITH (FORCE)`)),
  };
}

/** Columns that the floor writes besides those that it reads. */
const WRITTEN = ['email_key', 'version'];

/** The floor's indexes for a part of a name or an e-mail, unless the service has the same. */
const TEXT_INDEXES = ['name', 'email'].map((column) => `gin (lower((${column})::text) gin_trgm_ops)`);

/**
 * Makes the copy of a seeded database the floor's: without the columns that only the service has, and without its
 * triggers, so that the floor's writes do not pay for them; and with indexes of its own for names and e-mails. All others
 * stay, since a server by hand that filters and sorts by the same columns has them too.
 */
export async function becomeFloor(databaseUrl: string): Promise<void> {
  const columns = await query<{ name: string }>(
    databaseUrl,
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attnum > 0 AND NOT attisdropped`,
  );
  const own = new Set([...COLUMNS, ...WRITTEN]);
  const foreign = columns.filter(({ name }) => !own.has(name));
  await withClient(databaseUrl, async (client) => {
    for (const table of ['accounts', 'memberships']) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    for (const { name } of foreign) await client.query(`ALTER TABLE accounts DROP COLUMN "${name}" CASCADE`);
    for (const index of TEXT_INDEXES) {
      const { rows } = await client.query(
        `SELECT FROM pg_indexes WHERE tablename = 'accounts' AND strpos(indexdef, $1) > 0`,
        [index],
      );
      if (rows.length === 0) await client.query(`CREATE INDEX ON accounts USING ${index} WITH (fastupdate = off)`);
    }
    // Writes the rows anew, without the dropped columns.
    await client.query('VACUUM FULL ANALYZE accounts');
  });
}

/** What is in a seeded database: other migrations or another seed make another mark. */
function mark(): string {
  const folder = join('src', 'database', 'migrations');
  const files = [...readdirSync(folder).map((file) => join(folder, file)), join('bench', 'seed.ts')];
  const digest = createHash('sha256');
  for (const file of files.sort()) digest.update(readFileSync(file));
  return `${digest.digest('hex')}, cost ${BCRYPT_COST}`;
}

async function isSeeded(serverUrl: string, name: string): Promise<boolean> {
  const [row] = await query<{ comment: string | null }>(
    serverUrl,
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = '${name}'`,
  );
  const [comment, seededAt] = row?.comment?.split(' at ') ?? [];
  return comment === mark() && Date.now() - Date.parse(seededAt ?? '') < KEPT_MS;
}

async function makeSeeded(serverUrl: string, name: string, accounts: number): Promise<void> {
  process.stdout.write(`Seeding ${accounts} accounts into ${name}, once …\n`);
  const [template] = await query<{ ascii: boolean }>(
    serverUrl,
    `SELECT datctype IN ('C', 'POSIX') AS ascii FROM pg_database WHERE datname = 'template0'`,
  );
  await query(serverUrl, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  const ctype = template?.ascii ? `LC_CTYPE 'C.UTF-8'` : '';
  await query(serverUrl, `CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8' ${ctype}`);
  const url = urlOf(serverUrl, name);
  const options = { ...dataSourceOptions(url, { databasePoolSize: 2 }), migrationsRun: true };
  const dataSource = await openDataSource(options, migrateAll);
  await dataSource.destroy();
  const hashedPassword = `${OWN_PREFIX}${await hash(bcryptInput(SEED_PASSWORD), BCRYPT_COST)}`;
  const organizations = Math.ceil(accounts / 100);
  const sizes = { accounts, organizations, sessions: accounts, auditEvents: accounts, apiKeys: accounts };
  await withClient(url, (client) => seed(client, sizes, hashedPassword));
  // Only now: a seeding that was broken off leaves no mark.
  await query(serverUrl, `COMMENT ON DATABASE "${name}" IS '${mark()} at ${new Date().toISOString()}'`);
}
