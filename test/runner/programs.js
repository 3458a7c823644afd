import { transformFile } from '@swc/core';
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { COMPILED, compiledPath } from './compiled.ts';
import { TYPESCRIPT } from './typescript.js';

const ROOT = join(import.meta.dirname, '../..');

/** What the compiled service reads at run time. */
const ASSETS = [
  'package.json',
  'roles.yml',
  'templates',
  'src/mail/templates',
  'src/mailbox/templates',
  'src/pages/templates',
  'src/language/messages',
];

/**
 * Compiles what the tests start as processes of their own: the service, its commands, and programs of the tests. A
 * process that reads TypeScript through the loader takes 1.2 s of CPU more to start, and the tests start some seventy.
 * Files that did not change since the last time stay as they are.
 */
export async function compilePrograms() {
  const sources = (await Promise.all(['src', 'test'].map(typescriptIn))).flat();
  await Promise.all([...sources.map(compile), ...ASSETS.map(copy)]);
  await removeAllBut(new Set(sources.map(compiledPath)));
}

const isTest = (name) => /\.(spec|[a-z0-9]+-spec)\.ts$/.test(name);

async function typescriptIn(folder) {
  const names = await readdir(join(ROOT, folder), { recursive: true });
  return names.filter((name) => extname(name) === '.ts' && !isTest(name)).map((name) => join(folder, name));
}

async function compile(source) {
  const [from, to] = [join(ROOT, source), compiledPath(source)];
  if ((await changedAt(from)) < (await changedAt(to))) return;
  const { code } = await transformFile(from, TYPESCRIPT);
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, code);
}

/** When a file was changed, in ms since the epoch; 0 when there is none. */
const changedAt = (path) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

const copy = (asset) => cp(join(ROOT, asset), join(COMPILED, asset), { recursive: true });

/** A source that is gone must not be found any more. */
async function removeAllBut(compiled) {
  const names = await readdir(COMPILED, { recursive: true });
  const left = names.map((name) => join(COMPILED, name)).filter((path) => path.endsWith('.js') && !compiled.has(path));
  await Promise.all(left.map((path) => rm(path, { force: true })));
}
