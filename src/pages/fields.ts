import { ApiError, type ErrorObject } from '../json-api/document/errors.js';
import { flag, markup, type Html } from './markup.js';
import type { PageText } from './page.text.js';

/** What is wrong with the fields of a form, as services told it, by their names. */
export type FieldErrors = ReadonlyMap<string, readonly string[]>;

export const NO_FAULTS: FieldErrors = new Map();

/**
 * The errors of fields in what a service threw.
 * @throws the error itself when it is about anything but fields
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
  /** What browsers and password managers fill in (HTML, autofill). */
  readonly autocomplete: string;
  readonly value?: string;
  readonly readOnly?: boolean;
  /** Where the reader starts, unless a field before it is broken. */
  readonly first?: boolean;
  /** Rules, as services tell them, that are shown before anything was sent. */
  readonly rules?: readonly string[];
}

/**
 * A field with its label, its rules and its errors. The errors and the rules describe it to screen readers, and the
 * first broken field has the focus when the page opens.
 */
export function field(text: PageText, errors: FieldErrors, it: Field): Html {
  const { name, type, readOnly = false, first = false } = it;
  const broken = errors.get(name) ?? [];
  // What is wrong says all that the rules said.
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

/** Works, and is shown, only where scripts run. */
const revealButton = (text: PageText, name: string): Html =>
  markup`<button class="plain" type="button" data-reveals="${name}" aria-pressed="false" hidden>${text.showPassword}</button>`;

/** Rules or errors in the language of the page. One that only a team knows stays in English, and says so. */
function sentences(text: PageText, kind: 'hint' | 'error', name: string, details: readonly string[]): Html {
  const items = details.map((detail) => {
    const known = text.errors[detail]?.[kind] ?? text.errors[detail]?.error;
    return known === undefined ? markup`<li lang="en">${detail}</li>` : markup`<li>${known}</li>`;
  });
  return markup`<ul class="${kind}" id="${name}-${kind}">${items}</ul>`;
}

/** Whose form it is. Nobody changes it here: it tells a password manager what to keep the password under. */
export const ownerField = (text: PageText, errors: FieldErrors, email: string): Html =>
  field(text, errors, {
    name: 'email',
    label: text.email,
    type: 'email',
    autocomplete: 'username',
    value: email,
    readOnly: true,
  });

/** Where a new password is chosen; the reader starts here. */
export const newPasswordField = (
  text: PageText,
  errors: FieldErrors,
  { label, rules }: { label: string; rules: readonly string[] },
): Html =>
  field(text, errors, { name: 'password', label, type: 'password', autocomplete: 'new-password', rules, first: true });

/** A form that goes back to where its page came from, `action` being relative to that. */
export const form = (action: string, submit: string, fields: readonly Html[]): Html =>
  markup`<form method="post" action="${action}" novalidate>
${fields}
<button type="submit">${submit}</button>
</form>`;

/** What a form carries along. */
export const hidden = (name: string, value: string): Html =>
  markup`<input type="hidden" name="${name}" value="${value}">`;
