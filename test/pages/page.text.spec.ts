import { describe, expect, it } from '@jest/globals';
import { GERMAN } from '../../src/pages/text/page.text.de.js';
import { ENGLISH } from '../../src/pages/text/page.text.en.js';

/** The shape of a text: its keys, however deep. */
const keysOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).map(([key, inner]) => [key, keysOf(inner)])
    : typeof value;

describe('The words of the pages', () => {
  it('are the same in each language', () => {
    expect(keysOf(GERMAN)).toEqual(keysOf(ENGLISH));
  });

  it('count minutes', () => {
    expect(ENGLISH.problem('too_many_requests', 1).body).toContain('in a minute.');
    expect(ENGLISH.problem('too_many_requests', 15).body).toContain('in 15 minutes.');
    expect(GERMAN.problem('too_many_requests', 1).body).toContain('in einer Minute noch');
    expect(GERMAN.problem('too_many_requests', 15).body).toContain('in 15 Minuten noch');
  });
});
