/** HTML that is inserted without escaping. Only {@link markup} and {@link trusted} create it. */
export class Html {
  constructor(readonly text: string) {}
}

/** A value in a template: text is escaped, and null, undefined and false are omitted. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[];

/** The ampersand comes first: the others' entities have one. */
const ENTITIES: readonly (readonly [character: string, entity: string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
];

/**
 * HTML in which every value is escaped, for text and for quoted attributes. Not called `html`: Prettier would reformat
 * its content, including the style and the script whose hashes are in the Content-Security-Policy.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(values[i - 1]) + string));
}

/** Text that is already HTML. Never for input. */
export const trusted = (text: string): Html => new Html(text);

/** A boolean attribute, such as `autofocus`. */
export const flag = (name: string, isSet: boolean): Html => trusted(isSet ? ` ${name}` : '');

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  if (value === false || value === null || value === undefined) return '';
  return ENTITIES.reduce((text, [character, entity]) => text.replaceAll(character, entity), String(value));
}
