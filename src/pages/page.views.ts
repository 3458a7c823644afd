import type { PasswordPolicy } from '../passwords/policy/password.policy.js';
import type { FieldErrors } from './fields.js';
import { markup, type Html } from './markup.js';
import type { View } from './page.renderer.js';
import type { FormText, PageText } from './page.text.js';

/** A page with a form; with errors, its title says so, which a screen reader reads first. */
export function formView(text: PageText, words: FormText, form: Html, errors: FieldErrors): View {
  const isInvalid = errors.size > 0;
  return {
    title: isInvalid ? `${text.error}: ${words.title}` : words.title,
    status: isInvalid ? 422 : 200,
    body: markup`<h1>${words.title}</h1>
<p>${words.intro}</p>
${form}`,
  };
}

/** The page after an accepted form. */
export function doneView({ doneTitle, done }: FormText, more?: Html): View {
  return {
    title: doneTitle,
    body: markup`<p class="mark" aria-hidden="true">✓</p>
<h1>${doneTitle}</h1>
<p>${done}</p>
${more}`,
  };
}

/** The rules for every password: the errors of an empty one. */
export const passwordRules = (policy: PasswordPolicy): string[] =>
  policy.errors('', null, '').map(({ detail }) => detail);
