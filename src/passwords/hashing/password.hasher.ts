import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { compare, hash } from 'bcrypt';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { Config } from '../../config/config.js';
import { requestContext } from '../../context/request-context.js';
import { Readiness } from '../../health/readiness.js';
import { ApiError } from '../../json-api/document/errors.js';
import { Metrics } from '../../metrics/metrics.js';
import { HashQueue, hashWork, type Line } from './hash-queue.js';
import { bcryptInput, canonicalPassword, OWN_PREFIX, readStoredHash, type StoredHash } from './password.schemes.js';

/** The result of verifying a password. */
export interface Verification {
  readonly ok: boolean;
  /** The password is right, and its stored hash should be replaced by `upgrade(password)`. */
  readonly rehash: boolean;
}

/** A well-formed salt and digest that match no password. */
const DUMMY_DIGEST = 'abcdefghijklmnopqrstuuNOBODYNOBODYNOBODYNOBODYNOBODYu';
/** What one round takes before any was measured, in ms. */
const FIRST_MS_PER_ROUND = 0.06;
/** Minimum number of rounds that are measured: shorter hashes measure the scheduler rather than the machine. */
const MIN_MEASURED_ROUNDS = 256;
/** Weight of the newest hash in the moving average. */
const SMOOTHING = 0.05;
/** A failed check takes this multiple of the average time of the most costly hash. */
const MARGIN = 1.5;

/**
 * Makes and checks password hashes, off the event loop and behind a bounded queue. No hash is checked whose work is
 * beyond the budget (`HASH_MAX_COST`), and every failed check takes the same time after its hash began,
 * which the most costly hash of the budget fits into: the time reveals neither whether the account exists nor
 * what is stored. The rest of the time is waited out without a slot.
 */
@Injectable()
export class PasswordHasher {
  /** Read by the metrics, readiness and the limits. */
  readonly queue = new HashQueue();
  private readonly cost: number;
  private readonly maxRounds: number;
  private msPerRound = FIRST_MS_PER_ROUND;

  constructor(@Inject(Config) config: Pick<Config, 'bcryptCost' | 'hashMaxCost'>) {
    this.cost = config.bcryptCost;
    this.maxRounds = hashWork.bcrypt(config.hashMaxCost);
  }

  /**
   * Hashes a password that the policy accepted, in the queue for recognized requests.
   * @throws ApiError 503 `unavailable` when too many wait already.
   * @throws TypeError for text that no policy may accept (NUL, half characters, far too long).
   */
  async hash(password: string): Promise<string> {
    const input = bcryptInput(password);
    return this.queue.run('recognized', async () => `${OWN_PREFIX}${await this.timed(() => hash(input, this.cost))}`);
  }

  /** The hash that takes the place of an outdated one; null when too many wait: the next sign-in does it. */
  async upgrade(password: string): Promise<string | null> {
    try {
      return await this.hash(password);
    } catch (error) {
      if (error instanceof ApiError) return null;
      throw error;
    }
  }

  /**
   * Checks a password against a stored hash. Null and hashes of an unknown scheme match nothing.
   * @param line the queue: `recognized` when the device or session is known
   * @throws ApiError 503 `unavailable` when too many wait already.
   */
  async verify(password: string, stored: string | null, line: Line = 'others'): Promise<Verification> {
    // No hash belongs to such a text, so failing early reveals only what the client itself sent.
    if (canonicalPassword(password) === null) return this.fail(performance.now());
    const known = stored === null ? null : readStoredHash(stored, this.maxRounds);
    const { ok, begun } = await this.queue.run(line, async () => {
      const begun = performance.now();
      // From here on it was an attempt, however it ends.
      requestContext()?.rateLimit?.evaluated();
      return { begun, ok: known ? await known.matches(password) : await this.compareWithDummy() };
    });
    return ok && known ? { ok, rehash: this.isOutdated(known, password) } : this.fail(begun);
  }

  /** True when `verify` can check such a hash within the budget; an import rejects all others. */
  supports(stored: string): boolean {
    return readStoredHash(stored, this.maxRounds) !== null;
  }

  /**
   * Of another scheme, or of another cost than new hashes have. One that does not cover the whole password stays as it
   * is, since a typo in the ignored end would become part of the password.
   */
  private isOutdated(known: StoredHash, password: string): boolean {
    return known.coversAll(password) && (!known.own || known.rounds !== hashWork.bcrypt(this.cost));
  }

  /** What an account without a hash costs. */
  private async compareWithDummy(): Promise<false> {
    const cost = String(this.cost).padStart(2, '0');
    await this.timed(() => compare(OWN_PREFIX, `$2b$${cost}$${DUMMY_DIGEST}`));
    return false;
  }

  /** Waits until a failed check is due. One that took longer, on a machine that is busy, is due at the next multiple. */
  private async fail(begun: number): Promise<Verification> {
    const due = this.maxRounds * this.msPerRound * MARGIN;
    const elapsed = performance.now() - begun;
    await sleep(Math.ceil(elapsed / due) * due - elapsed);
    return { ok: false, rehash: false };
  }

  /** Runs a hash of today's cost, and learns from it what a round takes here and now. */
  private async timed<Result>(work: () => Promise<Result>): Promise<Result> {
    const rounds = hashWork.bcrypt(this.cost);
    const start = performance.now();
    const result = await work();
    const perRound = (performance.now() - start) / rounds;
    if (rounds >= MIN_MEASURED_ROUNDS) this.msPerRound += SMOOTHING * (perRound - this.msPerRound);
    return result;
  }
}

/** Maximum age of the oldest hash, in ms, before readiness reports a degraded state. */
const LATE_MS = 5_000;

/** Reports the state of the hash queue to the rate limiter and to readiness. */
@Injectable()
export class HashQueueSignals implements OnModuleInit {
  constructor(
    private readonly rateLimiter: RateLimiter,
    private readonly readiness: Readiness,
    private readonly hasher: PasswordHasher,
  ) {}

  onModuleInit(): void {
    const { queue } = this.hasher;
    if (queue.slots < availableParallelism()) {
      const start = 'start with `iam start`, or set UV_THREADPOOL_SIZE';
      new Logger('Passwords').warn(`Only ${queue.slots} passwords are hashed at a time: ${start}`);
    }
    this.rateLimiter.rejectWithoutRoom(({ emailKey, knownDevice, actorId }) =>
      queue.assertRoom(emailKey === undefined ? null : knownDevice || actorId ? 'recognized' : 'others'),
    );
    // Only a warning: signed-in clients are served, and the sign-ins would overload the other instances.
    this.readiness.add('hashing', {
      failing: 'degraded',
      check: async () => {
        if (queue.ageMs > LATE_MS)
          throw new Error(`A password hash has been waiting or running for ${Math.round(queue.ageMs)} ms`);
      },
    });
  }
}

/** How busy password hashing is. */
@Injectable()
export class HashQueueMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly hasher: PasswordHasher,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge('iam_hashes_running', 'Password hashes that run now', () => this.hasher.queue.running);
    this.metrics.gauge(
      'iam_hashes_waiting',
      'Password hashes that wait for their turn',
      () => this.hasher.queue.waiting,
    );
    this.metrics.gauge(
      'iam_hashes_age_seconds',
      'How long the oldest password hash has waited or run',
      () => this.hasher.queue.ageMs / 1000,
    );
  }
}
