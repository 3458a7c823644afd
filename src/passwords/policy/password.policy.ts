import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ErrorObject, RuleParameters } from '../../json-api/document/errors.js';
import { brokenRule, type Rule, type RuleName, RULES } from '../../json-api/document/rules.js';
import { exceedsMaxLength, isUnencodable, PASSWORD_LENGTH } from '../hashing/password.schemes.js';
import { BreachedPasswords } from './breached-passwords.js';

/** The account that a password is for. */
export interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

/** The rules of passwords beside `too_short`, `too_long` and `invalid_characters`, which every text has. */
export const PASSWORD_RULES = {
  password_missing_upper_case: {
    text: '{name} must contain an upper-case letter',
    hint: 'an upper-case letter',
  },
  password_missing_lower_case: {
    text: '{name} must contain a lower-case letter',
    hint: 'a lower-case letter',
  },
  password_missing_digit: { text: '{name} must contain a digit', hint: 'a digit' },
  password_missing_special: {
    text: '{name} must contain a special character, such as ! or a space',
    hint: 'a special character, such as ! or a space',
  },
  password_breached: {
    text: '{name} is one of the well-known breached passwords; choose another one',
    hint: 'not one of the well-known breached passwords',
  },
  password_personal: {
    text: '{name} must not be the e-mail address or the name of the account',
    hint: 'not your e-mail address or your name',
  },
} as const satisfies Record<string, Rule>;

/** One rule of the policy, and when a password (in NFC) breaks it. */
export interface PasswordRule {
  /** A stable name for programs: `meta.rule`. */
  readonly name: string;
  /** The texts of the rule. */
  readonly rule: Rule;
  /** The numbers in the texts, and in `meta`. */
  readonly parameters?: RuleParameters;
  broken(password: string, owner: PasswordOwner | null): boolean;
}

/** Minimum length of an identity, in characters: shorter ones occur in too many words. */
const MIN_IDENTITY = 4;

const { min, max } = PASSWORD_LENGTH;
const lacks = (pattern: RegExp) => (password: string) => !pattern.test(password);
const length = (text: string) => [...text].length;

/**
 * The password policy (wire.md, section 4). A team that wants other rules provides its own class under this
 * token, which overrides `rules`:
 * `{ provide: PasswordPolicy, useClass: OurPasswordPolicy }`.
 */
@Injectable()
export class PasswordPolicy {
  /** Letters and digits count in every script; special is what is neither letter, digit nor control, also a space. */
  private readonly builtIn: readonly PasswordRule[] = [
    layerRule('too_short', { minimum: min }, (password) => length(password) < min),
    layerRule('too_long', { maximum: max }, (password) => length(password) > max),
    passwordRule('password_missing_upper_case', lacks(/[\p{Lu}\p{Lt}]/u)),
    passwordRule('password_missing_lower_case', lacks(/\p{Ll}/u)),
    passwordRule('password_missing_digit', lacks(/\p{Nd}/u)),
    passwordRule('password_missing_special', lacks(/[^\p{L}\p{M}\p{Nd}\p{Cc}\p{Cf}]/u)),
    passwordRule('password_breached', (password) => this.breached.has(password)),
    passwordRule('password_personal', isMadeOfIdentity),
  ];

  constructor(private readonly breached: BreachedPasswords) {}

  /** The rules of new passwords: what is enforced, and what forms and `GET /account/passwords/policy` show. */
  get rules(): readonly PasswordRule[] {
    return this.builtIn;
  }

  /**
   * The rules that the password breaks, one error each; empty when it is valid.
   * @param password what the request carried, of whatever type
   * @param owner null when the account is not known yet
   * @param pointer where it stands in the request (JSON pointer, RFC 6901), such as `/password`
   */
  errors(password: unknown, owner: PasswordOwner | null, pointer: string): ErrorObject[] {
    const field = { name: pointer.slice(pointer.lastIndexOf('/') + 1), source: { pointer } };
    if (password === undefined || password === null) return [brokenRule('required', field)];
    if (typeof password !== 'string')
      return [brokenRule('type', { ...field, wanted: 'a string' }, { expected: 'string' })];
    if (exceedsMaxLength(password)) return [brokenRule('too_long', field, { maximum: max })];
    const errors = isUnencodable(password) ? [brokenRule('invalid_characters', field)] : [];
    const text = password.normalize('NFC');
    const broken = this.rules.filter((rule) => rule.broken(text, owner));
    return [...errors, ...broken.map(({ name, rule, parameters }) => brokenRule([name, rule], field, parameters))];
  }
}

type Check = PasswordRule['broken'];

const layerRule = (name: RuleName, parameters: RuleParameters, broken: Check): PasswordRule => ({
  name,
  rule: RULES[name],
  parameters,
  broken,
});

const passwordRule = (name: keyof typeof PASSWORD_RULES, broken: Check): PasswordRule => ({
  name,
  rule: PASSWORD_RULES[name],
  broken,
});

/**
 * True when a password is the owner's e-mail, its local part or the owner's name with too little besides: without
 * it fewer than the minimum number of characters would be left. So `Jane.Doe1!` is rejected for Jane Doe, and a long
 * sentence that happens to contain `Mark` is not. Case, spaces and punctuation do not count.
 */
function isMadeOfIdentity(password: string, owner: PasswordOwner | null): boolean {
  if (owner === null) return false;
  const text = squash(password);
  const identities = [owner.email, owner.email.slice(0, owner.email.lastIndexOf('@')), owner.name].map(squash);
  return identities.some(
    (identity) =>
      length(identity) >= MIN_IDENTITY && text.includes(identity) && length(password) - length(identity) < min,
  );
}

function squash(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}

/** 128 random bits, with a character of each class that the policy requires. */
export const randomPassword = (): string => `${randomBytes(16).toString('base64url')}-Aa1`;
