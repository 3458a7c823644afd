import type { FieldErrors } from './fields.js';
import type { FieldData, PageLink } from './page.data.js';
import type { View } from './page.renderer.js';
import type { FormText, PageText } from './text/page.text.js';

interface Form {
  /** The URL that takes it, relative to the page. */
  readonly action: string;
  readonly fields: readonly FieldData[];
  /** Values of hidden fields by name. */
  readonly hidden?: Readonly<Record<string, string>>;
}

/** A page with a form; with errors, its title says so, which a screen reader reads first. */
export function formView(text: PageText, words: FormText, errors: FieldErrors, form: Form): View<'form'> {
  const { title: heading, intro: body, submit } = words;
  const isInvalid = errors.size > 0;
  return {
    template: 'form',
    title: isInvalid ? `${text.error}: ${heading}` : heading,
    data: { heading, body, submit, hidden: {}, ...form },
    status: isInvalid ? 422 : 200,
  };
}

/** The page after an accepted form. */
export const doneView = ({ doneTitle, done }: FormText, link: PageLink | null = null): View<'done'> => ({
  template: 'done',
  title: doneTitle,
  data: { heading: doneTitle, body: done, link },
});
