import type { FieldErrors } from './fields.js';
import type { FieldData, FormData, PageLink } from './page.data.js';
import type { View } from './page.renderer.js';
import type { FormText, PageText } from './text/page.text.js';

interface Form {
  /** The URL that takes it, relative to the page. */
  readonly action: string;
  readonly fields: readonly FieldData[];
  /** Values of hidden fields by name. */
  readonly hidden?: Readonly<Record<string, string>>;
  /** Forms below it: other ways to the same end. */
  readonly others?: readonly FormData[];
}

/** The title of a page with a form; with errors it says so, which a screen reader reads first. */
export const titleOf = (text: PageText, heading: string, errors: FieldErrors): string =>
  errors.size > 0 ? `${text.error}: ${heading}` : heading;

/** What a page says has just been done, by the parameter `notice` of its URL; null for none that it knows. */
export const noticeIn = (sent: unknown, notices: Readonly<Record<string, string>>): string | null =>
  typeof sent === 'string' && Object.hasOwn(notices, sent) ? (notices[sent] ?? null) : null;

/** Whether a page with these forms asks the API of the service. */
export const asksApi = (forms: readonly FormData[]): boolean => forms.some(({ passkey }) => passkey !== null);

/** A page with a form. */
export function formView(
  text: PageText,
  words: Pick<FormText, 'title' | 'intro' | 'submit'>,
  errors: FieldErrors,
  form: Form,
): View<'form'> {
  const { title: heading, intro: body, submit } = words;
  return {
    template: 'form',
    title: titleOf(text, heading, errors),
    data: { heading, body, submit, hidden: {}, others: [], passkey: null, ...form },
    status: errors.size > 0 ? 422 : 200,
    asksApi: asksApi(form.others ?? []),
  };
}

/** The page after an accepted form. */
export const doneView = (
  { doneTitle, done }: Pick<FormText, 'doneTitle' | 'done'>,
  link: PageLink | null = null,
): View<'done'> => ({
  template: 'done',
  title: doneTitle,
  data: { heading: doneTitle, body: done, link },
});
