import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

/** Lines without imports, comments and blanks. */
function linesOf(folder: string, files: readonly string[]): number {
  return files
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .flatMap((text) => text.replace(/^import [^;]*;$/gm, '').split('\n'))
    .filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

const LAYER = 'src/json-api';
const TEAM = ['team.entity.ts', 'team.resource.ts'];
TEAM.push('teams.controller.ts', 'teams.service.ts', 'teams.repository.ts', 'teams.module.ts');

it.each([
  ['The resource layer', linesOf(LAYER, filesIn(LAYER)), 2_000, 4_900],
  [
    'A resource with a filter, three hooks and an action of its own',
    linesOf('examples/teams/src/teams', TEAM),
    100,
    160,
  ],
])('%s has %i lines of code, between %i and %i', (_, lines, least, most) => {
  expect(lines).toBeGreaterThan(least);
  expect(lines).toBeLessThan(most);
});
