import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import {
  ClusterPaths,
  launch,
  logTail,
  shutDown,
  SUPERUSER,
  type Cluster,
} from '../../src/embedded-postgres/cluster.js';
import { findPostmaster, freePort } from '../../src/embedded-postgres/postgres-process.js';
import { giveTo, serverHome, serverUser } from '../../src/embedded-postgres/server-user.js';

const run = promisify(execFile);

/** Where distributions put the programs of each version. */
const DEBIAN = '/usr/lib/postgresql';
const MIN_MAJOR = 15;
/** Maximum time for a server to start, including crash recovery, in milliseconds. */
const TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** Held by the benchmark that uses the cluster. */
const USE_LOCK = 7_345_003;

/**
 * What differs from PostgreSQL's own settings: everything fits into memory, and neither a checkpoint nor a vacuum begins
 * during the turn of one side only.
 */
const SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
};

/** Programs of an installed PostgreSQL. */
export interface Installed {
  readonly folder: string;
  readonly major: number;
}

/** A running server. */
export interface RunningServer {
  readonly url: string;
  /** Process that starts those of the connections. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** The newest installed PostgreSQL that the service supports; null when there is none. */
export async function findInstalled(): Promise<Installed | null> {
  const versions = await readdir(DEBIAN).catch((): string[] => []);
  const configured = await run('pg_config', ['--bindir']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...(configured ? [configured] : [])];
  const found = await Promise.all(folders.map(installedIn));
  const [newest = null] = found.filter((one) => one !== null).sort((a, b) => b.major - a.major);
  return newest;
}

async function installedIn(folder: string): Promise<Installed | null> {
  try {
    for (const program of ['initdb', 'pg_ctl']) await access(join(folder, program));
    const { stdout } = await run(join(folder, 'postgres'), ['--version']);
    const major = Number(/ (\d+)/.exec(stdout)?.[1]);
    return major >= MIN_MAJOR ? { folder, major } : null;
  } catch {
    return null;
  }
}

/**
 * Starts an installed PostgreSQL on a cluster of its own below `dataDir`, created on the first call, or joins the one that
 * a killed benchmark has left running.
 * @throws Error when it does not start, or another benchmark uses it
 */
export async function startInstalled({ folder, major }: Installed, dataDir: string): Promise<RunningServer> {
  const home = await serverHome(
    resolve(dataDir, `postgresql-${major}`),
    (line) => void process.stdout.write(`${line}\n`),
  );
  const paths = new ClusterPaths(home);
  const program = (name: string): string => join(folder, name);
  const cluster: Cluster = {
    paths,
    user: await serverUser(paths.data),
    binaries: { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') },
    durable: true,
  };
  if (
    !(await access(paths.cluster).then(
      () => true,
      () => false,
    ))
  )
    await create(cluster);
  await applySettings(cluster);
  const password = await readFile(paths.password, 'utf8');
  const { client, pid, url } = await connectOrLaunch(cluster, password);
  // A benchmark that is interrupted leaves no server behind.
  const interrupted = (): void => void process.kill(pid, 'SIGINT');
  process.once('exit', interrupted);
  return {
    url,
    pid,
    stop: async () => {
      process.off('exit', interrupted);
      await client.end();
      await shutDown(cluster);
    },
  };
}

/** Created under another name and renamed, so that an interrupted start leaves no incomplete cluster. */
async function create({ paths, user, binaries }: Cluster): Promise<void> {
  const draft = await mkdtemp(join(paths.home, '.new-'));
  try {
    await chmod(draft, 0o711);
    const [data, handover] = [join(draft, 'data'), join(draft, 'handover')];
    const password = randomBytes(24).toString('base64url');
    await writeFile(join(draft, 'password'), password, { mode: 0o600 });
    await writeFile(handover, password, { mode: 0o600 });
    await mkdir(data, { mode: 0o700 });
    for (const path of [data, handover]) await giveTo(user, path);
    const access = [`--username=${SUPERUSER}`, `--pwfile=${handover}`, '--auth=scram-sha-256'];
    const args = [`--pgdata=${data}`, '--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions', ...access];
    await run(binaries.initdb, args, { ...user, cwd: data });
    await rm(handover);
    await rename(draft, paths.cluster);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

async function applySettings({ paths, user }: Cluster): Promise<void> {
  const file = join(paths.data, 'postgresql.auto.conf');
  const lines = Object.entries(SETTINGS).map(([name, value]) => `${name} = '${value}'\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
  await giveTo(user, file);
}

interface Joined {
  readonly client: Client;
  readonly pid: number;
  readonly url: string;
}

async function connectOrLaunch(cluster: Cluster, password: string): Promise<Joined> {
  const { paths } = cluster;
  const before = await findPostmaster(paths.data);
  if (before.state !== 'running') {
    await launch(cluster, await freePort(), before.state === 'stale' ? before.pid : null);
  }
  for (const giveUpAt = Date.now() + TIMEOUT_MS; Date.now() < giveUpAt; await sleep(POLL_MS)) {
    const found = await findPostmaster(paths.data);
    if (found.state !== 'running' || found.port === null) continue;
    const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${found.port}/postgres`;
    const client = new Client({ connectionString: url });
    // It ends when the server does.
    client.on('error', () => undefined);
    if (
      !(await client.connect().then(
        () => true,
        () => false,
      ))
    )
      continue;
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [USE_LOCK]);
    if (rows[0]?.free) return { client, pid: found.pid, url };
    await client.end();
    throw new Error(`Another benchmark uses the PostgreSQL in ${paths.home}; wait for its end`);
  }
  throw new Error(`PostgreSQL does not start:\n${await logTail(paths)}`);
}
