import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const PAGE = readFileSync('docs/adding-a-resource.md', 'utf8');
/** The code blocks of the page that name a file, by file. */
const BLOCKS = new Map(
  [...PAGE.matchAll(/```(?:ts|yaml|hbs)\n(?:\/\/|#|\{\{!--) (examples\/\S+)(?: --\}\})?\n([\s\S]*?)\n```/g)].map(
    ([, file, code]) => [file, code],
  ),
);

describe('The page about adding a resource', () => {
  it.each([...BLOCKS.keys()])('shows %s as it is', (file) => {
    expect(BLOCKS.get(file)).toBe(readFileSync(String(file), 'utf8').trimEnd());
  });

  it('shows every file of the example but its tests, and one of the templates', () => {
    const files = readdirSync('examples/teams', { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|yml)$|\ben\/.*html\.hbs$/.test(file) && !file.endsWith('-spec.ts'))
      .map((file) => `examples/teams/${file}`);
    expect([...BLOCKS.keys()].sort()).toEqual(files.sort());
  });
});
