import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const PAGE = readFileSync('docs/extending.md', 'utf8');
/** The code blocks of the page that name a file. */
const BLOCKS = [...PAGE.matchAll(/```ts\n\/\/ (src\/\S+)\n([\s\S]*?)\n```/g)].map(
  ([, file = '', code = '']) => [`examples/inventory/${file}`, code] as const,
);

/** Lines without their indentation, since the page shows parts of classes. */
const unindented = (text: string): string => text.replaceAll(/^ +/gm, '');

describe('The page about extending the service', () => {
  it.each(BLOCKS)('shows a part of %s as it is', (file, code) => {
    expect(unindented(readFileSync(file, 'utf8'))).toContain(unindented(code));
  });

  it('shows something for each member of an extension', () => {
    const declaration = readFileSync('src/app.extension.ts', 'utf8');
    const [, body = ''] = /export interface Extension \{([^]*?)\n\}/.exec(declaration) ?? [];
    const members = [...body.matchAll(/readonly (\w+)\?:/g)].map(([, name = '']) => name);
    const [, example = ''] = BLOCKS[0] ?? [];
    expect(members.length).toBeGreaterThan(8);
    expect(members.filter((name) => !example.includes(`${name}: `))).toEqual([]);
  });
});
