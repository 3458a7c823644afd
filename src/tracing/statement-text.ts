/**
 * A statement as a trace may show it. Values are parameters here, which never come this far; this is for the day when
 * somebody writes one into the text. What is not known to be harmless goes: every literal, and every comment.
 */

/** Longer statements are cut, in characters. */
const LONGEST = 4_096;

/** What stands at a place in SQL, tried in this order. What does not end there ends with the text. */
const TOKENS = [
  String.raw`[eE]'(?:[^'\\]|''|\\[^]|'\s*\n\s*')*(?:'|$)`, // a string with escapes, also one that goes on in another line
  String.raw`(?:[uU]&|[bBnNxX])?'(?:[^']|'')*(?:'|$)`, // any other string
  String.raw`\$(?<tag>(?:[\p{L}_][\p{L}\p{N}_]*)?)\$[^]*?(?:\$\k<tag>\$|$)`, // a string between dollars
  String.raw`(?<comment>--[^\n]*|\/\*(?:(?!\/\*)[^])*?\*\/|\/\*[^]*$)`, // comments; of nested ones, all that follows
  String.raw`(?<kept>"(?:[^"]|"")*"|\$\d+|[\p{L}_][\p{L}\p{N}_$]*)`, // identifiers, parameters, words
  String.raw`\.?\d[\w.]*`, // a number
];
const TOKEN = new RegExp(TOKENS.join('|'), 'gu');

/** The text with `?` for every literal, without comments, and with any blanks as one. */
export function harmlessText(text: string): string {
  return text
    .slice(0, LONGEST)
    .replace(TOKEN, (_token, _tag, comment?: string, kept?: string) => (comment ? ' ' : (kept ?? '?')))
    .replace(/\s+/g, ' ')
    .trim();
}

/** What kind of statement it is, by its first word, such as `SELECT`; one that begins with a CTE is a `WITH`. */
export const operationOf = (harmless: string): string =>
  /^\(*([a-z]+)/i.exec(harmless)?.[1]?.toUpperCase() ?? 'UNKNOWN';
