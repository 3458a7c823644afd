import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ErrorObject } from '../../json-api/document/errors.js';
import { BreachedPasswords } from './breached-passwords.js';

/** Minimum and maximum number of characters of a password, counted as Unicode code points after NFC. */
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

/**
 * Maximum length in UTF-16 units. No text of 128 code points is longer in any canonical form, and
 * normalization is quadratic: 1 MiB of stacked accents would block the event loop for most of a minute.
 */
const MAX_UNITS = PASSWORD_LENGTH.max * 4;

/** NUL, which ends the text in C, and lone surrogates, which UTF-8 cannot carry: two such passwords would be one. */
const UNENCODABLE = /[\0\p{Cs}]/u;

/** True when the text is beyond every canonical form of the longest password. */
export function exceedsMaxLength(password: string): boolean {
  return password.length > MAX_UNITS;
}

/** True when the text holds characters that no hash can be trusted with. */
export function isUnencodable(password: string): boolean {
  return UNENCODABLE.test(password);
}

/**
 * The form in which a password is validated and hashed: NFC (UAX 15), so that it does not matter on which keyboard an
 * accent was typed. Null when the text cannot be a password.
 */
export function canonicalPassword(password: string): string | null {
  return exceedsMaxLength(password) || isUnencodable(password) ? null : password.normalize('NFC');
}

/** The account that a password is for. */
export interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

/** One rule: its error message, and when a password (in NFC) breaks it. */
export interface PasswordRule {
  readonly detail: string;
  broken(password: string, owner: PasswordOwner | null): boolean;
}

/** Minimum length of an identity, in characters: shorter ones occur in too many words. */
const MIN_IDENTITY = 4;

const { min, max } = PASSWORD_LENGTH;
const TOO_LONG = `The password must have at most ${max} characters`;
const lacks = (pattern: RegExp) => (password: string) => !pattern.test(password);
const length = (text: string) => [...text].length;

/**
 * The password policy (wire.md, section 4). A team that wants other rules provides its own class under this
 * token, from scratch or by overriding `rules`:
 * `{ provide: PasswordPolicy, useClass: OurPasswordPolicy }`.
 */
@Injectable()
export class PasswordPolicy {
  /** Letters and digits count in every script; special is what is neither letter, digit nor control, also a space. */
  protected readonly rules: readonly PasswordRule[] = [
    { detail: `The password must have at least ${min} characters`, broken: (password) => length(password) < min },
    { detail: TOO_LONG, broken: (password) => length(password) > max },
    { detail: 'The password must contain an upper-case letter', broken: lacks(/[\p{Lu}\p{Lt}]/u) },
    { detail: 'The password must contain a lower-case letter', broken: lacks(/\p{Ll}/u) },
    { detail: 'The password must contain a digit', broken: lacks(/\p{Nd}/u) },
    { detail: 'The password must contain a special character', broken: lacks(/[^\p{L}\p{M}\p{Nd}\p{Cc}\p{Cf}]/u) },
    {
      detail: 'The password is one of the well-known breached passwords',
      broken: (password) => this.breached.has(password),
    },
    { detail: "The password must not be the account's e-mail or name", broken: isMadeOfIdentity },
  ];

  constructor(private readonly breached: BreachedPasswords) {}

  /**
   * The rules that the password breaks, one error each; empty when it is valid.
   * @param password what the request carried, of whatever type
   * @param owner null when the account is not known yet
   * @param pointer where it stands in the request (JSON pointer, RFC 6901), such as `/password`
   */
  errors(password: unknown, owner: PasswordOwner | null, pointer: string): ErrorObject[] {
    const addError = (detail: string): ErrorObject => ({ code: 'validation_failed', detail, source: { pointer } });
    if (typeof password !== 'string') return [addError('A password is required, as a string')];
    if (exceedsMaxLength(password)) return [addError(TOO_LONG)];
    const errors = isUnencodable(password) ? [addError('The password must not contain NUL or half a character')] : [];
    const text = password.normalize('NFC');
    return [...errors, ...this.rules.filter((rule) => rule.broken(text, owner)).map((rule) => addError(rule.detail))];
  }
}

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
