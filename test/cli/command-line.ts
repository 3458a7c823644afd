import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Extension } from '../../src/app.extension.js';
import type { InputStream } from '../../src/cli/own-command.js';
import { runCli } from '../../src/cli/run.js';
import { compiledPath } from '../runner/compiled.js';

/** Lines of progress; how many there are depends on the machine. */
const PROGRESS = /^.* [\d,]+\/s\n/gm;

/** What a command left behind. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process; only these environment variables are set for it, and this is piped in. */
export async function command(
  args: readonly string[],
  env: Record<string, string> = {},
  input: string | InputStream = '',
  extension: Extension = {},
): Promise<CommandResult> {
  const stdin = typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await runCli(args, extension, { env: { ...env }, stdin, stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  return { exitCode, out, err: err.replace(PROGRESS, '') };
}

/** A command that runs in a process of its own, as an operator calls it. */
export interface RunningCommand {
  readonly process: ChildProcess;
  readonly result: Promise<CommandResult>;
}

/** Starts a command in a process of its own; only these environment variables are set for it. */
export function startCommand(args: readonly string[], env: Record<string, string>): RunningCommand {
  const child = spawn(process.execPath, [compiledPath('src/cli.ts'), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const finish = async (): Promise<CommandResult> => {
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { exitCode: child.exitCode, out, err };
  };
  return { process: child, result: finish() };
}
