import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Config, type ThrottleSettings } from '../../config/config.js';
import { RateLimitTally, requestContext, withRequestContext } from '../../context/request-context.js';
import { ApiError, apiError } from '../../json-api/document/errors.js';
import { clientAddress } from '../authentication/client-address.js';
import { AttemptsRepository } from './attempts.repository.js';
import { type Budget, keyOf, ownerOf, type Purpose, type PurposeName, PURPOSES, type Subject } from './purposes.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    attempts?: PurposeName;
  }
}

/** In seconds. */
const RETRY_WHEN_DOWN = '2';

/**
 * The error of a request over its limit, which is also reported in the `RateLimit-*` headers.
 * @param limit points in a window
 * @param endsAt when the window ends, in ms since the epoch
 * @param what is counted, in the plural
 */
export function tooMany(limit: number, endsAt: number, what: 'attempts' | 'writes' = 'attempts'): ApiError {
  requestContext()?.rateLimit?.report({ limit, remaining: 0, endsAt });
  const seconds = Math.max(1, Math.ceil((endsAt - Date.now()) / 1000));
  const headers = { 'Retry-After': String(seconds) };
  return apiError('too_many_requests', `Too many ${what}; try again in ${seconds} seconds`, undefined, { headers });
}

/** The error of a request that cannot be counted, and is therefore rejected. */
export function notCounted(cause: unknown, what: 'Attempts' | 'Writes' = 'Attempts'): ApiError {
  const headers = { 'Retry-After': RETRY_WHEN_DOWN };
  return apiError('unavailable', `${what} cannot be counted right now`, undefined, { cause, headers });
}

/** An attempt on an account's secret, and the client's address. */
export type Attempt = Subject & Required<Pick<Subject, 'address' | 'emailKey'>>;

/**
 * Maximum number of exhausted keys in memory, some 200 bytes each, least recently used first out. Each has the size 1: with
 * `max` the cache would take the arrays for all of them at once, 1.1 MB.
 */
const MAX_EXHAUSTED = 50_000;
/**
 * How long an exhausted key is rejected without a query, in ms: points may have been refunded elsewhere, or an operator
 * has unlocked the e-mail. A flood under one key then costs a statement in so much time, whatever its rate.
 */
const EXHAUSTED_MS = 1_000;

interface Exhausted {
  readonly endsAt: number;
  readonly askAgainAt: number;
}

/**
 * Limits, counted in PostgreSQL before anything is checked and shared by all instances (see `PURPOSES`). A key that is
 * used up is remembered here, so that rejecting costs no statement. When counting fails, requests are rejected.
 */
@Injectable()
export class RateLimiter implements OnApplicationBootstrap {
  private readonly settings: ThrottleSettings;
  private assertRoom: (subject: Subject) => void = () => undefined;
  private readonly exhausted = new LRUCache<string, Exhausted>({ maxSize: MAX_EXHAUSTED, sizeCalculation: () => 1 });

  constructor(
    @Inject(Config) config: Pick<Config, 'throttle'>,
    private readonly counter: AttemptsRepository,
  ) {
    this.settings = config.throttle;
    if (this.settings.disabled) {
      new Logger(RateLimiter.name).warn('THROTTLE_DISABLED: passwords and tokens may be guessed without limit');
    }
  }

  /**
   * Rejects requests that cannot be queued before they are counted: a flood then costs no statements and no points.
   * @param check called for purposes that hash, with what is known so far; throws 503 when there is no room
   */
  rejectWithoutRoom(check: (subject: Subject) => void): void {
    this.assertRoom = check;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.settings.disabled) await this.counter.connect();
  }

  /**
   * Counts an attempt by address; `@RateLimit()` calls it for routes, pages call it themselves.
   * @throws ApiError `too_many_requests` with `Retry-After`, or `unavailable` when it cannot be counted
   */
  async address(kind: PurposeName, address: string): Promise<void> {
    await this.countAll(kind, PURPOSES[kind].onArrival, { address });
  }

  /** Counts an attempt on an e-mail; call it before looking anything up. @throws as {@link count} */
  async email(kind: PurposeName, attempt: Attempt): Promise<void> {
    await this.count(kind, attempt);
  }

  /**
   * Counts against the budgets of a purpose that its subject names; call it before looking anything up.
   * @throws ApiError `too_many_requests` with `Retry-After`, or `unavailable` when it cannot be counted
   */
  async count(kind: PurposeName, subject: Subject): Promise<void> {
    await this.countAll(kind, PURPOSES[kind].onSubject, subject);
  }

  /**
   * Counts as {@link count} does, for effects that are skipped over the limit: the request does not fail and its response
   * does not report the limit.
   * @returns whether the subject is within its budgets
   * @throws ApiError `unavailable` when it cannot be counted
   */
  async isAllowed(kind: PurposeName, subject: Subject): Promise<boolean> {
    try {
      await withRequestContext({ ...requestContext(), rateLimit: new RateLimitTally() }, () =>
        this.count(kind, subject),
      );
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 429) return false;
      throw error;
    }
  }

  /**
   * Forgets the failures of one e-mail from one address, after it signed in. What is counted over all its addresses, or
   * for the address as a whole, stays.
   * @throws ApiError `unavailable`
   */
  async succeeded(kind: PurposeName, subject: Attempt): Promise<void> {
    if (this.settings.disabled) return;
    const budgets: readonly Budget[] = PURPOSES[kind].onSubject;
    try {
      for (const budget of budgets) {
        const key = budget.untilSuccess && keyOf(kind, budget, subject);
        if (!key) continue;
        await this.counter.forget(key);
        this.exhausted.delete(key);
      }
    } catch (cause) {
      throw notCounted(cause);
    }
  }

  /**
   * Forgets all attempts at an e-mail, from whatever address. Other instances know within `EXHAUSTED_MS`.
   * @returns how many counts there were
   * @throws the driver's error
   */
  async unlock(emailKey: string): Promise<number> {
    this.forgetExhausted();
    return this.counter.forgetAll(ownerOf(emailKey));
  }

  /** Forgets which keys are exhausted, so that the next attempt under each is counted by PostgreSQL. */
  forgetExhausted(): void {
    this.exhausted.clear();
  }

  /** Refunds the points that {@link count} took for this subject. When that fails they stay counted. */
  async refund(kind: PurposeName, subject: Subject): Promise<void> {
    if (this.settings.disabled) return;
    const { windowSeconds, onSubject }: Purpose = PURPOSES[kind];
    for (const budget of onSubject) {
      const key = keyOf(kind, budget, subject);
      if (key === null) continue;
      requestContext()?.rateLimit?.refunded(key);
      this.exhausted.delete(key);
      await this.counter.refund(key, 1, windowSeconds(this.settings)).catch(() => undefined);
    }
  }

  /** Refunds the points of an attempt that was not evaluated. When that fails they stay counted. */
  async refundRequest(tally: RateLimitTally): Promise<void> {
    for (const { key, windowSeconds } of tally.unspent()) {
      this.exhausted.delete(key);
      await this.counter.refund(key, 1, windowSeconds).catch(() => undefined);
    }
  }

  private async countAll(kind: PurposeName, budgets: readonly Budget[], subject: Subject): Promise<void> {
    const purpose: Purpose = PURPOSES[kind];
    if (this.settings.disabled) return;
    const windowSeconds = purpose.windowSeconds(this.settings);
    const keys = budgets.map((budget) => ({ budget, key: keyOf(kind, budget, subject) }));
    // What is known to be used up ends it before anything is counted; then each budget in turn.
    for (const { budget, key } of keys) if (key) this.assertNotExhausted(key, budget);
    if (purpose.hashes) this.assertRoom(subject);
    for (const { budget, key } of keys) if (key) await this.spend(key, budget, windowSeconds);
  }

  private async spend(key: string, budget: Budget, windowSeconds: number): Promise<void> {
    const count = await this.counter.add(key, windowSeconds).catch((cause: unknown) => {
      throw notCounted(cause);
    });
    const limit = budget.points(this.settings);
    if (count.points > limit) {
      this.exhausted.set(key, {
        endsAt: count.endsAt,
        askAgainAt: Math.min(count.endsAt, Date.now() + EXHAUSTED_MS),
      });
      throw tooMany(limit, count.endsAt);
    }
    const tally = requestContext()?.rateLimit;
    tally?.charge({ key, windowSeconds });
    if (!budget.shared) tally?.report({ limit, remaining: limit - count.points, endsAt: count.endsAt });
  }

  private assertNotExhausted(key: string, budget: Budget): void {
    const known = this.exhausted.get(key);
    if (known && known.askAgainAt > Date.now()) throw tooMany(budget.points(this.settings), known.endsAt);
  }
}

/** A route where a secret can be guessed: its requests count against their address before the body is even read. */
export const RateLimit = (kind: PurposeName): MethodDecorator => RouteConfig({ attempts: kind });

/**
 * Counts the requests of {@link RateLimit} routes that are made from here on. In a hook of the HTTP server, since bodies
 * are read before any guard runs, and the contract requires 429 before errors of the body.
 */
export function countRequests(server: FastifyInstance, rateLimiter: RateLimiter): void {
  server.addHook('onRoute', (route) => {
    const attempts = route.config?.attempts;
    if (!attempts) return;
    const count = (request: FastifyRequest): Promise<void> => rateLimiter.address(attempts, clientAddress(request));
    route.onRequest = [...[route.onRequest ?? []].flat(), count];
  });
}

/**
 * What is called when a request is charged, and when its quota changes: adds `RateLimit-*` headers to its response, and
 * refunds attempts that were not evaluated.
 */
export function tallyListener(rateLimiter: RateLimiter): (tally: RateLimitTally, reply: FastifyReply) => void {
  const followed = new WeakSet<RateLimitTally>();
  return (tally, reply) => {
    void reply.headers(tally.headers());
    if (followed.has(tally)) return;
    followed.add(tally);
    reply.raw.once('finish', () => {
      if (reply.statusCode === 503) void rateLimiter.refundRequest(tally);
    });
  };
}
