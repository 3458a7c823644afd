import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { commandsOf, filesOf } from './adding-a-resource.js';

const EXAMPLE = 'examples/teams';
const PAGE = readFileSync('docs/adding-a-resource.md', 'utf8');
const FILES = filesOf(PAGE);

describe('The page about adding a resource', () => {
  it.each([...FILES.keys()])('shows %s as it is in the example', (file) => {
    expect(FILES.get(file)).toBe(readFileSync(`${EXAMPLE}/${file}`, 'utf8').trimEnd());
  });

  it('shows every file of the example but its longer test, its settings and a second language', () => {
    const files = readdirSync(EXAMPLE, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^src\/.*\.ts$|^roles\.yml$|^mails\/en\/.*\.hbs$/.test(file),
    );
    expect([...FILES.keys(), 'src/teams/teams.test.ts'].sort()).toEqual(files.sort());
  });

  // `.ci/package` follows it: test/package/project.smoke.ts.
  it('begins with a project of this version of the package, as README.md does', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(readFileSync('README.md', 'utf8')).toContain(`npm exec --package=./iam-${version}.tgz -- iam new `);
    expect(commandsOf(PAGE)[0]?.[0]).toBe(`npm exec --package=./iam-${version}.tgz -- iam new teams-iam`);
  });
});
