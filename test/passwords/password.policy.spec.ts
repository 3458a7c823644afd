import { describe, expect, it } from '@jest/globals';
import { BreachedPasswords } from '../../src/passwords/policy/breached-passwords.js';
import { PasswordPolicy } from '../../src/passwords/policy/password.policy.js';

const policy = new PasswordPolicy(new BreachedPasswords());
const JANE = { email: 'jane.doe@example.com', name: 'Jane Doe' };
const details = (password: unknown, owner: { email: string; name: string } | null = null) =>
  policy.errors(password, owner, '/password').map((error) => error.detail);

const SHORT = 'The password must have at least 8 characters';
const LONG = 'The password must have at most 128 characters';
const UPPER = 'The password must contain an upper-case letter';
const LOWER = 'The password must contain a lower-case letter';
const DIGIT = 'The password must contain a digit';
const SPECIAL = 'The password must contain a special character';
const BREACHED = 'The password is one of the well-known breached passwords';
const IDENTITY = "The password must not be the account's e-mail or name";

describe('The password policy', () => {
  it.each(['Correct-Horse-9', 'aB3$efgh', 'Ünïcode 7 Straße', 'Пароль-восемь-8', 'x'.repeat(125) + 'A1!'])(
    'takes %j',
    (password) => {
      expect(details(password, JANE)).toEqual([]);
    },
  );

  it.each([
    ['aB3$efg', [SHORT]],
    ['ab3$efgh', [UPPER]],
    ['AB3$EFGH', [LOWER]],
    ['aBc$efgh', [DIGIT]],
    ['aB3defgh', [SPECIAL]],
    ['x'.repeat(126) + 'A1!', [LONG]],
    ['', [SHORT, UPPER, LOWER, DIGIT, SPECIAL]],
    ['12345678', [UPPER, LOWER, SPECIAL, BREACHED]],
  ])('reports each rule that %j breaks as an error of its own', (password, errors) => {
    expect(details(password)).toEqual(errors);
  });

  it('names the code and the place of each error', () => {
    expect(policy.errors('aB3$efg', null, '/new_password')).toEqual([
      { code: 'validation_failed', detail: SHORT, source: { pointer: '/new_password' } },
    ]);
  });

  it.each([[undefined], [null], [12345678], [true], [['aB3$efgh']], [{ password: 'aB3$efgh' }]])(
    'has one error for %j, which is no text',
    (password) => {
      expect(details(password)).toEqual(['A password is required, as a string']);
    },
  );

  it('counts characters and not what they are made of', () => {
    // 7 characters: each emoji is two UTF-16 units, and the é comes as e and an accent.
    expect(details('A1😀😀😀e\u0301b')).toEqual([SHORT]);
    expect(details('A1😀😀😀e\u0301bc')).toEqual([]);
    expect(details('😀'.repeat(125) + 'aB3')).toEqual([]);
    expect(details('😀'.repeat(126) + 'aB3')).toEqual([LONG]);
    expect(details('e\u0301'.repeat(125) + 'B3!')).toEqual([]);
  });

  it.each(['aB3$ef\0gh', 'aB3$efgh\ud800', '\udc00aB3$efgh'])(
    'refuses %j, which UTF-8 or C cannot carry',
    (password) => {
      expect(details(password)).toEqual(['The password must not contain NUL or half a character']);
    },
  );

  it('refuses an enormous text at once', () => {
    const start = performance.now();
    expect(details('a' + '\u0301\u0316'.repeat(250_000))).toEqual([LONG]);
    expect(performance.now() - start).toBeLessThan(50);
  });

  it.each(['P@ssw0rd', 'p@ssW0RD', '!QAZ2wsx', 'Password1!', 'PASSWORd123!', 'Qwerty123!', 'P@ssw0rd99!!'])(
    'knows %j as breached',
    (password) => {
      expect(details(password)).toEqual([BREACHED]);
    },
  );

  it.each(['Password-Manager-1', 'Sunshine!4829173', 'My-dragon-2024', 'Qwerty!plus-5-words'])(
    'does not take %j for breached because of a listed word in it',
    (password) => {
      expect(details(password)).toEqual([]);
    },
  );

  it.each([
    'Jane.Doe@example.com1',
    'Jane-Doe1!',
    'JANE doe 1',
    '1!jane.DOE',
    'Jane_Doe_42!',
    'xX9-JaneDoe-7',
    'Ｊａｎｅ.Doe1!',
  ])('knows %j as the e-mail or name of Jane Doe', (password) => {
    expect(details(password, JANE)).toEqual([IDENTITY]);
    expect(details(password, null)).toEqual([]);
  });

  it('does not mind a name that a long password happens to contain', () => {
    const mark = { email: 'mark@example.com', name: 'Mark' };
    expect(details('Remarkable-Foxes-7', mark)).toEqual([]);
    expect(details('Remark-7x', mark)).toEqual([IDENTITY]);
    expect(details('Walnut-9x', { email: 'al@example.com', name: 'Al' })).toEqual([]);
  });

  it('judges by the local part also when the domain differs', () => {
    expect(details('Longlocal-77', { email: 'longlocal@example.com', name: 'X' })).toEqual([IDENTITY]);
  });

  it('gives way to the rules of a team', () => {
    class Passphrases extends PasswordPolicy {
      protected override readonly rules = [
        { detail: 'Four words at least', broken: (password: string) => password.split(' ').length < 4 },
      ];
    }
    const own = new Passphrases(new BreachedPasswords());
    expect(own.errors('correct horse battery staple', null, '/password')).toEqual([]);
    expect(own.errors('Correct-Horse-9', null, '/password')).toHaveLength(1);
  });
});
