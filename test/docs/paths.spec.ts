import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url);
/** The projects that documents show, whose paths are those of a reader's own. */
const PROJECTS = ['examples/teams/', 'examples/inventory/', 'templates/project/'].map((path) => new URL(path, ROOT));

const documents = ['README.md', 'CHANGELOG.md'].concat(
  ...['docs', 'docs/decisions'].map((folder) =>
    readdirSync(new URL(folder, ROOT))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
);

/** Paths in a document without placeholders, such as `src/config/config.ts`; examples import `.js` of a `.ts` file. */
function pathsIn(document: string): string[] {
  const text = readFileSync(new URL(document, ROOT), 'utf8');
  const paths = [...text.matchAll(/(?<![\w/.-])(?:\.\.\/)*((?:src|test)\/[\w./*{<…-]+)/g)];
  return paths.map(([, path = '']) => path.replace(/[.]+$/, '')).filter((path) => !/[*{<…]/.test(path));
}

const exists = (path: string): boolean =>
  [path, path.replace(/\.js$/, '.ts')].some((name) =>
    [ROOT, ...PROJECTS].some((root) => existsSync(new URL(name, root))),
  );

describe('Documentation', () => {
  it.each(documents)('%s names only files that exist', (document) => {
    expect(pathsIn(document).filter((path) => !exists(path))).toEqual([]);
  });

  it('numbers each decision once, in its name and its heading', () => {
    const decisions = documents.filter((document) => document.startsWith('docs/decisions/'));
    const named = decisions.map((document) => Number(/\/(\d{4})-/.exec(document)?.[1]));
    const headed = decisions.map((document) =>
      Number(/^# (\d+)\. \S/.exec(readFileSync(new URL(document, ROOT), 'utf8'))?.[1]),
    );
    expect(headed).toEqual(named);
    expect(new Set(named).size).toBe(named.length);
  });
});
