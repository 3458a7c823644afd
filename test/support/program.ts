import { fork, type ChildProcess } from 'node:child_process';
import { compiledPath } from '../runner/compiled.js';

/** Starts a program of the tests as a process of its own, which sends messages; this stands on top of its environment. */
export const forkProgram = (
  source: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ChildProcess =>
  fork(compiledPath(source), args, {
    // Not with what the tests' own process was started with.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
