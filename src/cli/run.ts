import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { NO_EXTENSION, type Extension } from '../app.extension.js';
import { accountsExportCommand } from './accounts-export.command.js';
import { accountsImportCommand } from './accounts-import.command.js';
import { accountsRekeyCommand } from './accounts-rekey.command.js';
import type { Config } from '../config/config.js';
import { loadEnvFile } from '../config/env-file.js';
import { isErrno } from '../config/errno.js';
import { examineConfig, loadConfig, type ConfigExamination } from '../config/load-config.js';
import { JsonApiException } from '../json-api/document/errors.js';
import { UsageError, type Command, type CommandContext, type InputStream } from './command.js';
import { CommandLogger } from './command-logger.js';
import { createAdminCommand } from './create-admin.command.js';
import { doctorCommand } from './doctor.command.js';
import { commandHelp, programHelp, PROGRAM } from './help.js';
import { keysRotateCommand } from './keys-rotate.command.js';
import { mailDeadCommand } from './mail-dead.command.js';
import { mailRetryCommand } from './mail-retry.command.js';
import { migrateCommand } from './migrate.command.js';
import { openApiCommand } from './openapi.command.js';
import { watchOutput } from './output.js';
import type { ProgressStream } from './progress.js';
import { secretsResealCommand } from './secrets-reseal.command.js';
import { seedCommand } from './seed.command.js';
import { sessionsRevokeCommand } from './sessions-revoke.command.js';
import { unlockCommand } from './unlock.command.js';
import { variablesCommand } from './variables.command.js';

/** Every command, in the order of the help. A name has one word or two. */
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['migrate', migrateCommand],
  ['seed', seedCommand],
  ['create-admin', createAdminCommand],
  ['accounts export', accountsExportCommand],
  ['accounts import', accountsImportCommand],
  ['accounts rekey', accountsRekeyCommand],
  ['keys rotate', keysRotateCommand],
  ['secrets reseal', secretsResealCommand],
  ['sessions revoke', sessionsRevokeCommand],
  ['unlock', unlockCommand],
  ['mail dead', mailDeadCommand],
  ['mail retry', mailRetryCommand],
  ['doctor', doctorCommand],
  ['variables', variablesCommand],
  ['openapi', openApiCommand],
]);

/** What commands were once called: scripts of operators still call them so. */
const FORMER_NAMES: ReadonlyMap<string, string> = new Map([['keys-rotate', 'keys rotate']]);

/** What asks for the version, in the place of a command. */
const VERSION: ReadonlySet<string> = new Set(['--version', '-V', 'version']);

/** Why a file cannot be used, by the code of the system's error. */
const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no file or folder',
  EACCES: 'There is no right to use',
};

/** What a command's process ends with; 141 is what a shell says of a program that SIGPIPE ended. */
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130, closed: 141 } as const;

/** What asks for help anywhere on the line. */
const HELP: ReadonlySet<string> = new Set(['--help', '-h']);

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
  if (VERSION.has(args[0] ?? '')) {
    line.stdout.write(`${version()}\n`);
    return EXIT.done;
  }
  const asked = asksForHelp(args);
  const words = asked ? args.filter((word, i) => !HELP.has(word) && !(i === 0 && word === 'help')) : args;
  const [first] = words;
  if (first === undefined) {
    line.stdout.write(programHelp(COMMANDS));
    return asked ? EXIT.done : EXIT.usage;
  }
  const found = find(words);
  const group = new Map([...COMMANDS].filter(([name]) => name.startsWith(`${first} `)));
  if (!found && group.size > 0) {
    line.stdout.write(programHelp(group));
    return asked ? EXIT.done : EXIT.usage;
  }
  if (!found) return misused(line, `There is no command ${JSON.stringify(first)}.`, PROGRAM);
  const { name, command, rest } = found;
  if (asked) {
    line.stdout.write(commandHelp(name, command));
    return EXIT.done;
  }
  Logger.overrideLogger(new CommandLogger());
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  // Once each: a second Ctrl-C ends what does not listen to the first.
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    await command.execute(rest, contextOf(line, extension, interruption.signal));
    return output.failed ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (error instanceof UsageError) return misused(line, error.message, `${PROGRAM} ${name}`);
    if (output.closed && isErrno(error, 'EPIPE')) return EXIT.closed;
    if (output.failed) return EXIT.failed;
    const interrupted = interruption.signal.aborted;
    line.stderr.write(interrupted ? 'Interrupted.\n' : `${reasonOf(error)}\n`);
    return interrupted ? EXIT.interrupted : EXIT.failed;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

/** The version of the package that the program belongs to. Without its package.json Node would not have come here. */
function version(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Why it went wrong, for people: what the API would refuse is told one fault a line. */
function reasonOf(error: unknown): string {
  if (error instanceof JsonApiException) return error.faults.map(({ detail }) => detail).join('\n');
  if (isErrno(error, ...Object.keys(FILE_FAULTS))) {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    if (path !== undefined && (syscall === 'open' || syscall === 'stat')) return `${FILE_FAULTS[code ?? '']} ${path}.`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** `help seed`, `seed --help`, `seed -h`; what stands behind `--` is no option. */
const asksForHelp = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return args[0] === 'help' || args.slice(0, end < 0 ? args.length : end).some((word) => HELP.has(word));
};

/** The command that the arguments begin with, and what stands behind its name. */
function find(args: readonly string[]): { name: string; command: Command; rest: readonly string[] } | null {
  for (const words of [2, 1]) {
    const given = args.slice(0, words).join(' ');
    const name = FORMER_NAMES.get(given) ?? given;
    const command = COMMANDS.get(name);
    if (command) return { name, command, rest: args.slice(words) };
  }
  return null;
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

function misused(line: CommandLine, message: string, call: string): number {
  line.stderr.write(`${message}\nTry \`${call} --help\`.\n`);
  return EXIT.usage;
}
