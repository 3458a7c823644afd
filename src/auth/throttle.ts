import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { refuse, type JsonApiException } from '../json-api/errors.js';
import { addressBlockOf } from './client-address.js';

/** What is attempted. Each kind is counted by itself. */
export type AttemptKind = 'sign-in' | 'request_reset' | 'reset' | 'join' | 'token_valid' | 'change';

/** Whose secret is attempted, and by whom. */
export interface Attempt {
  /** As `clientAddress` gives it. */
  readonly address: string;
  /** The e-mail's unique key: case and look-alikes folded. */
  readonly emailKey: string;
  /** What `KnownDevice.recognize` gave. */
  readonly knownDevice?: string | null;
}

const TABLE = 'attempts';
/** In seconds. */
const RETRY_WHEN_DOWN = '2';

/**
 * Limits on guessing, counted in PostgreSQL before anything is checked and shared by all instances: each count is one
 * atomic upsert, so requests that arrive at once cannot slip through together. When the count fails, nobody passes.
 */
@Injectable()
export class Throttle {
  readonly #disabled: boolean;
  readonly #perAddress: RateLimiterPostgres;
  readonly #perEmailAndAddress: RateLimiterPostgres;
  readonly #perEmail: RateLimiterPostgres;

  constructor(@Inject(Config) config: Pick<Config, 'throttle'>, database: DataSource) {
    const { windowSeconds, perAddress, perEmailAndAddress, perEmail, disabled } = config.throttle;
    this.#disabled = disabled;
    if (disabled)
      new Logger(Throttle.name).warn('THROTTLE_DISABLED: passwords and tokens may be guessed without limit');
    const limiter = (points: number): RateLimiterPostgres =>
      new RateLimiterPostgres({
        storeClient: database,
        storeType: 'typeorm',
        tableName: TABLE,
        tableCreated: true,
        keyPrefix: '',
        points,
        duration: windowSeconds,
        // AuthSweeps deletes old rows, once for all instances.
        clearExpiredByTimeout: false,
      });
    this.#perAddress = limiter(perAddress);
    this.#perEmailAndAddress = limiter(perEmailAndAddress);
    this.#perEmail = limiter(perEmail);
  }

  /**
   * Counts an attempt of an address, whatever it names; routes say `@Attempts()` for it, pages call it.
   * @throws JsonApiException `too_many_requests` with `Retry-After`, or `unavailable` when it cannot be counted
   */
  async address(kind: AttemptKind, address: string): Promise<void> {
    if (this.#disabled) return;
    await count(this.#perAddress, keyOf(kind, 'address', addressBlockOf(address)));
  }

  /**
   * Counts an attempt on an e-mail; call it before looking anything up. A refusal stops the counting, and the e-mail
   * over all addresses comes last: one address, however often it tries, uses up little of what an e-mail has in all.
   * @throws JsonApiException `too_many_requests` with `Retry-After`, or `unavailable` when it cannot be counted
   */
  async email(kind: AttemptKind, { address, emailKey, knownDevice }: Attempt): Promise<void> {
    if (this.#disabled) return;
    await count(this.#perEmailAndAddress, keyOf(kind, 'email and address', emailKey, addressBlockOf(address)));
    // A known device is exempt from the count that strangers can use up, but gets one of its own: a stolen cookie is no
    // licence to guess from everywhere.
    const device = knownDevice ? ['device', knownDevice] : ['any device'];
    await count(this.#perEmail, keyOf(kind, 'email', emailKey, ...device));
  }

  /**
   * Forgets the failures of one e-mail from one address, after it signed in. What is counted over all its addresses, or
   * for the address as a whole, stays: somebody else's success there proves nothing.
   * @throws JsonApiException `unavailable`
   */
  async succeeded(kind: AttemptKind, { address, emailKey }: Attempt): Promise<void> {
    if (this.#disabled) return;
    try {
      await this.#perEmailAndAddress.delete(keyOf(kind, 'email and address', emailKey, addressBlockOf(address)));
    } catch (cause) {
      throw unavailable(cause);
    }
  }
}

async function count(limiter: RateLimiterPostgres, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (error) {
    // The library rejects with a result when the limit is reached and with an Error when it could not count.
    if (!(error instanceof RateLimiterRes)) throw unavailable(error);
    const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
    const headers = { 'Retry-After': String(seconds) };
    throw refuse('too_many_requests', `Too many attempts; try again in ${seconds} seconds`, undefined, { headers });
  }
}

/** No e-mail or address stands in the table in clear, and every key has one length. */
function keyOf(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function unavailable(cause: unknown): JsonApiException {
  const headers = { 'Retry-After': RETRY_WHEN_DOWN };
  return refuse('unavailable', 'Attempts cannot be counted right now', undefined, { cause, headers });
}
