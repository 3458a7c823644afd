import { Injectable } from '@nestjs/common';
import { ApiError, type ErrorCode, type ErrorObject } from '../json-api/document/errors.js';
import { Messages } from '../language/messages.js';
import { PasswordPolicy } from '../passwords/policy/password.policy.js';
import type { FieldData, FieldOption } from './page.data.js';
import type { PageText } from './text/page.text.js';

/** Errors by the name of the form field. */
export type FieldErrors = ReadonlyMap<string, readonly ErrorObject[]>;

export const NO_ERRORS: FieldErrors = new Map();

/**
 * The errors of fields in an error that a service threw.
 * @param places fields of errors that are about the whole form, by code
 * @throws the error itself when it is not about fields
 */
export function fieldErrors(error: unknown, places: Readonly<Partial<Record<ErrorCode, string>>> = {}): FieldErrors {
  if (!(error instanceof ApiError)) throw error;
  const byField = new Map<string, ErrorObject[]>();
  for (const problem of error.errors as readonly ErrorObject[]) {
    const field = places[problem.code] ?? fieldOf(problem);
    if (field === null) throw error;
    byField.set(field, [...(byField.get(field) ?? []), problem]);
  }
  return byField;
}

/** Whether the first error of what a service threw has one of these codes. */
export const hasCode = (error: unknown, ...codes: readonly ErrorCode[]): error is ApiError =>
  error instanceof ApiError && codes.includes(error.errors[0].code);

/** The field that an error is about: the last part of its pointer, in flat bodies and in documents. */
function fieldOf({ code, source }: ErrorObject): string | null {
  if (code !== 'validation_failed' || !source || !('pointer' in source)) return null;
  return source.pointer.slice(source.pointer.lastIndexOf('/') + 1);
}

/** Maximum length of a value that a form shows again, in characters; no field of an account may be longer. */
const MAX_SHOWN = 1_024;

/** A box to tick. */
interface Box extends Pick<FieldData, 'id' | 'name' | 'label'> {
  readonly checked: boolean;
  /** What is said below it. */
  readonly hint: string;
}

interface Field extends Pick<FieldData, 'name' | 'label' | 'type' | 'autocomplete'> {
  readonly value?: string;
  readonly readOnly?: boolean;
  /** Has the focus, unless a field before it is invalid. */
  readonly first?: boolean;
  /** What can be chosen, in place of a text; the value is one of them. */
  readonly options?: readonly Omit<FieldOption, 'selected'>[];
  /** May stay empty. */
  readonly optional?: boolean;
  /** A code that is no word; of digits only. */
  readonly code?: 'letters' | 'digits';
  /** Rules that are shown before the form is sent. */
  readonly rules?: FieldData['rules'];
}

/** The fields of forms, with the texts of rules and errors in the language of the page. */
@Injectable()
export class FormFields {
  constructor(
    private readonly messages: Messages,
    private readonly policy: PasswordPolicy,
  ) {}

  /** A field with its rules or, in their place, its errors. The first invalid field has the focus when the page opens. */
  field({ locale, showPassword }: PageText, errors: FieldErrors, it: Field): FieldData {
    const { name, label, type, autocomplete, value = '', readOnly = false, first = false, rules = [], options } = it;
    const { optional = false, code } = it;
    const broken = errors.get(name) ?? [];
    const [firstBroken] = errors.keys();
    return {
      ...{ id: name, name, label, type, autocomplete, readOnly },
      box: null,
      value: value.slice(0, MAX_SHOWN),
      options: options?.map((option) => ({ ...option, selected: option.value === value })) ?? null,
      prose: type === 'text' && code === undefined,
      numeric: code === 'digits',
      optional,
      focused: firstBroken === undefined ? first : firstBroken === name,
      // The errors repeat the rules.
      rules: broken.length > 0 ? [] : rules,
      errors: broken.map((error) => inLanguage(this.messages.detail(error, locale, label), locale)),
      reveal: type === 'password' ? showPassword : null,
    };
  }

  /** A box to tick. Its id differs from those of other forms of the page, where it may stand, too. */
  box({ checked, hint, ...names }: Box): FieldData {
    const typed = { type: 'text', autocomplete: 'off', value: '', prose: false, numeric: false } as const;
    const state = { optional: true, readOnly: false, focused: false, options: null, errors: [], reveal: null };
    return { ...names, ...typed, ...state, box: { checked }, rules: [{ text: hint, lang: null }] };
  }

  /** The read-only e-mail, under which a password manager stores the password. */
  owner(text: PageText, errors: FieldErrors, email: string): FieldData {
    const { email: label } = text;
    const it = { name: 'email', label, type: 'email', autocomplete: 'username', value: email, readOnly: true } as const;
    return this.field(text, errors, it);
  }

  /** The field for a code of an authenticator app. */
  code(text: PageText, errors: FieldErrors, options: Pick<Field, 'first' | 'optional'> = {}): FieldData {
    const it = { name: 'code', label: text.code, type: 'text', autocomplete: 'one-time-code', code: 'digits' } as const;
    return this.field(text, errors, { ...it, ...options });
  }

  /** The field for a recovery code. */
  recoveryCode(text: PageText, errors: FieldErrors, options: Pick<Field, 'first' | 'optional'> = {}): FieldData {
    const it = { name: 'recovery_code', label: text.recoveryCode, type: 'text', autocomplete: 'off' } as const;
    return this.field(text, errors, { ...it, code: 'letters', ...options });
  }

  /** The field for a new password, with the focus. Its rules are those that an empty password breaks. */
  newPassword(text: PageText, errors: FieldErrors, label: string, name = 'password', first = true): FieldData {
    const { locale } = text;
    const rules = this.policy.rules
      .filter((rule) => rule.broken('', null))
      .map((rule) => inLanguage(this.messages.hint(rule.name, rule.rule, rule.parameters ?? {}, locale), locale));
    const it = { name, label, type: 'password', autocomplete: 'new-password', rules, first } as const;
    return this.field(text, errors, it);
  }
}

/** A text of an extension that has no translation stays in English, and says so to screen readers. */
const inLanguage = ({ text, locale }: { text: string; locale: string }, page: string): FieldData['rules'][number] => ({
  text,
  lang: locale === page ? null : locale,
});
