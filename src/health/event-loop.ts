import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Recurring } from '../sweeps/recurring.js';

/** Length of a window, in ms: long enough for several samples when the loop is a second late. */
const WINDOW_MS = 5_000;
/** Time between two samples, in ms. */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1_000_000;

/** How late the event loop was, in ms. */
export interface Lag {
  readonly median: number;
  readonly p99: number;
}

/** How late the event loop was in the last window that is complete. */
@Injectable()
export class EventLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private recurring: Recurring | null = null;
  private last: Lag = { median: 0, p99: 0 };

  get lag(): Lag {
    return this.last;
  }

  /** Start-up does not count as lag. */
  onApplicationBootstrap(): void {
    this.measure(WINDOW_MS);
  }

  /** Measures from now on, in windows of this length. */
  measure(windowMs: number): void {
    this.histogram.enable();
    this.recurring = new Recurring({ everyMs: windowMs, run: async () => this.take(), failed: () => undefined });
  }

  async onApplicationShutdown(): Promise<void> {
    this.histogram.disable();
    await this.recurring?.stop();
  }

  private take(): void {
    // A sample is the time since the previous one, ideally the resolution.
    const late = (percentile: number): number =>
      Math.max(0, this.histogram.percentile(percentile) / NANOSECONDS - RESOLUTION_MS);
    this.last = { median: late(50), p99: late(99) };
    this.histogram.reset();
  }
}
