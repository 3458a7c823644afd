import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asciiDomain, emailKey } from '../../src/auth/email-key.js';

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
    ['x@bücher.example', 'x@xn--bcher-kva.example', 'a domain in ASCII form'],
    ['x@bücher.example', 'X@XN--BCHER-KVA.Example', 'such a one in upper case'],
    ['x@bücher.example', 'x@BÜCHER.example', 'a domain in upper case'],
    ['x@bücher.example', 'x@bu\u0308cher.example', 'a domain in another normal form'],
    ['x@例え.jp', 'x@例え。jp', 'an ideographic full stop'],
    ['x@straße.example', 'x@xn--strae-oqa.example', 'a sharp s in a domain'],
    ['x@οδος.example', 'x@xn--pxavbm.example', 'a final sigma in a domain'],
    ['x@bücher.example', 'x@bü\u00adcher.example', 'a soft hyphen'],
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
    ['x@strasse.example', 'x@straße.example', 'a sharp s in a domain, which is another domain'],
    ['x@οδοσ.example', 'x@οδος.example', 'a final sigma in a domain'],
    ['x@example.com', 'x@example.com.', 'a dot at the end'],
    ['x@example.com', 'x@ex%61mple.com', 'a percent-encoded letter'],
    ['x@example.com', 'x@example.com/path', 'a path'],
    ['x@abc.example', 'x@xn--abc-.example', 'Punycode of what needs none'],
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

  it.each(['xn--a.com', 'xn--zz.com', 'a..com', '.com', '-a.com', 'a-.com', 'a_b.com', '192.0.2.7', '0x7f.1', '[::1]'])(
    'knows no domain %s',
    (domain) => expect(asciiDomain(domain)).toBeNull(),
  );

  it('knows no domain whose ASCII form is longer than the DNS takes', () => {
    expect(asciiDomain(`${'ü'.repeat(56)}.example`)).toMatch(/^xn--\w{58}\.example$/);
    expect(asciiDomain(`${'ü'.repeat(58)}.example`)).toBeNull();
    expect(asciiDomain(`${'a'.repeat(64)}.example`)).toBeNull();
    expect(asciiDomain(`${'a.'.repeat(127)}example`)).toBeNull();
  });
});
