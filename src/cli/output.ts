import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { isErrno } from '../config/errno.js';

/** The state of the output of a command. */
export interface OutputWatch {
  /** The reader has closed the output, as `head` does. */
  readonly closed: boolean;
  /** It could not be written, as on a full disk. */
  readonly failed: boolean;
}

/**
 * Handles errors of a command's output until the process ends: they may come after the last write. A pipe closed by its
 * reader is not an error; a full disk is.
 * @param failed called with the error of the output
 */
export function watchOutput(
  { stdout, stderr }: { readonly stdout: NodeJS.EventEmitter; readonly stderr: NodeJS.EventEmitter },
  failed: (error: Error) => void,
): OutputWatch {
  const watch = { closed: false, failed: false };
  stdout.on('error', (error: Error) => {
    if (isErrno(error, 'EPIPE')) watch.closed = true;
    if (watch.closed || watch.failed) return;
    watch.failed = true;
    failed(error);
  });
  // There is no reader left.
  stderr.on('error', () => undefined);
  return watch;
}

/** Nest's log on the standard error, from level `warn`: the standard output is for results. */
export class CommandLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  protected override printMessages(messages: unknown[], context?: string, level?: LogLevel): void {
    super.printMessages(messages, context, level, 'stderr');
  }
}

/** Rows of text in columns; the last column is as long as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  return rows.map((row) => line(row)).join('\n');
}
