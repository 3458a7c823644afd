import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emailKey } from '../../src/auth/email-key.js';

describe('The e-mail key', () => {
  it.each([
    ['jane@example.com', 'Jane@Example.COM', 'upper case'],
    ['jane@example.com', '  jane@example.com\t', 'space around it'],
    ['jane@example.com', 'jane@example.com\u00a0', 'a no-break space behind it'],
    ['jane@example.com', 'ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'full-width letters'],
    ['jane@example.com', '𝒿𝒶𝓃ℯ@example.com', 'script letters'],
    ['fischer@example.com', 'ﬁscher@example.com', 'a ligature'],
    ['kate@example.com', '\u212aate@example.com', 'the Kelvin sign'],
    ['susan@example.com', 'ſuſan@example.com', 'the long s'],
    ['strasse@example.com', 'straße@example.com', 'a sharp s'],
    ['strasse@example.com', 'STRAẞE@example.com', 'a capital sharp s'],
    ['zoe\u0308@example.com', 'zoë@example.com', 'a composed accent'],
    ['οδυσσεύς@example.com', 'ΟΔΥΣΣΕΎΣ@example.com', 'the final sigma'],
    ['kim@example.com', 'kım@example.com', 'a dotless i'],
    ['5@example.com', '⑤@example.com', 'a circled digit'],
  ])('of %s is that of %s (%s)', (one, other) => {
    expect(emailKey(other)).toBe(emailKey(one));
  });

  it.each([
    ['jane@example.com', 'jаne@example.com', 'a Cyrillic а'],
    ['jane@example.com', 'janе@example.com', 'a Cyrillic е'],
    ['oliver@example.com', 'οliver@example.com', 'a Greek omicron'],
    ['jane@example.com', 'jané@example.com', 'an accent'],
    ['jane@example.com', 'jane+tag@example.com', 'a tag'],
    ['jane.doe@example.com', 'janedoe@example.com', 'a dot'],
    ['lima@example.com', '1ima@example.com', 'a digit'],
  ])('of %s is not that of %s (%s)', (one, other) => {
    expect(emailKey(other)).not.toBe(emailKey(one));
  });

  it('does not change with upper and lower case or normal form, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const key = emailKey(text);
        expect(emailKey(text.normalize('NFD'))).toBe(key);
        expect(emailKey(text.normalize('NFC'))).toBe(key);
        expect(emailKey(text.toUpperCase())).toBe(key);
        expect(emailKey(text.toLowerCase())).toBe(key);
        expect(emailKey(key)).toBe(key);
      }),
      { examples: [['\u1fbf']] },
    );
  });

  it('of an enormous text costs nothing', () => {
    const start = performance.now();
    emailKey(`a${'\u0301\u0316'.repeat(250_000)}@example.com`);
    expect(performance.now() - start).toBeLessThan(50);
  });
});
