import { setTimeout as sleep } from 'node:timers/promises';

/** Work that runs repeatedly, one run after the other, while the application runs. */
export interface RecurringWork {
  /** Pause after each run, in ms. */
  readonly everyMs: number;
  /** True does it at once, too; otherwise the pause comes first. */
  readonly atOnce?: boolean;
  /** `signal` is aborted when it has to come to an end. */
  readonly run: (signal: AbortSignal) => Promise<unknown>;
  /** Called with the error of a failed run; the next run still follows. */
  readonly failed: (error: unknown) => void;
}

/** Runs recurring work from now on. It never keeps the process alive. */
export class Recurring {
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;

  constructor(private readonly work: RecurringWork) {
    this.done = this.loop();
  }

  /** Stops it, and waits for the current run. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async loop(): Promise<void> {
    const { everyMs, atOnce = false, run, failed } = this.work;
    const { signal } = this.stopping;
    const pause = (): Promise<void> => sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (!atOnce) await pause();
    while (!signal.aborted) {
      try {
        await run(signal);
      } catch (error) {
        if (!signal.aborted) failed(error);
      }
      await pause();
    }
  }
}
