import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** The package that runs: its folder, with package.json and templates. */
const PACKAGE = join(import.meta.dirname, '../../..');

/** What of package.json is needed here. */
interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** What npm notes of the packages in a folder `node_modules`. */
interface HiddenLock {
  readonly packages?: Readonly<Record<string, { readonly resolved?: string } | undefined>>;
}

/** Where a project gets the package from. */
export interface PackageSource {
  /** For package.json, such as `file:iam-0.1.0.tgz`, `git+ssh://…` or `^0.1.0`. */
  readonly spec: string;
  /** The tarball that a project needs a copy of. */
  readonly tarball: string | null;
}

/** The package's file or folder at that path, such as `templates/project`. */
export const packagePath = (path: string): string => join(PACKAGE, path);

/** The versions that this package is built and tested with, by name. */
export function testedVersions(): Readonly<Record<string, string>> {
  const { dependencies, devDependencies, peerDependencies } = readManifest();
  return { ...devDependencies, ...dependencies, ...peerDependencies };
}

/**
 * Finds out what npm installed this package from. A version alone would not do: `iam` in npm's registry is a package of
 * someone else's.
 * @throws Error in a checkout of the sources, and where that file is gone
 */
export function packageSource(folder = PACKAGE): PackageSource {
  const modules = dirname(folder);
  const lock = join(modules, '.package-lock.json');
  const { packages = {} }: HiddenLock =
    basename(modules) === 'node_modules' && existsSync(lock) ? JSON.parse(readFileSync(lock, 'utf8')) : {};
  const resolved = packages['node_modules/iam']?.resolved ?? '';
  if (/^https?:/.test(resolved)) return { spec: `^${readManifest(folder).version}`, tarball: null };
  if (resolved.startsWith('git')) return { spec: resolved, tarball: null };
  if (!/^file:.*\.tgz$/.test(resolved)) {
    throw new Error(
      'A project is made by the packed package: npm pack, and then npm exec --package=./iam-….tgz -- iam new <FOLDER>.',
    );
  }
  const tarball = resolve(dirname(modules), resolved.slice('file:'.length));
  if (!existsSync(tarball)) throw new Error(`The package was installed from ${tarball}, which is gone: pack it again.`);
  return { spec: `file:${basename(tarball)}`, tarball };
}

const readManifest = (folder = PACKAGE): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
