import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../src/json-api/errors.js';

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
});
