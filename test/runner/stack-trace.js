import { findSourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Lies between a test and what it calls, and is of no interest. */
const GLOBALS = new URL('./jest-globals.js', import.meta.url).href;

/**
 * Stacks with the lines of the TypeScript, for `Error.prepareStackTrace`. Node writes them too (--enable-source-maps),
 * but in words of which jest leaves out the frames that matter: those of functions without a name.
 */
export function stackTrace(error, sites) {
  const ours = sites.filter((site) => site.getFileName() !== GLOBALS);
  return [String(error), ...ours.map((site) => `    at ${frame(site)}`)].join('\n');
}

function frame(site) {
  const [url, line, column] = [site.getFileName(), site.getLineNumber(), site.getColumnNumber()];
  if (!url?.startsWith('file:')) return String(site);
  const origin = findSourceMap(url)?.findOrigin(line, column);
  const [sourceLine, sourceColumn] = origin?.lineNumber ? [origin.lineNumber, origin.columnNumber] : [line, column];
  return String(site).replace(`${url}:${line}:${column}`, `${fileURLToPath(url)}:${sourceLine}:${sourceColumn}`);
}
