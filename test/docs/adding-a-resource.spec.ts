import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { filesOf } from './adding-a-resource.js';

const EXAMPLE = 'examples/teams';
const FILES = filesOf(readFileSync('docs/adding-a-resource.md', 'utf8'));

describe('The page about adding a resource', () => {
  it.each([...FILES.keys()])('shows %s as it is in the example', (file) => {
    expect(FILES.get(file)).toBe(readFileSync(`${EXAMPLE}/${file}`, 'utf8').trimEnd());
  });

  it('shows every file of the example but its tests and settings, and one of the templates', () => {
    const files = readdirSync(EXAMPLE, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^src\/(?!.*\.test\.ts$).*\.ts$|^roles\.yml$|^mails\/en\/.*html\.hbs$/.test(file),
    );
    expect([...FILES.keys()].sort()).toEqual(files.sort());
    expect(existsSync(`${EXAMPLE}/src/extension.ts`)).toBe(true);
  });
});
