import { constants } from 'node:os';

/** Signals to end: from a person, a supervisor, or a terminal that closes. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

type Signal = (typeof SIGNALS)[number];

/** Interval of the check whether npm is still running, in milliseconds. */
const PARENT_POLL_MS = 500;

let stop: () => Promise<void> = async () => undefined;
let ending = false;

/** Sets the work to do before the process ends, in place of any earlier one. */
export function beforeEnd(work: () => Promise<void>): void {
  stop = work;
}

/** Whether the process has received a signal to end. */
export const isEnding = (): boolean => ending;

/**
 * Ends the process on a signal, after the work of `beforeEnd`. Call this before anything that takes time: for process 1
 * of a container, an unhandled signal is lost. A second signal has no effect.
 *
 * A process started by npm ends with npm, also when npm is killed: otherwise the service and its embedded database
 * would keep running.
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
    process.stderr.write(`\nThe service did not shut down cleanly.\n${String(error)}\n`);
    process.exit(1);
  }
  for (const name of SIGNALS) process.off(name, onSignal);
  // Ends by the signal itself, as its sender expects. Process 1 cannot: the system ignores it.
  if (process.pid !== 1) process.kill(process.pid, signal);
  process.exit(128 + constants.signals[signal]);
}
