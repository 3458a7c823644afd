import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

/** The code blocks of the page that name a file, by file; `.ci/test-kit` runs the files. */
const BLOCKS = new Map(
  [...readFileSync('docs/testing.md', 'utf8').matchAll(/```js\n\/\/ (examples\/\S+)\n([\s\S]*?)\n```/g)].map(
    ([, file, code]) => [file, code],
  ),
);

describe('The page about testing', () => {
  it.each([...BLOCKS.keys()])('shows %s as it is', (file) => {
    expect(BLOCKS.get(file)).toBe(readFileSync(String(file), 'utf8').trimEnd());
  });

  it('shows every example', () => {
    expect([...BLOCKS.keys()].sort()).toEqual(
      readdirSync('examples/testing')
        .sort()
        .map((name) => `examples/testing/${name}`),
    );
  });
});
