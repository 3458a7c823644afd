import { fstatSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Time between two looks whether the parent is there, in milliseconds. */
const POLL_MS = 250;
/** `npx` is a process of npm that starts a shell that starts this one: the parent of npm is the one that counts. */
const NPM_GENERATIONS = 3;

/** Watches the process that started this one. */
export interface ParentWatch {
  /** Aborted when the parent is gone. */
  readonly signal: AbortSignal;
  /** Stops watching. */
  stop(): void;
}

/**
 * Watches the parent from now on, however it ends: by a standard input that it holds the other side of, and by the parent
 * that the system gives this process in its place.
 */
export function watchParent(input: NodeJS.ReadableStream, env: NodeJS.ProcessEnv): ParentWatch {
  const gone = new AbortController();
  const end = (): void => gone.abort();
  const generations = env['npm_command'] === undefined ? 1 : NPM_GENERATIONS;
  const ancestors = ancestorsOf(generations).join();
  const timer = setInterval(() => ancestorsOf(generations).join() !== ancestors && end(), POLL_MS);
  const stream = isPipe(input) ? (input as Readable) : null;
  for (const event of ['end', 'close', 'error']) stream?.once(event, end);
  stream?.resume();
  return {
    signal: gone.signal,
    stop() {
      clearInterval(timer);
      // An open pipe would keep the process alive.
      stream?.destroy();
    },
  };
}

/** Whether someone holds the other side. A terminal, a file and /dev/null say nothing about the parent. */
function isPipe(input: NodeJS.ReadableStream): boolean {
  if (!('fd' in input) || typeof input.fd !== 'number') return true;
  const stat = fstatSync(input.fd);
  return stat.isFIFO() || stat.isSocket();
}

/** The ids of the parent, of its parent and so on; only the first where the system has no /proc. */
function ancestorsOf(generations: number): number[] {
  const ids = [process.ppid];
  while (ids.length < generations) {
    const parent = parentOf(ids.at(-1) ?? 0);
    if (parent === null) break;
    ids.push(parent);
  }
  return ids;
}

/** Null for a process that is gone, and for the first one. */
function parentOf(pid: number): number | null {
  try {
    // The name stands in brackets, and may hold any character.
    const [, fields = ''] = /^.*\) \S (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(fields.split(' ')[0]) || null;
  } catch {
    return null;
  }
}
