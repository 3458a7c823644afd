// Writes dist from what `nest build` compiles into .cache/build: the files that are entered from outside, and in a few
// chunks the modules behind them. Node takes half a millisecond and more to find, read and link each module, and the service
// has 630 (docs/decisions/0063). Packages stay outside, so that an extension shares them.
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

const COMPILED = resolve('.cache/build');
const DIST = resolve('dist');

/** What package.json names, what Node 20 loads by `require()` (src/cli.ts), and what the tests start as a process. */
const ENTRIES = ['cli.js', 'cli/run.js', 'index.js', 'testing/index.js', 'testing/database/keeper.js'];
/** Declarations and assets, and the program with what it loads first. */
const COPIED = /\.(d\.c?ts|cjs|cjs\.map|hbs|yml)$/;
/** Written into dist by others. */
const KEPT = ['sbom.cdx.json', 'LICENSES.txt'];

/** A module that knows where the chunks are. Every entry but the last needs it, so it is in one of them. */
const ROOT = 'iam:root';
const ROOT_MODULE = `import { fileURLToPath } from 'node:url';
export const moduleUrl = (path) => new URL(path, import.meta.url).href;
export const modulePath = (path) => fileURLToPath(moduleUrl(path));
export const nameClass = (target, value) => void Object.defineProperty(target, 'name', { value, configurable: true });`;

/** The first line of a class, as TypeScript writes it. */
const CLASS = /\bclass (\w+)( extends [^{\n]+)? \{$/gm;

/**
 * Modules find their assets and packages from where they would be without a bundle. Classes keep their names, which are tokens
 * and what errors are called: esbuild changes one that is there twice. Its `keepNames` would name functions too, also those
 * that are made for each request, and slow them down.
 */
const ownModules = {
  name: 'own-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^${ROOT}$`) }, () => ({ path: ROOT, namespace: 'iam' }));
    onLoad({ filter: /./, namespace: 'iam' }, () => ({ contents: ROOT_MODULE }));
    onLoad({ filter: /\.js$/, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const own = JSON.stringify(relative(COMPILED, path));
      // On the same lines, which the source map counts.
      const contents = text
        .replaceAll('import.meta.url', `moduleUrl(${own})`)
        .replaceAll('import.meta.filename', `modulePath(${own})`)
        .replaceAll('import.meta.dirname', `modulePath(${JSON.stringify(relative(COMPILED, dirname(path)) || '.')})`)
        .replaceAll(CLASS, `$& static { nameClass(this, '$1'); }`);
      if (contents === text) return undefined;
      const used = ['moduleUrl', 'modulePath', 'nameClass'].filter((name) => contents.includes(`${name}(`));
      return { contents: `${contents}\nimport { ${used.join(', ')} } from '${ROOT}';\n` };
    });
  },
};

const { metafile } = await build({
  entryPoints: ENTRIES.map((path) => join(COMPILED, path)),
  outbase: COMPILED,
  outdir: DIST,
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
  plugins: [ownModules],
});

const written = new Set(Object.keys(metafile.outputs).map((path) => relative(DIST, resolve(path))));
const root = [...written].find((path) => `iam:${ROOT}` in (metafile.outputs[join('dist', path)]?.inputs ?? {}));
if (root === undefined || dirname(root) !== '.') throw new Error(`${ROOT} is in ${root}, and not in a chunk of dist`);

for (const path of await filesIn(COMPILED)) {
  if (!COPIED.test(path)) continue;
  await cp(join(COMPILED, path), join(DIST, path));
  written.add(path);
}
const left = (await filesIn(DIST)).filter((path) => !written.has(path) && !KEPT.includes(path));
await Promise.all(left.map((path) => rm(join(DIST, path))));

/** The paths of the files in a folder, relative to it. */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
}
