import { availableParallelism } from 'node:os';
import { refuse } from '../json-api/errors.js';

/** Hashes that may wait for each one that runs; at cost 12 the last of them waits for 7 s. */
const WAITING_PER_SLOT = 32;

/** Threads of libuv's pool, which hashing shares with files, DNS and compression. */
const LIBUV_THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

/** As many as there are cores, since more threads only take turns, and one thread of the pool stays for others. */
const HASH_SLOTS = Math.max(1, Math.min(availableParallelism(), LIBUV_THREADS - 1));

/** Weight of the newest duration in the moving average. */
const SMOOTHING = 0.2;

/**
 * Runs a few pieces of work at a time, lets a bounded number wait in order, and refuses the rest at once: when more
 * people sign in than can be hashed for, some are told when to come back instead of all being kept waiting.
 */
export class HashQueue {
  private readonly line: (() => void)[] = [];
  private busy = 0;
  private meanMs = 100;

  constructor(
    readonly slots: number = HASH_SLOTS,
    readonly limit: number = slots * WAITING_PER_SLOT,
  ) {}

  /** Pieces of work that run now. */
  get running(): number {
    return this.busy;
  }

  /** Pieces of work that wait for a slot. */
  get waiting(): number {
    return this.line.length;
  }

  /**
   * Runs the work when its turn comes.
   * @throws JsonApiException 503 `unavailable` with `Retry-After`, without running it, when the line is full.
   */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.enter();
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.meanMs += SMOOTHING * (performance.now() - start - this.meanMs);
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.busy < this.slots) {
      this.busy++;
      return;
    }
    if (this.line.length >= this.limit) {
      throw refuse('unavailable', 'Too many sign-ins at once; try again in a moment', undefined, {
        headers: { 'Retry-After': String(this.secondsUntilEmpty()) },
      });
    }
    await new Promise<void>((resolve) => this.line.push(resolve));
  }

  /** The slot goes straight to the next in line, so that nobody who comes later can take it. */
  private leave(): void {
    const next = this.line.shift();
    if (next) next();
    else this.busy--;
  }

  private secondsUntilEmpty(): number {
    return Math.max(1, Math.ceil((this.meanMs * this.line.length) / this.slots / 1000));
  }
}
