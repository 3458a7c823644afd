import { describe, expect, it } from '@jest/globals';
import { BreachedPasswords } from '../../src/passwords/policy/breached-passwords.js';
import { PasswordPolicy, type PasswordRule } from '../../src/passwords/policy/password.policy.js';

const policy = new PasswordPolicy(new BreachedPasswords());
const JANE = { email: 'jane.doe@example.com', name: 'Jane Doe' };
const brokenRules = (password: unknown, owner: { email: string; name: string } | null = null) =>
  policy.errors(password, owner, '/password').map(({ broken }) => broken?.rule);

const SHORT = 'too_short';
const LONG = 'too_long';
const UPPER = 'password_missing_upper_case';
const LOWER = 'password_missing_lower_case';
const DIGIT = 'password_missing_digit';
const SPECIAL = 'password_missing_special';
const BREACHED = 'password_breached';
const IDENTITY = 'password_personal';

describe('The password policy', () => {
  it.each(['Correct-Horse-9', 'aB3$efgh', 'Ünïcode 7 Straße', 'Пароль-восемь-8', 'x'.repeat(125) + 'A1!'])(
    'takes %j',
    (password) => {
      expect(brokenRules(password, JANE)).toEqual([]);
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
    expect(brokenRules(password)).toEqual(errors);
  });

  it('names the code and the place of each error', () => {
    expect(policy.errors('aB3$efg', null, '/new_password')).toEqual([
      {
        code: 'validation_failed',
        detail: 'new_password must have at least 8 characters',
        source: { pointer: '/new_password' },
        broken: { rule: SHORT, name: 'new_password', parameters: { minimum: 8 } },
      },
    ]);
  });

  it.each([
    [undefined, 'required'],
    [null, 'required'],
    [12345678, 'type'],
    [true, 'type'],
    [['aB3$efgh'], 'type'],
    [{ password: 'aB3$efgh' }, 'type'],
  ])('has one error for %j, which is not a string', (password, rule) => {
    expect(brokenRules(password)).toEqual([rule]);
  });

  it('counts characters and not what they are made of', () => {
    // 7 characters: each emoji is two UTF-16 units, and the é comes as e and an accent.
    expect(brokenRules('A1😀😀😀e\u0301b')).toEqual([SHORT]);
    expect(brokenRules('A1😀😀😀e\u0301bc')).toEqual([]);
    expect(brokenRules('😀'.repeat(125) + 'aB3')).toEqual([]);
    expect(brokenRules('😀'.repeat(126) + 'aB3')).toEqual([LONG]);
    expect(brokenRules('e\u0301'.repeat(125) + 'B3!')).toEqual([]);
  });

  it.each(['aB3$ef\0gh', 'aB3$efgh\ud800', '\udc00aB3$efgh'])(
    'rejects %j, which UTF-8 or C cannot carry',
    (password) => {
      expect(brokenRules(password)).toEqual(['invalid_characters']);
    },
  );

  it('rejects an enormous text at once', () => {
    const start = performance.now();
    expect(brokenRules('a' + '\u0301\u0316'.repeat(250_000))).toEqual([LONG]);
    expect(performance.now() - start).toBeLessThan(50);
  });

  it.each(['P@ssw0rd', 'p@ssW0RD', '!QAZ2wsx', 'Password1!', 'PASSWORd123!', 'Qwerty123!', 'P@ssw0rd99!!'])(
    'knows %j as breached',
    (password) => {
      expect(brokenRules(password)).toEqual([BREACHED]);
    },
  );

  it.each(['Password-Manager-1', 'Sunshine!4829173', 'My-dragon-2024', 'Qwerty!plus-5-words'])(
    'does not take %j for breached because of a listed word in it',
    (password) => {
      expect(brokenRules(password)).toEqual([]);
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
    expect(brokenRules(password, JANE)).toEqual([IDENTITY]);
    expect(brokenRules(password, null)).toEqual([]);
  });

  it('does not mind a name that a long password happens to contain', () => {
    const mark = { email: 'mark@example.com', name: 'Mark' };
    expect(brokenRules('Remarkable-Foxes-7', mark)).toEqual([]);
    expect(brokenRules('Remark-7x', mark)).toEqual([IDENTITY]);
    expect(brokenRules('Walnut-9x', { email: 'al@example.com', name: 'Al' })).toEqual([]);
  });

  it('checks the local part also when the domain differs', () => {
    expect(brokenRules('Longlocal-77', { email: 'longlocal@example.com', name: 'X' })).toEqual([IDENTITY]);
  });

  it('gives way to the rules of a team', () => {
    class Passphrases extends PasswordPolicy {
      override get rules(): readonly PasswordRule[] {
        return [
          {
            name: 'password_too_few_words',
            rule: { text: '{name} must have at least {minimum} words', hint: 'at least {minimum} words' },
            parameters: { minimum: 4 },
            broken: (password: string) => password.split(' ').length < 4,
          },
        ];
      }
    }
    const own = new Passphrases(new BreachedPasswords());
    expect(own.errors('correct horse battery staple', null, '/password')).toEqual([]);
    const [error] = own.errors('Correct-Horse-9', null, '/password');
    expect(error?.detail).toBe('password must have at least 4 words');
    expect(error?.broken).toMatchObject({ rule: 'password_too_few_words', parameters: { minimum: 4 } });
  });
});
