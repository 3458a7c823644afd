import { readdirSync, readFileSync } from 'node:fs';

/** `USER_HZ` of Linux: in this unit, in milliseconds, `/proc` has the times of a process. */
const TICK_MS = 10;

interface Times {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended. */
  readonly ended: number;
}

/** The line is `pid (name) state ppid …`, where the name may have spaces and brackets: proc(5). Null when it has ended. */
function timesOf(pid: number | string): Times | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ms = (first: number): number => (Number(fields[first]) + Number(fields[first + 1])) * TICK_MS;
    return { parent: Number(fields[1]), own: ms(11), ended: ms(13) };
  } catch {
    return null;
  }
}

/** CPU time of a process with all its threads, in milliseconds; NaN where there is no `/proc`. */
export const cpuMs = (pid: number): number => timesOf(pid)?.own ?? Number.NaN;

/** Starts to count by a clock of CPU time in milliseconds; returns the microseconds since then for each of so many requests. */
export function cpuPerRequest(nowMs: () => number): (requests: number) => number {
  const before = nowMs();
  return (requests) => ((nowMs() - before) * 1_000) / requests;
}

/** CPU time of the processes that a process has started, in milliseconds, those that have ended included. */
export function cpuOfChildrenMs(pid: number): number {
  const ended = timesOf(pid)?.ended ?? Number.NaN;
  if (Number.isNaN(ended)) return ended;
  const live = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(timesOf)
    .filter((times) => times?.parent === pid);
  return live.reduce((sum, times) => sum + (times?.own ?? 0) + (times?.ended ?? 0), ended);
}
