import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Packages whose classes, decorators and registries the service and an extension have in common; in package.json they
 * are peer dependencies. `iam` is one of them: an extension is built with the very copy that runs it.
 */
const SHARED = [
  'iam',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  '@nestjs/terminus',
  '@nestjs/typeorm',
  'reflect-metadata',
  'rxjs',
  'typeorm',
] as const;

/** The service's own folder, with package.json. */
const OWN = realpathSync(join(import.meta.dirname, '..'));

/**
 * Checks that a project's code gets the same copy of the shared packages as the service. With two copies of TypeORM or
 * Nest, classes are not what `instanceof` and injection look for, and errors come late and without a reason.
 * @param file a file of the project, or a path in its folder; packages are looked for from there
 * @throws Error with the paths of every package that is there twice
 */
export function checkSharedPackages(file: string): void {
  const errors = SHARED.flatMap((name) => {
    const own = name === 'iam' ? OWN : folderOf(name, join(OWN, 'package.json'));
    const theirs = folderOf(name, file);
    if (own === null || theirs === null || own === theirs) return [];
    return [`${name} is installed twice: the service uses ${own}, this project ${theirs}`];
  });
  if (errors.length === 0) return;
  throw new Error(
    `${errors.join('\n')}\nGive package.json of the project the versions that the service accepts ` +
      `(\`npm ls ${SHARED.at(-1)}\` shows both), and install iam from a tarball or a registry, not as a link to a folder.`,
  );
}

/** The real folder of a package as it is found from a file, or null where there is none. */
function folderOf(name: string, from: string): string | null {
  const folders = createRequire(from).resolve.paths(name) ?? [];
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'package.json')));
  return found === undefined ? null : realpathSync(found);
}
