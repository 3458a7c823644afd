import { ApiError, type ErrorObject } from '../json-api/document/errors.js';
import { flag, markup, type Html } from './markup.js';
import type { PageText } from './page.text.js';

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

interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  /** The `autocomplete` attribute (HTML, autofill). */
  readonly autocomplete: string;
  readonly value?: string;
  readonly readOnly?: boolean;
  /** Has the focus, unless a field before it is invalid. */
  readonly first?: boolean;
  /** Rules that are shown before the form is sent. */
  readonly rules?: readonly string[];
}

/**
 * A field with its label, rules and errors. Rules and errors are its `aria-describedby`, and the first invalid field
 * has the focus when the page opens.
 */
export function field(text: PageText, errors: FieldErrors, it: Field): Html {
  const { name, type, readOnly = false, first = false } = it;
  const broken = errors.get(name) ?? [];
  // The errors repeat the rules.
  const rules = broken.length > 0 ? [] : (it.rules ?? []);
  const [firstBroken] = errors.keys();
  const isBroken = broken.length > 0;
  const described = [isBroken && `${name}-error`, rules.length > 0 && `${name}-hint`].filter(Boolean).join(' ');
  const attributes = [
    type !== 'text' && markup` autocapitalize="none" spellcheck="false"`,
    described !== '' && markup` aria-describedby="${described}"`,
    isBroken && markup` aria-invalid="true"`,
    flag(readOnly ? 'readonly' : 'required', true),
    flag('autofocus', firstBroken === undefined ? first : firstBroken === name),
  ];
  return markup`<div class="field">
<label for="${name}">${it.label}</label>
${rules.length > 0 && sentences(text, 'hint', name, rules)}
${isBroken && sentences(text, 'error', name, broken)}
<input id="${name}" name="${name}" type="${type}" value="${it.value}" autocomplete="${it.autocomplete}"${attributes}>
${type === 'password' && revealButton(text, name)}
</div>`;
}

/** Shown only when scripts run. */
const revealButton = (text: PageText, name: string): Html =>
  markup`<button class="plain" type="button" data-reveals="${name}" aria-pressed="false" hidden>${text.showPassword}</button>`;

/** Rules or errors in the language of the page. Those of extensions stay in English, with `lang="en"`. */
function sentences(text: PageText, kind: 'hint' | 'error', name: string, details: readonly string[]): Html {
  const items = details.map((detail) => {
    const known = text.errors[detail]?.[kind] ?? text.errors[detail]?.error;
    return known === undefined ? markup`<li lang="en">${detail}</li>` : markup`<li>${known}</li>`;
  });
  return markup`<ul class="${kind}" id="${name}-${kind}">${items}</ul>`;
}

/** The read-only e-mail, under which a password manager stores the password. */
export const ownerField = (text: PageText, errors: FieldErrors, email: string): Html =>
  field(text, errors, {
    name: 'email',
    label: text.email,
    type: 'email',
    autocomplete: 'username',
    value: email,
    readOnly: true,
  });

/** The field for a new password, with the focus. */
export const newPasswordField = (
  text: PageText,
  errors: FieldErrors,
  { label, rules }: { label: string; rules: readonly string[] },
): Html =>
  field(text, errors, { name: 'password', label, type: 'password', autocomplete: 'new-password', rules, first: true });

/** A form; `action` is relative to the page. */
export const form = (action: string, submit: string, fields: readonly Html[]): Html =>
  markup`<form method="post" action="${action}" novalidate>
${fields}
<button type="submit">${submit}</button>
</form>`;

/** A hidden field. */
export const hidden = (name: string, value: string): Html =>
  markup`<input type="hidden" name="${name}" value="${value}">`;
