import { Readable } from 'node:stream';
import { CsvError, parse, type InfoRecord } from 'csv-parse';
import type { TransferResource } from './account-reader.js';
import { isMember, membersOf, type ColumnMap } from './csv-columns.js';
import { MAX_LINE_BYTES, type InputLine } from './input-lines.js';

/** The delimiter of cells. */
export type Delimiter = ',' | ';' | 'tab';

/** Error messages by parser error; the parser's own messages may quote the file, including a hash. */
const PARSER_ERRORS: Readonly<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: `begins or ends a row of more than ${MAX_LINE_BYTES} characters, as where a quote is never closed`,
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'has text behind a closing quote',
  INVALID_OPENING_QUOTE: 'has a quote within a cell that does not begin with one',
};

/** A row, as the parser gives it. */
interface Row {
  readonly record: readonly string[];
  readonly raw: string;
  readonly info: InfoRecord;
}

/**
 * The values of a CSV stream (RFC 4180) with a header, one per row; a row of several lines has the number of its first.
 * @param columns which columns are read; null reads each as the member with its name
 * @throws Error when the header lacks a column, a row is too long, or quotes do not match
 */
export async function* csvLines(
  source: AsyncIterable<string | Buffer>,
  columns: ColumnMap | null,
  delimiter: Delimiter,
  resource: TransferResource,
): AsyncGenerator<InputLine> {
  let members: readonly (string | null)[] | null = null;
  for await (const { record, raw, info } of rows(source, delimiter)) {
    if (members === null) {
      members = membersIn(record, columns, resource);
      continue;
    }
    const number = info.lines - (raw.trim().match(/\n/g)?.length ?? 0);
    const fits = record.length === members.length;
    yield fits
      ? { number, value: membersOf(members, record, resource) }
      : { number, error: `has ${record.length} cells, where the header has ${members.length}` };
  }
  if (members === null) throw new Error('The file is empty; its first line must name the columns.');
}

async function* rows(source: AsyncIterable<string | Buffer>, delimiter: Delimiter): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    delimiter: delimiter === 'tab' ? '\t' : delimiter,
    info: true,
    raw: true,
    max_record_size: MAX_LINE_BYTES,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const input = Readable.from(decoded(source));
  // An error of the source, such as an interruption, ends the parser.
  input.once('error', (error) => parser.destroy(error));
  try {
    for await (const row of input.pipe(parser)) yield row as Row;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Error(`Line ${String(error['lines'])} ${PARSER_ERRORS[error.code] ?? 'is no CSV'}.`, { cause: error });
  } finally {
    input.destroy();
  }
}

/**
 * Decodes bytes and limits the length of lines: the parser bounds the size of cells, not their number.
 * @throws Error when they are not UTF-8: spreadsheets write other encodings by default
 */
async function* decoded(source: AsyncIterable<string | Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 1;
  let length = 0;
  for await (const piece of source) {
    const text = decode(decoder, typeof piece === 'string' ? Buffer.from(piece) : piece);
    const lines = text.split('\n');
    for (const [place, line] of lines.entries()) {
      if (place > 0) [number, length] = [number + 1, 0];
      length += line.length;
      if (length > MAX_LINE_BYTES) throw new Error(`Line ${number} is longer than ${MAX_LINE_BYTES} bytes.`);
    }
    yield text;
  }
  yield decode(decoder);
}

/** Without bytes, the end of the text. */
function decode(decoder: InstanceType<typeof TextDecoder>, bytes?: Buffer): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch (error) {
    throw new Error('The file is not UTF-8; save it as "CSV UTF-8".', { cause: error });
  }
}

/** The member of each column; null for one that is not read. */
function membersIn(
  header: readonly string[],
  columns: ColumnMap | null,
  resource: TransferResource,
): (string | null)[] {
  const headers = header.map((cell) => cell.trim());
  const named = `its columns are ${headers.map((cell) => JSON.stringify(cell)).join(', ')}`.slice(0, MAX_NAMED);
  if (columns === null) {
    const strange = headers.find((cell) => !isMember(cell, resource));
    if (strange === undefined && new Set(headers).size === headers.length) return headers;
    throw new Error(`The header does not name members of an account; map them with --columns: ${named}.`);
  }
  for (const name of columns.values()) {
    const found = headers.filter((cell) => cell === name).length;
    if (found === 1) continue;
    throw new Error(
      `The header has ${found === 0 ? 'no column' : 'several columns'} ${JSON.stringify(name)}; ${named}.`,
    );
  }
  const byHeader = new Map([...columns].map(([member, name]) => [name, member]));
  return headers.map((cell) => byHeader.get(cell) ?? null);
}

/** Maximum number of quoted characters of a header. */
const MAX_NAMED = 500;
