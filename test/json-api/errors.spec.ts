import { describe, expect, it } from '@jest/globals';
import { apiError } from '../../src/json-api/document/errors.js';
import { LIMITS } from '../../src/json-api/limits.js';

const detailOf = (text: string): string | undefined => apiError('conflict', text).errors[0].detail;

describe('The detail of an error', () => {
  it('has 1,000 characters at most, and is cut where it has more', () => {
    const longest = 'a'.repeat(LIMITS.detailCharacters);
    expect(detailOf(longest)).toBe(longest);
    expect(detailOf(`${longest}a`)).toBe(`${longest}…`);
  });

  it('is never cut within a character', () => {
    const emoji = `${'a'.repeat(LIMITS.detailCharacters - 1)}😀`;
    expect(detailOf(emoji)).toBe(`${'a'.repeat(LIMITS.detailCharacters - 1)}…`);
  });
});

describe('The stack of an error', () => {
  const frames = (error: Error): number => (error.stack ?? '').split('\n    at ').length - 1;

  it('is recorded for errors of the service, and not for those of a client, which are never logged with it', () => {
    expect(frames(apiError('internal_error', 'Something went wrong here'))).toBeGreaterThan(0);
    expect(frames(apiError('forbidden', 'You may not do this'))).toBe(0);
    expect(frames(new Error('another one'))).toBeGreaterThan(0);
  });
});
