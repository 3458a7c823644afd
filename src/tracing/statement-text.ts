/**
 * The text of a statement for a trace. Values are parameters, which are never traced; this removes every literal and
 * comment in case a statement has values in its text.
 */

/** Longer statements are cut, in characters. */
const LONGEST = 4_096;

/** SQL tokens, tried in this order. An unterminated one ends with the text. */
const TOKENS = [
  String.raw`[eE]'(?:[^'\\]|''|\\[^]|'\s*\n\s*')*(?:'|$)`, // a string with escapes, also one that goes on in another line
  String.raw`(?:[uU]&|[bBnNxX])?'(?:[^']|'')*(?:'|$)`, // any other string
  String.raw`\$(?<tag>(?:[\p{L}_][\p{L}\p{N}_]*)?)\$[^]*?(?:\$\k<tag>\$|$)`, // a string between dollars
  String.raw`(?<comment>--[^\n]*|\/\*(?:(?!\/\*)[^])*?\*\/|\/\*[^]*$)`, // comments; of nested ones, all that follows
  String.raw`(?<kept>"(?:[^"]|"")*"|\$\d+|[\p{L}_][\p{L}\p{N}_$]*)`, // identifiers, parameters, words
  String.raw`\.?\d[\w.]*`, // a number
];
const TOKEN = new RegExp(TOKENS.join('|'), 'gu');

/** The text with `?` for every literal, without comments, and with single spaces. */
export function harmlessText(text: string): string {
  return text
    .slice(0, LONGEST)
    .replace(TOKEN, (_token, _tag, comment?: string, kept?: string) => (comment ? ' ' : (kept ?? '?')))
    .replace(/\s+/g, ' ')
    .trim();
}

/** The type of a statement, its first word, such as `SELECT`; one that begins with a CTE is a `WITH`. */
export const operationOf = (harmless: string): string =>
  /^\(*([a-z]+)/i.exec(harmless)?.[1]?.toUpperCase() ?? 'UNKNOWN';
