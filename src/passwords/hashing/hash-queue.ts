import { availableParallelism } from 'node:os';
import { type ApiError, apiError } from '../../json-api/document/errors.js';

/**
 * What checking a hash costs, for every scheme in one unit: rounds of bcrypt, of which cost c has 2^c. One round took
 * 0.06 ms of a core where the factors were measured (x86-64 with SHA extensions); `test/passwords/hash-work.spec.ts`
 * measures them again.
 */
const ROUNDS = {
  /** One iteration over one block of output. */
  pbkdf2: { sha1: 0.005, sha256: 0.005, sha512: 0.01 },
  /** One of N × r × p. */
  scrypt: 0.007,
  /** One pass over a KiB. */
  argon2id: 0.01,
} as const;

/** Bytes of one block of PBKDF2's output. */
const BLOCK = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** Digests that PBKDF2 is known with. */
export type Pbkdf2Digest = keyof typeof BLOCK;

/** The work of one check, in rounds of bcrypt. */
export const hashWork = {
  bcrypt: (cost: number): number => 2 ** cost,
  pbkdf2: (digest: Pbkdf2Digest, iterations: number, size: number): number =>
    ROUNDS.pbkdf2[digest] * iterations * Math.ceil(size / BLOCK[digest]),
  scrypt: (n: number, r: number, p: number): number => ROUNDS.scrypt * n * r * p,
  argon2id: (kib: number, passes: number): number => ROUNDS.argon2id * kib * passes,
} as const;

/** Maximum memory of one hash, in bytes; as many hashes run at a time as there are cores. */
export const MAX_HASH_MEMORY = 256 * 1024 * 1024;
/** Maximum parallelism of one hash, in lanes. */
export const MAX_HASH_LANES = 16;

/** Threads of libuv's pool, which hashing shares with files, DNS and compression; `thread-pool.cts` makes enough of them. */
const LIBUV_THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

/** As many as there are cores, since more threads only take turns, and one thread of the pool stays for others. */
const HASH_SLOTS = Math.max(1, Math.min(availableParallelism(), LIBUV_THREADS - 1));

/**
 * The queue of a request: `recognized` by device, session or a mailed token, or `others`. Each line
 * has a capacity of its own, and they alternate, so that a flood in one does not block the other.
 */
export type Line = 'recognized' | 'others';

/** Hashes that may wait for each one that runs; at cost 12 the last of all waits for some 7 s. */
const WAITING_PER_SLOT: Readonly<Record<Line, number>> = { recognized: 16, others: 16 };

/** The times of a queue, in ms. */
export interface HashTimes {
  /** Maximum time in the queue. */
  readonly wait: number;
  /** Maximum time of a hash. The hash cannot be cancelled and keeps its slot. */
  readonly run: number;
}

const TIMES: HashTimes = { wait: 10_000, run: 10_000 };

/** Weight of the newest duration in the moving average. */
const SMOOTHING = 0.2;

interface Waiter {
  readonly since: number;
  readonly start: () => void;
}

/**
 * Runs a few tasks at a time, queues a bounded number, and rejects the rest at once: when there are more
 * sign-ins than can be hashed, some get a 503 with `Retry-After` instead of all waiting.
 */
export class HashQueue {
  private readonly lines: Readonly<Record<Line, Waiter[]>> = { recognized: [], others: [] };
  /** When each piece of work that runs was begun. */
  private readonly begun = new Set<{ readonly since: number }>();
  private last: Line = 'others';
  private busy = 0;
  private meanMs = 100;

  constructor(
    readonly slots: number = HASH_SLOTS,
    private readonly places: Readonly<Record<Line, number>> = {
      recognized: slots * WAITING_PER_SLOT.recognized,
      others: slots * WAITING_PER_SLOT.others,
    },
    private readonly times: HashTimes = TIMES,
  ) {}

  /** Number of running tasks, including those that timed out. */
  get running(): number {
    return this.busy;
  }

  /** Number of waiting tasks. */
  get waiting(): number {
    return this.lines.recognized.length + this.lines.others.length;
  }

  /** How long the oldest piece of work has waited for its slot, or has run, in ms; 0 when there is none. */
  get ageMs(): number {
    const heads = [this.lines.recognized[0], this.lines.others[0], ...this.begun];
    const now = performance.now();
    return Math.max(0, ...heads.map((head) => (head ? now - head.since : 0)));
  }

  /** @throws ApiError 503 `unavailable` when this line is full, or with null: when all lines are full */
  assertRoom(line: Line | null): void {
    const isFull = (one: Line): boolean => this.busy >= this.slots && this.lines[one].length >= this.places[one];
    if (line === null ? isFull('recognized') && isFull('others') : isFull(line)) throw this.rejection();
  }

  /**
   * Runs the work when its turn comes.
   * @throws ApiError 503 `unavailable` with `Retry-After`: without running it, when the line is full or does not
   *   move; or while it runs on, when it takes too long
   */
  async run<Result>(line: Line, work: () => Promise<Result>): Promise<Result> {
    await this.enter(line);
    const begun = { since: performance.now() };
    this.begun.add(begun);
    const done = work().finally(() => {
      this.begun.delete(begun);
      this.meanMs += SMOOTHING * (performance.now() - begun.since - this.meanMs);
      this.leave();
    });
    return this.withTimeout(this.times.run, done);
  }

  private async enter(line: Line): Promise<void> {
    if (this.busy < this.slots) {
      this.busy++;
      return;
    }
    this.assertRoom(line);
    let waiter: Waiter | undefined;
    const turn = new Promise<void>((resolve) => {
      waiter = { since: performance.now(), start: resolve };
      this.lines[line].push(waiter);
    });
    try {
      await this.withTimeout(this.times.wait, turn);
    } catch (error) {
      const at = this.lines[line].findIndex((one) => one === waiter);
      if (at >= 0) this.lines[line].splice(at, 1);
      throw error;
    }
  }

  /** The result of the promise, unless it takes longer. @throws ApiError 503 `unavailable` */
  private async withTimeout<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.rejection()), ms);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The slot goes directly to the next waiter, so that no later request can take it. */
  private leave(): void {
    const other: Line = this.last === 'others' ? 'recognized' : 'others';
    const line = this.lines[other].length > 0 ? other : this.last;
    const next = this.lines[line].shift();
    if (!next) {
      this.busy--;
      return;
    }
    this.last = line;
    next.start();
  }

  private rejection(): ApiError {
    const seconds = Math.max(1, Math.ceil((this.meanMs * this.waiting) / this.slots / 1000));
    return apiError('unavailable', 'Too many sign-ins at once; try again in a moment', undefined, {
      headers: { 'Retry-After': String(seconds) },
    });
  }
}
