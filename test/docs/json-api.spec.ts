import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../src/json-api/document/errors.js';
import { BOUNDS } from '../../src/json-api/limits.js';

const PAGE = readFileSync('docs/json-api.md', 'utf8');

describe('docs/json-api.md', () => {
  it('lists every error code with its status', () => {
    const listed = [...PAGE.matchAll(/^\| (\d{3}) +\| `(\w+)` +\|/gm)].map(([, status, code]) => `${status} ${code}`);
    expect(listed.sort()).toEqual(
      Object.entries(ERROR_CODES)
        .map(([code, { status }]) => `${status} ${code}`)
        .sort(),
    );
  });

  it('lists every bound, in the words of the code', () => {
    const [, section = ''] = /^## Bounds\n([^]*?)^## /m.exec(PAGE) ?? [];
    const listed = section
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(listed).toEqual(Object.values(BOUNDS).map(({ max, of, above }) => [max.toLocaleString('en'), of, above]));
  });
});
