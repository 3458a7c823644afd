import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findPostmaster } from './postgres-process.js';
import { EmbeddedServerError } from './embedded-error.js';
import { giveTo, type ServerUser } from './server-user.js';
import type { Binaries } from './binaries.js';

const run = promisify(execFile);

/** Name of the superuser, whom only this launcher signs in as. */
export const SUPERUSER = 'postgres';
/** Tried in this order; C.UTF-8 is there on nearly every Linux, the others on macOS. */
const CTYPES: Readonly<Record<string, readonly string[]>> = {
  win32: ['en-US'],
  default: ['C.UTF-8', 'en_US.UTF-8', 'UTF-8'],
};
/** A fast shutdown may take so long, in milliseconds, before the server is told to leave the rest to crash recovery. */
const STOP_MS = 60_000;
/** Pause between two looks at a server that stops, in milliseconds. */
const POLL_MS = 10;

/** Where things lie in the server's folder. */
export class ClusterPaths {
  readonly cluster: string;
  readonly data: string;
  readonly password: string;
  readonly port: string;
  readonly log: string;

  constructor(readonly home: string) {
    this.cluster = join(home, 'cluster');
    this.data = join(this.cluster, 'data');
    this.password = join(this.cluster, 'password');
    this.port = join(home, 'port');
    this.log = join(home, 'server.log');
  }
}

/** A cluster's files with the programs and the user that work on them. */
export interface Cluster {
  readonly paths: ClusterPaths;
  readonly binaries: Binaries;
  readonly user: ServerUser | null;
  /** False trades what a crash of the machine would lose for speed: for tests only. */
  readonly durable: boolean;
}

/**
 * Makes the cluster's files unless they exist; true when this call made them. They are made aside and renamed, so
 * that neither a crash nor a second process at the same moment leaves a half-made cluster behind.
 */
export async function createCluster(cluster: Cluster): Promise<boolean> {
  const { paths } = cluster;
  if (await exists(paths.cluster)) {
    await removeDrafts(paths.home);
    return false;
  }
  const draft = await mkdtemp(join(paths.home, '.new-'));
  try {
    await initialise(cluster, draft);
    await rename(draft, paths.cluster);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (await exists(paths.cluster)) return false;
    throw error;
  }
}

async function initialise(cluster: Cluster, draft: string): Promise<void> {
  const password = randomBytes(24).toString('base64url');
  const data = join(draft, 'data');
  const handover = join(draft, 'handover');
  await writeFile(join(draft, 'password'), password, { mode: 0o600 });
  await writeFile(handover, password, { mode: 0o600 });
  await giveTo(cluster.user, handover);
  await chmod(draft, 0o711);
  await initdb(cluster, data, handover);
  await rm(handover);
}

async function initdb(cluster: Cluster, data: string, passwordFile: string): Promise<void> {
  let reason = '';
  for (const ctype of CTYPES[platform()] ?? CTYPES['default'] ?? []) {
    await mkdir(data, { mode: 0o700 });
    await giveTo(cluster.user, data);
    // Text order and case come from PostgreSQL itself and do not change with the system's libc. LC_CTYPE is still
    // asked by pg_trgm for what a letter is.
    const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', `--lc-ctype=${ctype}`];
    const access = [`--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    const sync = cluster.durable ? [] : ['--no-sync'];
    const args = [`--pgdata=${data}`, '--encoding=UTF8', '--no-instructions', ...locale, ...access, ...sync];
    try {
      await run(cluster.binaries.initdb, args, childOptions(cluster, data));
      return;
    } catch (error) {
      reason = errorOutput(error);
      await rm(data, { recursive: true, force: true });
      if (!reason.includes('locale')) break;
    }
  }
  throw new EmbeddedServerError(`The embedded database cannot be created: ${reason}`);
}

/**
 * Starts a server on the cluster. It outlives this process, so that nothing it acknowledged depends on Node, and it
 * does not share the terminal's signals, so that Ctrl-C lets the service finish its requests first.
 * @param stalePid pid in a left-over postmaster.pid that now belongs to another program; the server ignores it then.
 */
export async function launch(cluster: Cluster, port: number, stalePid: number | null): Promise<ChildProcess> {
  const { paths, binaries, user, durable } = cluster;
  await keepPort(cluster, port);
  await rename(paths.log, `${paths.log}.1`).catch(() => undefined);
  const log = await open(paths.log, 'a', 0o600);
  try {
    const options = childOptions(cluster, paths.data);
    const child = spawn(binaries.postgres, ['-D', paths.data, '-p', String(port), ...settings(durable)], {
      ...options,
      // PostgreSQL's own way (pg_ctl uses it) to say that a living process of this number is not a server.
      env: stalePid === null ? options.env : { ...options.env, PG_GRANDPARENT_PID: String(stalePid) },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.on('error', () => undefined);
    child.unref();
    await giveTo(user, paths.log);
    return child;
  } finally {
    await log.close();
  }
}

/** The port that the server had last, or null. */
export async function lastPort({ paths }: Cluster): Promise<number | null> {
  return Number(await readFile(paths.port, 'utf8').catch(() => '')) || null;
}

/** Writes only what is new: on a full disk, writing the same again would leave an empty file. */
async function keepPort(cluster: Cluster, port: number): Promise<void> {
  if ((await lastPort(cluster)) === port) return;
  await writeFile(cluster.paths.port, String(port));
  await giveTo(cluster.user, cluster.paths.port);
}

function settings(durable: boolean): string[] {
  const values = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'timezone=UTC',
    'log_timezone=UTC',
    // Whoever uses the server starts it again, all of it. Left to itself, it can wait for itself for ever: a checkpointer
    // that crashes while the server recovers from a crash (on a full disk, both do) takes the request along on which
    // recovery waits, and is replaced by one that knows nothing of it.
    'restart_after_crash=off',
    // Nothing out of a request belongs into the log: neither values in an error's detail, nor statements.
    'log_error_verbosity=terse',
    'log_min_error_statement=panic',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  return values.flatMap((value) => ['-c', value]);
}

/** Stops the server, fast: sessions are ended, acknowledged work is kept. Returns once it is gone. */
export async function shutDown(cluster: Cluster): Promise<void> {
  const { binaries, paths } = cluster;
  const server = await findPostmaster(paths.data);
  if (server.state !== 'running') return;
  for (const signal of ['INT', 'QUIT']) {
    const args = ['kill', signal, String(server.pid)];
    await run(binaries.pgCtl, args, childOptions(cluster, paths.data));
    const giveUpAt = Date.now() + STOP_MS;
    while (Date.now() < giveUpAt) {
      // Not `pg_ctl stop`, which would wait for, and in the end kill, the server that another process starts next.
      const found = await findPostmaster(paths.data);
      if (found.state !== 'running' || found.pid !== server.pid) return;
      await sleep(POLL_MS);
    }
  }
}

/** Ends a server that may not even have written its pid file yet, and waits until it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
  // Process and event loop do not wait for it otherwise.
  child.ref();
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
  await exit;
  clearTimeout(timer);
}

/** The last lines that the server wrote. */
export async function logTail(paths: ClusterPaths, lines = 10): Promise<string> {
  const text = (await readFile(paths.log, 'utf8').catch(() => '')).trim();
  return text.split('\n').slice(-lines).join('\n') || 'It could not even write its log: the disk may be full.';
}

/** Only what the programs need: no secret of the service, and no PG… variable that would redirect them. */
function childOptions({ user }: Cluster, cwd: string) {
  const { PATH, SystemRoot, TEMP, TMP } = process.env;
  return { ...user, cwd, env: { PATH, SystemRoot, TEMP, TMP }, windowsHide: true };
}

/** What a program that failed said on its standard error. */
function errorOutput(error: unknown): string {
  const output: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'stderr') : undefined;
  return typeof output === 'string' && output.trim() !== '' ? output.trim() : String(error);
}

async function removeDrafts(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith('.new-')) await rm(join(home, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
