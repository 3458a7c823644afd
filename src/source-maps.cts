import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/*
 * Stacks of errors with the lines of the sources, from source maps that are read when an error names their file. Node itself
 * would read those of all loaded files, the libraries' too, and keep them: 16 MB and a twentieth of a start
 * (docs/decisions/0057). Must run before the first error whose stack is of interest; so the program `iam` begins with this.
 */

/** How long maps are kept, in ms: that of most of the service takes 14 MB, and a tenth of a second to read. */
const KEPT_MS = 60_000;
/** Null where there is none. */
const maps = new Map<string, SourceMap | null>();

const REFERENCE = /\/\/# sourceMappingURL=(\S+)\s*$/;
const LIBRARY = /[\\/]node_modules[\\/]/;

Error.prepareStackTrace = (error, frames) => {
  const lines = frames.map((frame) => `\n    at ${describe(frame)}`);
  return `${String(error)}${lines.join('')}`;
};

/** A frame as V8 writes it, at its place in the source. */
function describe(frame: NodeJS.CallSite): string {
  const text = String(frame);
  const [script, line, column] = [frame.getScriptNameOrSourceURL(), frame.getLineNumber(), frame.getColumnNumber()];
  if (!script || line === null || column === null || LIBRARY.test(script)) return text;
  const origin = mapOf(script)?.findOrigin(line, column);
  if (!origin || !('fileName' in origin)) return text;
  const source = new URL(origin.fileName, urlOf(script)).href;
  const shown = source.startsWith('file:') ? fileURLToPath(source) : source;
  return text.replace(`${script}:${line}:${column}`, `${shown}:${origin.lineNumber}:${origin.columnNumber}`);
}

const urlOf = (script: string): string => (script.startsWith('file:') ? script : pathToFileURL(script).href);

function mapOf(script: string): SourceMap | null {
  const known = maps.get(script);
  if (known !== undefined) return known;
  if (maps.size === 0) setTimeout(() => maps.clear(), KEPT_MS).unref();
  const read = readMap(script);
  maps.set(script, read);
  return read;
}

/** Null without a map, or with one that cannot be read: an error is no moment for another. */
function readMap(script: string): SourceMap | null {
  if (!script.startsWith('file:') && !script.startsWith('/')) return null;
  try {
    const url = urlOf(script);
    const [, reference] = REFERENCE.exec(readFileSync(new URL(url), 'utf8')) ?? [];
    return reference === undefined ? null : new SourceMap(JSON.parse(textOf(new URL(reference, url))));
  } catch {
    return null;
  }
}

/** What a map's address leads to: a file beside, or the address itself. */
function textOf(address: URL): string {
  if (address.protocol !== 'data:') return readFileSync(address, 'utf8');
  const [head = '', data = ''] = address.href.split(/,(.*)/s);
  return head.endsWith(';base64') ? Buffer.from(data, 'base64').toString() : decodeURIComponent(data);
}
