import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { NO_EXTENSION, type Extension } from './app.extension.js';
import { checkSharedPackages } from './app.packages.js';
import { isErrno } from './config/errno.js';

/** `"iam"` in package.json of a team's project. */
const SETTINGS = z.strictObject({
  extension: z
    .string()
    .refine((path) => /\.m?js$/.test(path) && !isAbsolute(path), 'a path of a .js file within the project'),
});

const EXAMPLE = '"iam": { "extension": "./dist/extension.js" }';

/**
 * The extension that package.json of a folder names: `"iam": { "extension": "./dist/extension.js" }`, a module that
 * exports `extension`. Without such an entry, the service has none.
 * @param folder the project's, by default the one that the process was started in
 * @throws Error that says what is wrong with the entry, the file, or the packages that are installed
 */
export async function projectExtension(folder = process.cwd()): Promise<Extension> {
  const manifest = join(folder, 'package.json');
  const settings = await settingsOf(manifest);
  if (settings === undefined) return NO_EXTENSION;
  const parsed = SETTINGS.safeParse(settings);
  if (!parsed.success) throw new Error(`"iam" in ${manifest} must be as in ${EXAMPLE}, with nothing else.`);
  const file = resolve(folder, parsed.data.extension);
  checkSharedPackages(file);
  return load(file, manifest);
}

/** The entry as it stands there; undefined without one, or without a package.json. */
async function settingsOf(manifest: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(manifest, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return (JSON.parse(text) as { iam?: unknown } | null)?.iam;
  } catch (error) {
    throw new Error(`${manifest} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

async function load(file: string, manifest: string): Promise<Extension> {
  if (!existsSync(file))
    throw new Error(`There is no ${file}, which "iam" in ${manifest} names: build the project first.`);
  let module: { readonly extension?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new Error(`${file} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  const { extension } = module;
  if (typeof extension !== 'object' || extension === null)
    throw new Error(`${file} must export the extension: export const extension: Extension = { modules: […] }.`);
  return extension;
}
