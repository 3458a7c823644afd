/** A longer line is no account, in bytes: without a bound, a file without line ends would fill the memory. */
const LONGEST_LINE = 1024 * 1024;
const LINE_END = 0x0a;

/** A line that is not empty. */
export interface InputLine {
  /** From 1. */
  readonly number: number;
  /** Null where it is not UTF-8. */
  readonly text: string | null;
}

/**
 * The lines of a stream of bytes, one at a time; a line may end in CR LF, and the text may begin with a BOM.
 * @throws Error at a line that is far too long
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
      if (text !== '') yield { number, text };
    }
    rest.push(bytes.subarray(start));
    restBytes += bytes.length - start;
    if (restBytes > LONGEST_LINE) throw new Error(`Line ${number + 1} is longer than ${LONGEST_LINE} bytes.`);
  }
  const text = decode(rest);
  if (text !== '') yield { number: number + 1, text };
}

function decode(parts: readonly Buffer[]): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)).trim();
  } catch {
    return null;
  }
}
