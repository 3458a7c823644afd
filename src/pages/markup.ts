/** A piece of HTML that may go into another one as it is. Only {@link markup} and {@link trusted} make it. */
export class Html {
  constructor(readonly text: string) {}
}

/** What can stand in a template: text is escaped, nothing is written for what is absent. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * HTML in which every value is escaped, for text and for quoted attributes. Not called `html`: Prettier would format what
 * stands in it, and with it the style and the script whose hashes the policy names.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(values[i - 1]) + string));
}

/** Text that is HTML already. Never for anything that came from outside. */
export const trusted = (text: string): Html => new Html(text);

/** An attribute that is there or not, such as `autofocus`. */
export const flag = (name: string, isSet: boolean): Html => trusted(isSet ? ` ${name}` : '');

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  if (value === false || value === null || value === undefined) return '';
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
