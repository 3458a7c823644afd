import 'reflect-metadata';
import { CommanderError } from '@commander-js/extra-typings';
import { Logger } from '@nestjs/common';
import { NO_EXTENSION, type Extension } from '../app.extension.js';
import { projectExtension } from '../app.project.js';
import type { Config } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';
import { isErrno } from '../config/errno.js';
import { examineConfig, loadConfig, type ConfigExamination } from '../config/load-config.js';
import { ApiError } from '../json-api/document/errors.js';
import type { CommandContext, CommandFactory } from './command.js';
import type { InputStream, OutputStream } from './own-command.js';
import { CommandLogger, watchOutput } from './output.js';
import { commanderArguments, createProgram } from './program.js';
import type { ProgressStream } from './progress.js';
import { startCommand } from './commands/start.command.js';
import { withService } from './with-service.js';

/** Why a file cannot be used, by the code of the system's error. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no file or folder',
  EACCES: 'There is no right to use',
};

/** Exit codes; 141 is that of a program ended by SIGPIPE in a shell. */
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130, closed: 141 } as const;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The streams and environment of a command line, such as `process`. */
export interface CommandLine {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: ProgressStream;
}

/** Commands that need no project: they work in any folder, also in that of a project that is not built. */
const WITHOUT_PROJECT: ReadonlySet<string | undefined> = new Set(['new', 'version', '--version', '-V']);

/**
 * Runs one command.
 * @param args the arguments after the program's name
 * @param given the extension; by default that of the project in whose folder the process was started
 * @returns the exit code; errors are printed to the standard error
 */
export async function runCli(args: readonly string[], given?: Extension, line: CommandLine = process): Promise<number> {
  const output = watchOutput(line, (error) => {
    line.stderr.write(`The output cannot be written: ${error.message}\n`);
    process.exitCode = EXIT.failed;
  });
  Logger.overrideLogger(new CommandLogger());
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  // Once each: a second Ctrl-C ends a command that ignores the first.
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    const extension = given ?? (WITHOUT_PROJECT.has(args[0]) ? NO_EXTENSION : await projectExtension());
    const factories = await factoriesFor(args, extension);
    const program = createProgram(contextOf(line, extension, interruption.signal), factories);
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

/** The commands; to start the service that one alone, since the others are some 80 files which it has no use for. */
async function factoriesFor(args: readonly string[], { commands }: Extension): Promise<readonly CommandFactory[]> {
  if (args[0] === 'start' && commands === undefined) return [startCommand];
  const { COMMANDS } = await import('./commands/commands.js');
  return [...COMMANDS, ...(commands ?? [])];
}

/** The error message for the terminal; errors of the API are printed one per line. */
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
    return loadConfig(env, extension.variables);
  };
  const examine = (): ConfigExamination => {
    loadEnvFile(undefined, env);
    return examineConfig(env, extension.variables);
  };
  return {
    ...{ config, examine, env, extension, signal, in: stdin, out: stdout, err: stderr },
    withService: (work) => withService({ config, extension }, work),
  };
}
