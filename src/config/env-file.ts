import { readFileSync } from 'node:fs';
import { isErrno } from './errno.js';

/** `NAME=`, as a shell would take it, with or without `export`. Blanks around the equals sign do not count. */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/;
const COMMENT_OR_BLANK = /^[ \t]*(?:#.*)?$/;
const COMMENT_AFTER_QUOTE = /^[ \t]*(?:[ \t]#.*)?$/;
/** A comment behind a value begins after a blank: the `#` of `pa#ss` belongs to the value, as it does in a shell. */
const TRAILING_COMMENT = /(?:^|[ \t])#.*$/;

/**
 * Adds the variables of a `.env` file to the environment. Variables that are already set take precedence; a missing
 * file is ignored.
 * @throws Error that names the line which cannot be read; and when the file is there but cannot be opened.
 */
export function loadEnvFile(path = '.env', env: NodeJS.ProcessEnv = process.env): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  for (const [name, value] of Object.entries(parseEnvFile(text, path))) env[name] ??= value;
}

/**
 * Reads the lines of a `.env` file as Docker Compose and the usual dotenv libraries do. Values in `'…'` and `` `…` ``
 * are taken as they are, in `"…"` `\n` is a new line; quoted values may span lines. Node's own parser silently cuts an
 * unquoted value at its first `#`, drops lines that it does not understand, and keeps a byte order mark.
 * @param path named in errors
 * @throws Error that names the line. The line itself is not quoted: it may hold a secret.
 */
export function parseEnvFile(text: string, path: string): Record<string, string> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const values: Record<string, string> = {};
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (COMMENT_OR_BLANK.test(line)) continue;
    const [assignment, name] = ASSIGNMENT.exec(line) ?? [];
    if (assignment === undefined || name === undefined) {
      throw new Error(`Line ${at + 1} of ${path} is not NAME=value; start a comment with #.`);
    }
    const rest = line.slice(assignment.length);
    const quote = /^["'`]/.exec(rest)?.[0];
    if (quote === undefined) {
      values[name] = rest.replace(TRAILING_COMMENT, '').trim();
      continue;
    }
    const quoted = readQuoted(quote, rest.slice(1), lines.slice(at + 1));
    if (!quoted) {
      throw new Error(`Line ${at + 1} of ${path} has a quote that is not closed, or text behind the closing one.`);
    }
    values[name] = quote === '"' ? quoted.value.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : quoted.value;
    at += quoted.moreLines;
  }
  return values;
}

/** A value up to its closing quote, and how many lines it took beyond the first; null when the quote is not closed. */
function readQuoted(quote: string, first: string, following: readonly string[]) {
  const taken: string[] = [];
  for (const line of [first, ...following]) {
    const end = line.indexOf(quote);
    if (end < 0) {
      taken.push(line);
      continue;
    }
    if (!COMMENT_AFTER_QUOTE.test(line.slice(end + 1))) return null;
    return { value: [...taken, line.slice(0, end)].join('\n'), moreLines: taken.length };
  }
  return null;
}
