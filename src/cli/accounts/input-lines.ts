/** Maximum length of a line, in bytes: a file without line breaks must not fill the memory. */
export const MAX_LINE_BYTES = 1024 * 1024;
const LINE_END = 0x0a;

/** The value of a line, or its error. */
export interface InputLine {
  /** From 1. */
  readonly number: number;
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * The values of an NDJSON stream, one per line; a line may end in CR LF, and the text may begin with a BOM.
 * @throws Error at a line that is too long
 */
export async function* inputLines(source: AsyncIterable<string | Buffer>): AsyncGenerator<InputLine> {
  let number = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const piece of source) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
      const text = decode([...rest, bytes.subarray(start, end)]);
      number++;
      rest = [];
      restBytes = 0;
      start = end + 1;
      if (text !== '') yield parsed(number, text);
    }
    rest.push(bytes.subarray(start));
    restBytes += bytes.length - start;
    if (restBytes > MAX_LINE_BYTES) throw new Error(`Line ${number + 1} is longer than ${MAX_LINE_BYTES} bytes.`);
  }
  const text = decode(rest);
  if (text !== '') yield parsed(number + 1, text);
}

function decode(parts: readonly Buffer[]): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)).trim();
  } catch {
    return null;
  }
}

/** Parses a text; null is a text that is not UTF-8. */
function parsed(number: number, text: string | null): InputLine {
  if (text === null) return { number, error: 'is not UTF-8' };
  try {
    return { number, value: JSON.parse(text) as unknown };
  } catch {
    // The parser's message would quote the line, including a hash.
    return { number, error: 'is not JSON' };
  }
}
