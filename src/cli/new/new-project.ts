import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { isErrno } from '../../config/errno.js';
import { packagePath, testedVersions, type PackageSource } from './package-source.js';

const TEMPLATE = packagePath('templates/project');
/** The name that the files of the template have for the project. */
const PLACEHOLDER = /\bmy-iam\b/g;
/** npm packs no `.gitignore`. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore' };
/** Names of packages by npm's rules, and short enough for an image. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** `dependencies` and the like of the template, whose versions are filled in. */
const GROUPS = ['dependencies', 'devDependencies'] as const;
type TemplateManifest = Record<(typeof GROUPS)[number], Record<string, string>>;

/**
 * Checks that a project can be written there, and returns its name, which is the folder's.
 * @throws Error when the folder is not empty, is a file, or has a name that no package can have
 */
export async function checkFolder(folder: string): Promise<string> {
  const name = basename(resolve(folder));
  if (!NAME.test(name) || name === 'iam') {
    throw new Error(
      `A project cannot be called ${JSON.stringify(name)}, as its folder is: use lower-case letters, digits and hyphens, and another name than iam.`,
    );
  }
  const found = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    if (isErrno(error, 'ENOTDIR')) throw new Error(`${folder} is a file; name a folder that does not exist yet.`);
    throw error;
  });
  if (found.length > 0) {
    throw new Error(`${folder} is not empty, it has ${found[0]}; name a folder that is empty or does not exist yet.`);
  }
  return name;
}

/**
 * Writes the files of a new project into an empty folder, which is made when it is missing.
 * @returns their paths, relative to the folder
 */
export async function writeProject(folder: string, name: string, { spec, tarball }: PackageSource): Promise<string[]> {
  const written: string[] = [];
  for (const source of await templateFiles()) {
    const path = join(dirname(source), RENAMED[basename(source)] ?? basename(source));
    const text = (await readFile(join(TEMPLATE, source), 'utf8')).replace(PLACEHOLDER, name);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), source === 'package.json' ? withVersions(text, spec) : text, {
      mode: path.endsWith('.sh') ? 0o755 : 0o644,
    });
    written.push(path);
  }
  if (tarball !== null) {
    await copyFile(tarball, join(folder, basename(tarball)));
    written.push(basename(tarball));
  }
  return written.sort();
}

async function templateFiles(): Promise<string[]> {
  const entries = await readdir(TEMPLATE, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(TEMPLATE, join(parentPath, name)));
}

/** package.json of the template with the versions that the package is tested with. */
function withVersions(text: string, spec: string): string {
  const manifest: TemplateManifest = JSON.parse(text);
  const versions: Readonly<Record<string, string>> = { ...testedVersions(), iam: spec };
  for (const group of GROUPS) {
    const names = Object.keys(manifest[group]);
    manifest[group] = Object.fromEntries(names.map((name) => [name, versions[name] ?? '*']));
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
