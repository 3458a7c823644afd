/**
 * Lets Node run the TypeScript of this project as it stands: `node --import ./test/runner/typescript-loader.js x.ts`.
 * It checks no types.
 */
import { transformFile } from '@swc/core';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { TYPESCRIPT } from './typescript.js';

const JEST_GLOBALS = new URL('./jest-globals.js', import.meta.url).href;

// Node runs the hooks below in a thread of their own, from this same file.
if (isMainThread) register(import.meta.url);

const NODE_TEST = new URL('./node-test.js', import.meta.url).href;
/** Projects of their own. */
const PROJECT = /\/(?:examples|templates)\/[^/]+\/src\//;

/** What the examples and tests import is what the package.json of a package exports, in the sources. */
const PACKAGE = new Map([
  ['iam', new URL('../../src/index.ts', import.meta.url).href],
  ['iam/testing', new URL('../../src/testing/index.ts', import.meta.url).href],
  ['iam-client', new URL('../../packages/client/src/index.ts', import.meta.url).href],
  ...['auth', 'server', 'query'].map((entry) => [
    `iam-client/${entry}`,
    new URL(`../../packages/client/src/${entry}.ts`, import.meta.url).href,
  ]),
]);

/** The sources import each other as what they become, `.js`. */
export async function resolve(specifier, context, next) {
  // The package can be loaded by jest only.
  if (specifier === '@jest/globals') return next(JEST_GLOBALS, context);
  if (specifier === 'node:test' && PROJECT.test(context.parentURL ?? '')) return next(NODE_TEST, context);
  const exported = PACKAGE.get(specifier);
  if (exported !== undefined) return next(exported, context);
  const sibling = /^\.{1,2}\//.test(specifier) && context.parentURL?.endsWith('.ts');
  if (!sibling || !specifier.endsWith('.js')) return next(specifier, context);
  return next(specifier.replace(/\.js$/, '.ts'), context).catch(() => next(specifier, context));
}

export async function load(url, context, next) {
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return next(url, context);
  const { code } = await transformFile(fileURLToPath(url), TYPESCRIPT);
  return { format: 'module', source: code, shortCircuit: true };
}
