import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minify, transformFile } from '@swc/core';

const SOURCES = join(import.meta.dirname, '../../packages/client/src');

/** The code of a TypeScript file as a browser takes it. */
export async function toJavaScript(file: string): Promise<string> {
  const { code } = await transformFile(file, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { verbatimModuleSyntax: true } },
    module: { type: 'es6' },
  });
  return code;
}

/** Every module of an entry of the client, by its path, minified. */
export async function minifiedModules(
  entry: string,
  found: Map<string, string> = new Map(),
): Promise<Map<string, string>> {
  const file = join(SOURCES, entry);
  if (found.has(file)) return found;
  found.set(file, '');
  const code = await toJavaScript(file);
  for (const [, path = ''] of code.matchAll(/from\s*['"](\.[^'"]+)['"]/g)) {
    const source = join(dirname(entry), path.replace(/\.js$/, '.ts'));
    await minifiedModules(source, found);
  }
  found.set(file, (await minify(code, { module: true, compress: true, mangle: { toplevel: true } })).code);
  return found;
}

/** The packages that the modules of an entry import when they run. */
export async function importedPackages(entry: string): Promise<string[]> {
  const modules = [...(await minifiedModules(entry)).values()].join('\n');
  return [...modules.matchAll(/(?:from|import)\s*["']([^."'][^"']*)["']/g)].map(([, name = '']) => name);
}

export const manifest = JSON.parse(readFileSync(join(SOURCES, '../package.json'), 'utf8')) as {
  readonly dependencies?: object;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
};
