import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { isErrno } from '../config/errno.js';

/** What the output of a command came to, beside the command itself. */
export interface OutputWatch {
  /** Whoever read the output has closed it, as `head` does once it has its lines. */
  readonly closed: boolean;
  /** It could not be written, as on a full disk. */
  readonly failed: boolean;
}

/**
 * Listens to what goes wrong with a command's output, for as long as the process lives: it may come after the last write.
 * A pipe that is closed by its reader is no failure, and nobody is told of it; a full disk is.
 * @param failed gets what kept the output from being written
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
  // There is nobody left to tell.
  stderr.on('error', () => undefined);
  return watch;
}

/** Nest's log on the standard error, from warnings on: the standard output is for what a command gives. */
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
