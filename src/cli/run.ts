import 'reflect-metadata';
import { CommanderError } from '@commander-js/extra-typings';
import { Logger } from '@nestjs/common';
import { NO_EXTENSION, type Extension } from '../app.extension.js';
import type { Config } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';
import { isErrno } from '../config/errno.js';
import { examineConfig, loadConfig, type ConfigExamination } from '../config/load-config.js';
import { ApiError } from '../json-api/document/errors.js';
import type { CommandContext, InputStream } from './command.js';
import { CommandLogger, watchOutput } from './output.js';
import { commanderArguments, createProgram } from './program.js';
import type { ProgressStream } from './progress.js';

/** Why a file cannot be used, by the code of the system's error. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no file or folder',
  EACCES: 'There is no right to use',
};

/** What a command's process ends with; 141 is what a shell says of a program that SIGPIPE ended. */
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130, closed: 141 } as const;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What a command line is made of; `process` is one. */
export interface CommandLine {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: InputStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: ProgressStream;
}

/**
 * Runs one command of the operator. A team that extends the service calls it from a `cli.ts` of its own, so that its
 * migrations and its resources take part.
 * @param args what stands behind the program's name
 * @returns the exit code; everything that can go wrong is told on the standard error
 */
export async function runCli(
  args: readonly string[],
  extension: Extension = NO_EXTENSION,
  line: CommandLine = process,
): Promise<number> {
  const output = watchOutput(line, (error) => {
    line.stderr.write(`The output cannot be written: ${error.message}\n`);
    process.exitCode = EXIT.failed;
  });
  Logger.overrideLogger(new CommandLogger());
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  // Once each: a second Ctrl-C ends what does not listen to the first.
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    const program = createProgram(contextOf(line, extension, interruption.signal));
    await program.parseAsync(commanderArguments(args), { from: 'user' });
    return output.failed ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (output.closed && isErrno(error, 'EPIPE')) return EXIT.closed;
    if (output.failed) return EXIT.failed;
    const interrupted = interruption.signal.aborted;
    line.stderr.write(interrupted ? 'Interrupted.\n' : `${reasonOf(error)}\n`);
    return interrupted ? EXIT.interrupted : EXIT.failed;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

/** Why it went wrong, for people: errors of the API are told one a line. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.errors.map(({ detail }) => detail).join('\n');
  if (isErrno(error, ...Object.keys(FILE_ERRORS))) {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    if (path !== undefined && (syscall === 'open' || syscall === 'stat')) return `${FILE_ERRORS[code ?? '']} ${path}.`;
  }
  return error instanceof Error ? error.message : String(error);
}

function contextOf(line: CommandLine, extension: Extension, signal: AbortSignal): CommandContext {
  const { env, stdin, stdout, stderr } = line;
  const config = (): Config => {
    loadEnvFile(undefined, env);
    return loadConfig(env);
  };
  const examine = (): ConfigExamination => {
    loadEnvFile(undefined, env);
    return examineConfig(env);
  };
  return { config, examine, env, extension, signal, in: stdin, out: stdout, err: stderr };
}
