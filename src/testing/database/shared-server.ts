import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { link, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isErrno } from '../../config/errno.js';
import { findBinaryPackage } from '../../embedded-postgres/binaries.js';
import { EmbeddedServer } from '../../embedded-postgres/embedded-server.js';

/** Attempts to join a server that ends at the same moment, or that is broken. */
const ATTEMPTS = 3;

/** A server as one process uses it. */
export interface UsedServer {
  readonly url: string;
  /** Stops using it. It ends by itself a few seconds after its last user. */
  release(): Promise<void>;
}

/** Uses of the server in this process; it is joined once. */
let users = 0;
let joined: Promise<EmbeddedServer> | null = null;

/**
 * Starts the embedded PostgreSQL of the tests, or joins the one that another test process of this user has started. All
 * of them share one server, each app has a database of its own. A process of its own keeps the server between two test
 * files, ends it when no test process is left, however those ended, and deletes its files.
 * @throws EmbeddedServerError when it cannot run here
 */
export async function useSharedServer(): Promise<UsedServer> {
  users++;
  joined ??= joinServer();
  try {
    const server = await joined;
    return { url: server.url, release: () => leave(server) };
  } catch (error) {
    users--;
    joined = null;
    throw error;
  }
}

async function leave(server: EmbeddedServer): Promise<void> {
  users--;
  if (users > 0) return;
  joined = null;
  await server.stop();
}

async function joinServer(): Promise<EmbeddedServer> {
  const base = await baseFolder();
  for (let attempt = 1; ; attempt++) {
    const name = await currentName(base);
    const folder = join(base, name);
    try {
      const server = await EmbeddedServer.start(folder, { durable: false });
      if (server.owned) startKeeper(base, name);
      return server;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await discard(base, name);
    }
  }
}

/** One folder for a user and an installation of the package, which no other user may write to. */
async function baseFolder(): Promise<string> {
  const { root } = await findBinaryPackage();
  const key = createHash('sha256').update(root).digest('hex').slice(0, 12);
  const uid = process.getuid?.();
  const folder = join(tmpdir(), `iam-testing-${uid ?? 'user'}-${key}`);
  // The server's user passes through, when the tests run as root.
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const found = await lstat(folder);
  if (!found.isDirectory() || (uid !== undefined && (found.uid !== uid || (found.mode & 0o022) !== 0))) {
    throw new Error(`${folder} belongs to another user, or others may write to it; delete it.`);
  }
  return folder;
}

const pointerIn = (base: string): string => join(base, 'current');

/**
 * The machine's boot. A server of the tests does not wait for the disk (fsync is off), so after a crash of the machine its
 * files may be broken.
 */
async function bootId(): Promise<string> {
  const linux = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null);
  // Elsewhere, the time of the boot: within ten minutes, since it is measured by two clocks.
  const boot = linux ?? String(Math.round((Date.now() / 1_000 - uptime()) / 600));
  return createHash('sha256').update(boot).digest('hex').slice(0, 8);
}

/** The folder of the server that runs, or of the next one: of several processes at once, the first decides. */
async function currentName(base: string): Promise<string> {
  const prefix = `server-${await bootId()}-`;
  const name = await publishedName(base, prefix);
  if (name.startsWith(prefix)) return name;
  await discard(base, name);
  return currentName(base);
}

async function publishedName(base: string, prefix: string): Promise<string> {
  const name = `${prefix}${Date.now().toString(36)}-${randomBytes(3).toString('hex')}`;
  const draft = join(base, name);
  await writeFile(draft, name);
  try {
    // A pointer is never seen without its content.
    await link(draft, pointerIn(base));
    return name;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    return await readFile(pointerIn(base), 'utf8').catch(() => publishedName(base, prefix));
  } finally {
    await rm(draft);
  }
}

/** From now on, test processes start another server, with files of its own. */
async function discard(base: string, name: string): Promise<void> {
  const current = await readFile(pointerIn(base), 'utf8').catch(() => null);
  if (current === name) await rm(pointerIn(base), { force: true });
  await rm(join(base, name), { recursive: true, force: true });
}

/** Nothing of the environment but what a process needs: options of Node are meant for the tests. */
function startKeeper(base: string, name: string): void {
  const program = fileURLToPath(new URL(`./keeper${extname(import.meta.filename)}`, import.meta.url));
  // A keeper in TypeScript needs the loader that this process has.
  const flags = program.endsWith('.ts') ? process.execArgv.filter((flag) => !flag.startsWith('--inspect')) : [];
  const { PATH, TMPDIR, TEMP, TMP, SystemRoot } = process.env;
  const keeper = spawn(process.execPath, [...flags, program, base, name], {
    detached: true,
    stdio: 'ignore',
    env: { PATH, TMPDIR, TEMP, TMP, SystemRoot },
    windowsHide: true,
  });
  // Without one, the last process that uses the server stops it.
  keeper.on('error', () => undefined);
  keeper.unref();
}
