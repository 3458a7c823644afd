import { describe, expect, it } from '@jest/globals';
import { GERMAN } from '../../src/pages/text/page.text.de.js';
import { ENGLISH } from '../../src/pages/text/page.text.en.js';
import { BreachedPasswords } from '../../src/passwords/policy/breached-passwords.js';
import { PasswordPolicy } from '../../src/passwords/policy/password.policy.js';

class OpenPolicy extends PasswordPolicy {
  /** Every sentence that this policy can say. */
  get details(): string[] {
    const said = [null, 'half a \ud83d character'].flatMap((password) => this.errors(password, null, ''));
    return [...this.rules.map(({ detail }) => detail), ...said.map(({ detail }) => detail)];
  }
}

/** The shape of a text: its keys, however deep. */
const keysOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).map(([key, inner]) => [key, keysOf(inner)])
    : typeof value;

describe('The words of the pages', () => {
  it('are the same in each language', () => {
    expect(keysOf(GERMAN)).toEqual(keysOf(ENGLISH));
  });

  it.each([
    ['en', ENGLISH],
    ['de', GERMAN],
  ])('cover all that the password policy says: %s', (_, text) => {
    const details = new OpenPolicy(new BreachedPasswords()).details;
    expect(details.length).toBeGreaterThan(9);
    expect(details.filter((detail) => !(detail in text.errors))).toEqual([]);
  });

  it.each([
    ['en', ENGLISH],
    ['de', GERMAN],
  ])('tell the rules of a password before it is chosen: %s', (_, text) => {
    const policy = new OpenPolicy(new BreachedPasswords());
    const rules = policy.errors('', null, '').map(({ detail }) => text.errors[detail]?.hint);
    expect(rules).toHaveLength(5);
    expect(rules).not.toContain(undefined);
  });

  it('count minutes', () => {
    expect(ENGLISH.problem('too_many_requests', 1).body).toContain('in a minute.');
    expect(ENGLISH.problem('too_many_requests', 15).body).toContain('in 15 minutes.');
    expect(GERMAN.problem('too_many_requests', 1).body).toContain('in einer Minute noch');
    expect(GERMAN.problem('too_many_requests', 15).body).toContain('in 15 Minuten noch');
  });
});
