import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
}

const readManifest = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8'));
/** Whether a project is based on the package; others are its clients. */
const isExtension = (path: string): boolean => /"iam": /.test(readFileSync(path, 'utf8'));
const PROJECTS = [...readdirSync('examples').map((name) => `examples/${name}`), 'templates/project'].filter(
  (folder) => existsSync(`${folder}/package.json`) && isExtension(`${folder}/package.json`),
);
const EXPORTED = Object.keys(readManifest('package.json').exports ?? {}).map((path) => path.replace(/^\./, 'iam'));

/** What the TypeScript of a folder imports, with the file. */
const importsOf = (folder: string): { file: string; specifier: string }[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('e2e-spec.ts'))
    .flatMap((file) =>
      [...readFileSync(`${folder}/${file}`, 'utf8').matchAll(/(?:\bfrom|^import|\bmodule) '([^']+)'/gm)].map(
        ([, specifier = '']) => ({ file: `${folder}/${file}`, specifier }),
      ),
    );

const packageOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';

describe.each(PROJECTS)('%s', (project) => {
  const manifest = readManifest(`${project}/package.json`);
  const declared = { ...manifest.dependencies, ...manifest.devDependencies };

  it('imports its own files, what the package exports, and packages that its package.json names', () => {
    const imports = importsOf(`${project}/src`);
    expect(imports.length).toBeGreaterThan(20);
    const wrong = imports.filter(({ file, specifier }) => {
      if (specifier.startsWith('.')) return !join(dirname(file), specifier).startsWith(`${project}/src/`);
      if (isBuiltin(specifier)) return false;
      if (packageOf(specifier) === 'iam') return !EXPORTED.includes(specifier);
      return !(packageOf(specifier) in declared);
    });
    expect(wrong).toEqual([]);
  });
});
