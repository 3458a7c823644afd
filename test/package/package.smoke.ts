import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { TARBALL } from './typed.js';

/** In bytes. */
const MAX_PACKED_SIZE = 1_100_000;
const MAX_FILES = 900;

/** Outside of dist; some npm adds by itself. */
const OTHER_FILES = ['CHANGELOG.md', 'README.md', 'package.json', 'roles.yml', 'deploy/compose.yaml'];
/** What a new project is made of, and the manifests that it takes from the package. */
const OTHER_FOLDERS = ['deploy/kubernetes', 'templates'];

/** Runs a program; an error shows what it printed. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args).catch(({ stdout, stderr }: Record<string, string>) => {
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  });
  return stdout;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`);

/** What is entered from outside; the modules behind are in chunks. */
const ENTRIES = ['cli', 'cli/run', 'index', 'testing/index', 'testing/database/keeper'].map(
  (path) => `dist/${path}.js`,
);
const CHUNK = /^dist\/[\w.-]+-[0-9A-Z]{8}\.js$/;

/** What the build makes of a source, besides its part of a chunk. */
function builtFrom(source: string): string[] {
  const target = source.replace(/^src/, 'dist');
  if (extname(source) === '.ts') return [target.replace(/\.ts$/, '.d.ts')];
  return extname(source) === '.cts' ? ['.cjs', '.d.cts'].map((end) => target.replace(/\.cts$/, end)) : [target];
}

describe('The package', () => {
  it('has entries and chunks, with the declarations of every source, and no source, source map or test', async () => {
    const list = await run('tar', '--list', '--file', TARBALL);
    const files = list
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    const others = [...OTHER_FILES, ...OTHER_FOLDERS.flatMap(filesIn)];
    const expected = [...ENTRIES, ...filesIn('src').flatMap(builtFrom), ...others];
    expect(files.filter((file) => !CHUNK.test(file)).sort()).toEqual(expected.sort());
    const built = files.filter((file) => file.startsWith('dist/'));
    expect(built.filter((file) => /(?<!\.d)\.c?ts$|\.map$|[.-]spec\./.test(file))).toEqual([]);
    process.stdout.write(`${files.length} files, ${Math.round(statSync(TARBALL).size / 1000)} kB packed\n`);
    expect(files.length).toBeLessThan(MAX_FILES);
    expect(statSync(TARBALL).size).toBeLessThan(MAX_PACKED_SIZE);
  });

  it('has classes that are called as they are exported', async () => {
    const program = `
      const exported = await Promise.all(['index', 'testing/index'].map((name) => import('./dist/' + name + '.js')));
      const classes = exported.flatMap(Object.entries).filter(([, value]) => String(value).startsWith('class '));
      console.log(classes.map(([name, value]) => name + ' ' + value.name).join('\\n'));`;
    const names = (await run('node', '--input-type=module', '--eval', program)).trim().split('\n');
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((pair) => new Set(pair.split(' ')).size > 1)).toEqual([]);
  });

  it('has exports and files that publint finds nothing wrong with', async () => {
    expect(await run('.ci/package-tools', 'publint', 'run', TARBALL, '--strict')).toContain('All good!');
  });

  it('has declarations that TypeScript finds however a project resolves modules', () =>
    run('.ci/package-tools', 'attw', TARBALL, '--profile', 'esm-only'));

  it.each(['api-extractor.json', 'api-extractor.testing.json'])(
    'has the API that the report of %s shows; after a change of it, `npm run api` and a line in CHANGELOG.md',
    (config) => run('.ci/package-tools', 'api-extractor', 'run', '--config', config),
  );
});
