import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** A list of cores, as `taskset` takes it. */
export type Cores = '0' | '1' | '0,1';

/** What is measured runs on the first core, the load generator on the second. */
export const MEASURED_CORE: Cores = '0';
export const LOAD_CORE: Cores = '1';
export const BOTH_CORES: Cores = '0,1';

/** Why processes cannot be bound to a core here; null where they can. */
export const whyNotBound = ((): string | null => {
  if (availableParallelism() < 2) return 'this machine has one core';
  try {
    execFileSync('taskset', ['-c', BOTH_CORES, 'true'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'there is no taskset here, which binds a process to a core (Linux, package util-linux)';
  }
})();

/** The command that runs a program on these cores, or anywhere where that cannot be done. */
export const onCores = (cores: Cores, program: string): readonly string[] =>
  whyNotBound === null ? ['taskset', '-c', cores, program] : [program];

/** Binds a running process, with its threads, to these cores; what it starts from then on is bound too. */
export function bindProcess(pid: number, cores: Cores): void {
  if (whyNotBound === null) execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}

/** Binds a process and those that it has started, such as PostgreSQL with its connections. */
export function bindWithChildren(pid: number, cores: Cores): void {
  if (whyNotBound !== null) return;
  bindProcess(pid, cores);
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  for (const child of children.split('\n').filter((line) => line.trim() !== '')) {
    try {
      bindProcess(Number(child), cores);
    } catch {
      // It has ended since.
    }
  }
}
