import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Config } from '../../config/config.js';
import { requestContext } from '../../context/request-context.js';
import { AttemptsRepository } from './attempts.repository.js';
import { digest } from './purposes.js';
import { notCounted, tooMany } from './rate-limiter.js';

const WINDOW_MS = 60_000;
/** Batches per limit in which points are sent to PostgreSQL: each further instance may exceed the limit by less than a batch. */
const BATCHES = 20;
/**
 * Maximum number of accounts whose writes of this minute are kept in memory, some 300 bytes each. Each has the size 1: with
 * `max` the cache would take the arrays for all of them at once, 1.1 MB.
 */
const MAX_ACCOUNTS = 50_000;

/** The writes of one account in a window. */
interface Tally {
  /** Of all instances, as last returned by PostgreSQL. */
  shared: number;
  /** Let through here since then. */
  own: number;
  /** The batch that is under way; the next writes wait for it. */
  sending: Promise<void> | null;
}

/**
 * Limits the writes of each account in each minute of the clock, over all instances. They are counted here and sent to
 * PostgreSQL a batch at a time, so that only every 60th write of an account (by the default limit) waits for a statement,
 * and people, who write less often than that in a minute, never do.
 *
 * What is passed on all instances together exceeds the limit by less than a batch, which is a twentieth of it, for each
 * instance beyond the first. One instance alone never exceeds it.
 */
@Injectable()
export class WriteLimit {
  private readonly limit: number;
  private readonly batch: number;
  private readonly isDisabled: boolean;
  private readonly tallies = new LRUCache<string, Tally>({ maxSize: MAX_ACCOUNTS, sizeCalculation: () => 1 });
  /** The minute that is counted, since the epoch. */
  private minute = 0;

  constructor(
    @Inject(Config) { throttle }: Pick<Config, 'throttle'>,
    private readonly counter: AttemptsRepository,
  ) {
    this.limit = throttle.writesPerActor;
    this.batch = Math.max(1, Math.floor(this.limit / BATCHES));
    this.isDisabled = throttle.disabled;
  }

  /**
   * Counts a write of an account; at once, unless a batch is full.
   * @throws ApiError `too_many_requests` with `Retry-After`, or `unavailable` when a full batch cannot be counted
   */
  count(accountId: string): void | Promise<void> {
    if (this.isDisabled) return;
    const tally = this.tallyOf(accountId);
    if (tally.sending) return tally.sending.then(() => this.count(accountId));
    const endsAt = (this.minute + 1) * WINDOW_MS;
    this.assertWithin(tally.shared + tally.own + 1, endsAt);
    tally.own += 1;
    if (tally.own < this.batch) return this.report(tally, endsAt);
    tally.sending = this.send(accountId, tally).finally(() => (tally.sending = null));
    return tally.sending.then(() => {
      this.assertWithin(tally.shared, endsAt);
      this.report(tally, endsAt);
    });
  }

  /** Forgets what was counted in this process and not sent yet. */
  forget(): void {
    this.tallies.clear();
  }

  /** The tally of this minute. Those of the previous minute are dropped. */
  private tallyOf(accountId: string): Tally {
    const minute = Math.floor(Date.now() / WINDOW_MS);
    if (minute !== this.minute) {
      this.minute = minute;
      this.tallies.clear();
    }
    let tally = this.tallies.get(accountId);
    if (!tally) {
      tally = { shared: 0, own: 0, sending: null };
      this.tallies.set(accountId, tally);
    }
    return tally;
  }

  /** A failed batch is sent again by the next write. One whose response was lost may be counted twice. */
  private async send(accountId: string, tally: Tally): Promise<void> {
    const key = digest(JSON.stringify(['writes', accountId, this.minute]));
    try {
      const { points } = await this.counter.add(key, WINDOW_MS / 1000, tally.own);
      tally.shared = points;
      tally.own = 0;
    } catch (cause) {
      tally.own -= 1;
      throw notCounted(cause, 'Writes');
    }
  }

  private assertWithin(points: number, endsAt: number): void {
    if (points > this.limit) throw tooMany(this.limit, endsAt, 'writes');
  }

  private report({ shared, own }: Tally, endsAt: number): void {
    const remaining = Math.max(0, this.limit - shared - own);
    requestContext()?.rateLimit?.report({ limit: this.limit, remaining, endsAt });
  }
}
