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
