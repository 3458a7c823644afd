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

/** Name of the superuser, used only by this launcher. */
export const SUPERUSER = 'postgres';
/** Tried in this order; nearly every Linux has C.UTF-8, macOS the others. */
const CTYPES: Readonly<Record<string, readonly string[]>> = {
  win32: ['en-US'],
  default: ['C.UTF-8', 'en_US.UTF-8', 'UTF-8'],
};
/** Maximum time of a fast shutdown, in milliseconds; then an immediate shutdown leaves the rest to crash recovery. */
const STOP_MS = 60_000;
/** Time between two checks of a server that stops, in milliseconds. */
const POLL_MS = 10;

/** Paths in the server's folder. */
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

/** A database cluster: its files, programs and user. */
export interface Cluster {
  readonly paths: ClusterPaths;
  readonly binaries: Binaries;
  readonly user: ServerUser | null;
  /** False is faster, and a crash of the machine loses data: for tests only. */
  readonly durable: boolean;
}

/**
 * Creates the cluster's files unless they exist; true when this call created them. They are created in a temporary
 * folder and renamed, so that neither a crash nor a concurrent process leaves an incomplete cluster.
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
    // Text order and case come from PostgreSQL itself and do not change with the system's libc. pg_trgm still uses
    // LC_CTYPE to recognize letters.
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
 * Starts a server on the cluster. It is a detached process, so that it survives a crash of Node, and receives no
 * signals of the terminal, so that Ctrl-C lets the service finish its requests first.
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
      // As pg_ctl does: the process with this pid is not a server.
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

/** The last port of the server, or null. */
export async function lastPort({ paths }: Cluster): Promise<number | null> {
  return Number(await readFile(paths.port, 'utf8').catch(() => '')) || null;
}

/** Writes only a changed port: on a full disk, rewriting it would leave an empty file. */
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
    // The processes that use the server restart it as a whole. With restart_after_crash it can deadlock: when the
    // checkpointer crashes during crash recovery (on a full disk, for example), the request on which recovery waits is
    // lost with it.
    'restart_after_crash=off',
    // Nothing from a request belongs in the log: no values in error details, no statements.
    'log_error_verbosity=terse',
    'log_min_error_statement=panic',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  return values.flatMap((value) => ['-c', value]);
}

/** Fast shutdown: sessions are terminated, committed work is kept. Resolves when the process has ended. */
export async function shutDown(cluster: Cluster): Promise<void> {
  const { binaries, paths } = cluster;
  const server = await findPostmaster(paths.data);
  if (server.state !== 'running') return;
  for (const signal of ['INT', 'QUIT']) {
    const args = ['kill', signal, String(server.pid)];
    await run(binaries.pgCtl, args, childOptions(cluster, paths.data));
    const giveUpAt = Date.now() + STOP_MS;
    while (Date.now() < giveUpAt) {
      // Not `pg_ctl stop`, which could stop a server that another process has started in the meantime.
      const found = await findPostmaster(paths.data);
      if (found.state !== 'running' || found.pid !== server.pid) return;
      await sleep(POLL_MS);
    }
  }
}

/** Stops a server that may not have written its pid file yet, and waits until it has ended. */
export async function endChild(child: ChildProcess): Promise<void> {
  // Otherwise the event loop does not wait for it.
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
  return text.split('\n').slice(-lines).join('\n') || 'It could not write its log: the disk may be full.';
}

/** Only what the programs need: no secret of the service, and no PG… variable that would redirect them. */
function childOptions({ user }: Cluster, cwd: string) {
  const { PATH, SystemRoot, TEMP, TMP } = process.env;
  return { ...user, cwd, env: { PATH, SystemRoot, TEMP, TMP }, windowsHide: true };
}

/** The standard error of a failed program. */
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
