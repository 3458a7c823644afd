import { execFile } from 'node:child_process';
import { readFile, readlink, realpath } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '../config/errno.js';

const run = promisify(execFile);

/** The content of postmaster.pid. */
interface PidFile {
  readonly pid: number;
  /** Null while the server is only just starting. */
  readonly port: number | null;
}

/** The state of a data folder: a running server, none, or a stale pid file with the pid of another program. */
export type Postmaster =
  | { readonly state: 'running'; readonly pid: number; readonly port: number | null }
  | { readonly state: 'none' }
  | { readonly state: 'stale'; readonly pid: number };

/**
 * Finds the server of a data folder. A pid alone proves nothing: after a crash it may belong to another program, and in
 * a container nearly always does.
 */
export async function findPostmaster(dataFolder: string): Promise<Postmaster> {
  const file = await readPidFile(dataFolder);
  if (!file || !isAlive(file.pid)) return { state: 'none' };
  if (await isServerOf(dataFolder, file.pid)) return { state: 'running', ...file };
  return { state: 'stale', pid: file.pid };
}

/** Lines of postmaster.pid: pid, data folder, start time, port, … A file without a pid is being written. */
async function readPidFile(dataFolder: string): Promise<PidFile | null> {
  const text = await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  });
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return Number.isInteger(pid) && pid > 0 ? { pid, port: port > 0 ? port : null } : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return isErrno(error, 'EPERM');
  }
}

async function isServerOf(dataFolder: string, pid: number): Promise<boolean> {
  if (platform() === 'linux') {
    // The working folder of a server is its data folder. A zombie has none.
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    return folder === (await realpath(dataFolder));
  }
  const [program, args] =
    platform() === 'win32'
      ? ['tasklist', ['/FI', `PID eq ${pid}`, '/NH']]
      : ['ps', ['-p', String(pid), '-o', 'command=']];
  const { stdout } = await run(program, args).catch(() => ({ stdout: '' }));
  return stdout.includes('postgres');
}

/**
 * Any port that is free on 127.0.0.1.
 * @throws when there is none.
 */
export async function freePort(): Promise<number> {
  return bindOnce(0);
}

/**
 * Whether the port is free on 127.0.0.1.
 * @throws any other error of listening there.
 */
export async function isFree(port: number): Promise<boolean> {
  try {
    await bindOnce(port);
    return true;
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) return false;
    throw error;
  }
}

async function bindOnce(port: number): Promise<number> {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('A TCP server has no port');
  return address.port;
}
