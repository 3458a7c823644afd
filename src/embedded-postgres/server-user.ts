import { chmod, chown, lstat, mkdir, mkdtemp, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isErrno } from '../config/errno.js';
import { EmbeddedServerError } from './embedded-error.js';

/** The user of the server when Node runs as root: PostgreSQL does not run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** The unprivileged system user, uid 65534 on every distribution. */
const SERVER_USER: ServerUser = { uid: 65_534, gid: 65_534 };
const READ = 0o4;
const PASS = 0o1;

/**
 * The user to run the server as; null means Node's user. For an existing cluster, root runs the server as the owner of
 * its files.
 * @throws EmbeddedServerError when the cluster belongs to another user and Node is not root.
 */
export async function serverUser(clusterFolder: string): Promise<ServerUser | null> {
  const self = process.getuid?.();
  if (self === undefined) return null;
  const owner = await ownerOf(clusterFolder);
  if (self === 0) return owner && owner.uid !== 0 ? owner : SERVER_USER;
  if (owner && owner.uid !== self) {
    throw new EmbeddedServerError(`${clusterFolder} belongs to the user ${owner.uid}, and this process is ${self}.`);
  }
  return null;
}

/**
 * The folder of the embedded server: `postgres` in the data folder, or, when Node is root and the server's user has no
 * access to it (under root's home, for example), a separate folder that `postgres-location` in the data folder names.
 */
export async function serverHome(dataDir: string, report: (line: string) => void): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const pointer = join(dataDir, 'postgres-location');
  const moved = await readFile(pointer, 'utf8').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (moved !== null) return followPointer(pointer, moved.trim(), report);
  const home = join(dataDir, 'postgres');
  if (process.getuid?.() !== 0 || (await canPass(dataDir, SERVER_USER))) {
    await mkdir(home, { recursive: true, mode: 0o711 });
    return home;
  }
  return relocate(dataDir, pointer, report);
}

async function followPointer(pointer: string, home: string, report: (line: string) => void): Promise<string> {
  if (!(await stat(home).catch(() => null))) {
    throw new EmbeddedServerError(
      `The embedded database was kept in ${home}, which is gone. Delete ${pointer} to begin with an empty one.`,
    );
  }
  report(`The embedded database is in ${home}`);
  return home;
}

async function relocate(dataDir: string, pointer: string, report: (line: string) => void): Promise<string> {
  for (const parent of ['/var/lib', '/var/tmp', tmpdir()]) {
    const home =
      (await canPass(parent, SERVER_USER)) && (await mkdtemp(join(parent, 'iam-postgres-')).catch(() => null));
    if (!home) continue;
    await chmod(home, 0o711);
    await writeFile(pointer, `${home}\n`, { flag: 'wx' });
    report(`The server's user has no access to ${dataDir}; the embedded database is in ${home}`);
    return home;
  }
  throw new EmbeddedServerError(
    `The user ${SERVER_USER.uid} has no access to ${dataDir}, nor to any other folder for it.`,
  );
}

/** Makes the server's user the owner of a path. */
export async function giveTo(user: ServerUser | null, path: string): Promise<void> {
  if (user) await chown(path, user.uid, user.gid);
}

/** True when the user may read the file and pass through every folder above it. */
export async function canRead(path: string, user: ServerUser): Promise<boolean> {
  return (await allows(path, user, READ)) && canPass(dirname(path), user);
}

/** True when the user may pass through the folder and every folder above it. Access control lists are ignored. */
export async function canPass(folder: string, user: ServerUser): Promise<boolean> {
  let current = await realpath(folder).catch(() => null);
  while (current !== null) {
    if (!(await allows(current, user, PASS))) return false;
    current = dirname(current) === current ? null : dirname(current);
  }
  return true;
}

async function allows(path: string, user: ServerUser, bit: number): Promise<boolean> {
  const { uid, gid, mode } = await stat(path);
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  return ((mode >> shift) & bit) === bit;
}

async function ownerOf(path: string): Promise<ServerUser | null> {
  const found = await lstat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  });
  return found && { uid: found.uid, gid: found.gid };
}
