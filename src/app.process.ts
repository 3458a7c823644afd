import { constants } from 'node:os';

/** What tells a process to end: a person, a supervisor, a terminal that closes. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

type Signal = (typeof SIGNALS)[number];

/** So often it is looked whether npm still lives, in milliseconds. */
const PARENT_POLL_MS = 500;

let stop: () => Promise<void> = async () => undefined;
let ending = false;

/** What has to be done before the process may end, from now on and in place of what was said before. */
export function beforeEnd(work: () => Promise<void>): void {
  stop = work;
}

/** Whether the process was told to end. */
export const isEnding = (): boolean => ending;

/**
 * Ends the process when a signal says so, after what `beforeEnd` named. To be called before anything that takes time: as
 * process 1 of a container, a signal that nobody handles is lost. A second signal changes nothing.
 *
 * What npm has started ends with npm, also when npm is killed: it cannot pass that on, and the service and its embedded
 * database would stay behind.
 */
export function endOnSignals(): void {
  for (const signal of SIGNALS) process.on(signal, onSignal);
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && void end('SIGTERM'), PARENT_POLL_MS).unref();
}

const onSignal = (signal: Signal): void => void end(signal);

async function end(signal: Signal): Promise<void> {
  if (ending) return;
  ending = true;
  try {
    await stop();
  } catch (error) {
    process.stderr.write(`\nThe service did not end as it should.\n${String(error)}\n`);
    process.exit(1);
  }
  for (const name of SIGNALS) process.off(name, onSignal);
  // By the signal itself, as who sent it expects. Process 1 cannot end so: the system ignores it.
  if (process.pid !== 1) process.kill(process.pid, signal);
  process.exit(128 + constants.signals[signal]);
}
