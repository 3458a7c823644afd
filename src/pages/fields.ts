import { ApiError, type ErrorObject } from '../json-api/document/errors.js';
import type { PasswordPolicy } from '../passwords/policy/password.policy.js';
import type { FieldData, FieldSentence } from './page.data.js';
import type { PageText } from './text/page.text.js';

/** Error details by the name of the form field. */
export type FieldErrors = ReadonlyMap<string, readonly string[]>;

export const NO_ERRORS: FieldErrors = new Map();

/**
 * The errors of fields in an error that a service threw.
 * @throws the error itself when it is not about fields
 */
export function fieldErrors(error: unknown): FieldErrors {
  if (!(error instanceof ApiError)) throw error;
  const byField = new Map<string, string[]>();
  for (const { code, detail, source } of error.errors as readonly ErrorObject[]) {
    if (code !== 'validation_failed' || !source || !('pointer' in source)) throw error;
    const field = source.pointer.slice(1);
    byField.set(field, [...(byField.get(field) ?? []), detail]);
  }
  return byField;
}

/** Maximum length of a value that a form shows again, in characters; no field of an account may be longer. */
const MAX_SHOWN = 1_024;

interface Field extends Pick<FieldData, 'name' | 'label' | 'type' | 'autocomplete'> {
  readonly value?: string;
  readonly readOnly?: boolean;
  /** Has the focus, unless a field before it is invalid. */
  readonly first?: boolean;
  /** Rules that are shown before the form is sent. */
  readonly rules?: readonly string[];
}

/** A field with its rules or, in their place, its errors. The first invalid field has the focus when the page opens. */
export function field(text: PageText, errors: FieldErrors, it: Field): FieldData {
  const { name, label, type, autocomplete, value = '', readOnly = false, first = false, rules = [] } = it;
  const broken = errors.get(name) ?? [];
  const [firstBroken] = errors.keys();
  return {
    ...{ name, label, type, autocomplete, readOnly },
    value: value.slice(0, MAX_SHOWN),
    prose: type === 'text',
    focused: firstBroken === undefined ? first : firstBroken === name,
    // The errors repeat the rules.
    rules: broken.length > 0 ? [] : sentences(text, 'hint', rules),
    errors: sentences(text, 'error', broken),
    reveal: type === 'password' ? text.showPassword : null,
  };
}

/** Rules or errors in the language of the page. Those of extensions stay in English, with `lang="en"`. */
const sentences = (text: PageText, kind: 'hint' | 'error', details: readonly string[]): FieldSentence[] =>
  details.map((detail) => {
    const known = text.errors[detail]?.[kind] ?? text.errors[detail]?.error;
    return known === undefined ? { text: detail, lang: 'en' } : { text: known, lang: null };
  });

/** The read-only e-mail, under which a password manager stores the password. */
export const ownerField = (text: PageText, errors: FieldErrors, email: string): FieldData =>
  field(text, errors, {
    name: 'email',
    label: text.email,
    type: 'email',
    autocomplete: 'username',
    value: email,
    readOnly: true,
  });

/** The field for a new password, with the focus. Its rules are those that an empty password breaks. */
export const newPasswordField = (
  text: PageText,
  errors: FieldErrors,
  { label, policy }: { label: string; policy: PasswordPolicy },
): FieldData =>
  field(text, errors, {
    name: 'password',
    label,
    type: 'password',
    autocomplete: 'new-password',
    rules: policy.errors('', null, '').map(({ detail }) => detail),
    first: true,
  });
