import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AttemptsRepository, CountingConnections } from '../../src/auth/rate-limit/attempts.repository.js';
import type { PurposeName } from '../../src/auth/rate-limit/purposes.js';
import { type Attempt, RateLimiter } from '../../src/auth/rate-limit/rate-limiter.js';
import type { ThrottleSettings } from '../../src/config/config.js';
import { RateLimitTally, withRequestContext } from '../../src/context/request-context.js';
import { ApiError } from '../../src/json-api/document/errors.js';
import { THROTTLE_DEFAULTS } from '../config/throttle-defaults.js';
import { openAuthDatabase, type AuthDatabase } from './auth-database.js';

const ANN = 'ann@example.com';
const BOB = 'bob@example.com';
const HERE = '203.0.113.9';

let database: AuthDatabase;
let connections: CountingConnections;
let rateLimiter: RateLimiter;

beforeAll(async () => {
  database = await openAuthDatabase(10);
  connections = new CountingConnections(database.dataSource);
});

afterAll(async () => {
  await connections.onApplicationShutdown();
  await database.drop();
});

beforeEach(async () => {
  await database.query('TRUNCATE attempts');
  // What it remembers would outlive the table.
  rateLimiter = anInstance();
});

afterEach(() => {
  jest.restoreAllMocks();
});

const anInstance = (limits: Partial<ThrottleSettings> = {}): RateLimiter =>
  new RateLimiter({ throttle: { ...THROTTLE_DEFAULTS, ...limits } }, new AttemptsRepository(connections));

/** An attempt that may name no e-mail, as one with a token does not. */
type Guess = Pick<Attempt, 'address'> & Partial<Attempt>;

async function guess(by: RateLimiter, kind: PurposeName, { emailKey, ...who }: Guess): Promise<void> {
  await by.address(kind, who.address);
  if (emailKey !== undefined) await by.email(kind, { ...who, emailKey });
}

const passes = (attempt: Guess, kind: PurposeName = 'sign-in', by = rateLimiter): Promise<boolean> =>
  guess(by, kind, attempt).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ApiError && error.status === 429) return false;
      throw error;
    },
  );

/** How many of the attempts pass, one after the other. */
async function passing(attempts: Guess[], kind: PurposeName = 'sign-in'): Promise<number> {
  let count = 0;
  for (const attempt of attempts) if (await passes(attempt, kind)) count++;
  return count;
}

const times = (count: number, make: (index: number) => Guess): Guess[] =>
  Array.from({ length: count }, (_, i) => make(i));
const from = (index: number): string => `198.51.${index >> 8}.${index & 255}`;

async function rejection(attempt: Guess, by = rateLimiter): Promise<ApiError> {
  const error: unknown = await guess(by, 'sign-in', attempt).catch((thrown: unknown) => thrown);
  if (error instanceof ApiError) return error;
  throw new Error('The attempt was not rejected');
}

describe('attempts', () => {
  it('for one e-mail from one address pass 5 times, however many come at once', async () => {
    const attempts = times(200, () => ({ address: HERE, emailKey: ANN }));
    // Two instances of the service share one count.
    const other = anInstance();
    const results = await Promise.all(
      attempts.map((attempt, i) => passes(attempt, 'sign-in', i % 2 ? rateLimiter : other)),
    );
    expect(results.filter(Boolean)).toHaveLength(5);
  });

  it('from one address pass 100 times, whatever e-mails they name', async () => {
    expect(await passing(times(120, (i) => ({ address: HERE, emailKey: `${i}@example.com` })))).toBe(100);
  });

  it('without an e-mail pass 100 times from one address', async () => {
    expect(
      await passing(
        times(120, () => ({ address: HERE })),
        'join',
      ),
    ).toBe(100);
  });

  it('from one /64 of IPv6 count as one address', async () => {
    const attempts = times(20, (i) => ({ address: `2001:db8:1:2:${i.toString(16)}::1`, emailKey: ANN }));
    expect(await passing(attempts)).toBe(5);
    expect(await passes({ address: '2001:db8:1:3::1', emailKey: ANN })).toBe(true);
  });

  it('for one e-mail pass 50 times over all addresses', async () => {
    expect(await passing(times(60, (i) => ({ address: from(i), emailKey: ANN })))).toBe(50);
    expect(await passes({ address: from(100), emailKey: BOB })).toBe(true);
  });

  it('of strangers do not shut out a device that signed in before', async () => {
    await passing(times(60, (i) => ({ address: from(i), emailKey: ANN })));
    expect(await passes({ address: from(100), emailKey: ANN })).toBe(false);
    expect(await passes({ address: from(101), emailKey: ANN, knownDevice: true })).toBe(true);
  });

  it('of all devices that a person signed in on share one budget', async () => {
    const known = times(60, (i) => ({ address: from(i), emailKey: ANN, knownDevice: true }));
    expect(await passing(known)).toBe(50);
    expect(await passes({ address: from(70), emailKey: ANN })).toBe(true);
  });

  it('from one /48 of IPv6 pass four times as often as from one of its /64', async () => {
    const attempts = times(30, (i) => ({ address: `2001:db8:1:${i.toString(16)}::1`, emailKey: ANN }));
    expect(await passing(attempts)).toBe(20);
    expect(await passes({ address: '2001:db8:2::1', emailKey: ANN })).toBe(true);
    const sprayed = times(500, (i) => ({ address: `2001:db8:3:${i.toString(16)}::1`, emailKey: `${i}@example.com` }));
    expect(await passing(sprayed)).toBe(400);
  });

  it('from one address use up only 5 of the 50', async () => {
    await passing(times(60, () => ({ address: HERE, emailKey: ANN })));
    expect(await passing(times(60, (i) => ({ address: from(i), emailKey: ANN })))).toBe(45);
  });

  it('of one kind do not count as another', async () => {
    await passing(times(10, () => ({ address: HERE, emailKey: ANN })));
    expect(await passes({ address: HERE, emailKey: ANN }, 'request_reset')).toBe(true);
    await passing(
      times(101, () => ({ address: HERE })),
      'token_valid',
    );
    expect(await passes({ address: HERE }, 'join')).toBe(true);
  });

  it('are forgotten for this e-mail and address after a success, and only there', async () => {
    await passing(times(5, () => ({ address: HERE, emailKey: ANN })));
    await passing(times(5, () => ({ address: HERE, emailKey: BOB })));
    await rateLimiter.succeeded('sign-in', { address: HERE, emailKey: ANN });
    expect(await passes({ address: HERE, emailKey: ANN })).toBe(true);
    expect(await passes({ address: HERE, emailKey: BOB })).toBe(false);
    const rows = await database.query<{ points: number }>('SELECT points FROM attempts ORDER BY points');
    // Ann here again once, Ann overall, Bob overall, Bob here, and the address.
    expect(rows.map(({ points }) => points)).toEqual([1, 5, 6, 6, 12]);
  });

  it('pass again when the window is over', async () => {
    const now = Date.now();
    await passing(times(6, () => ({ address: HERE, emailKey: ANN })));
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 890_000);
    expect(await passes({ address: HERE, emailKey: ANN })).toBe(false);
    clock.mockReturnValue(now + 960_000);
    expect(await passes({ address: HERE, emailKey: ANN })).toBe(true);
  });

  it('leave neither e-mail nor address in the table', async () => {
    await passing(times(2, () => ({ address: HERE, emailKey: ANN })));
    const rows = await database.query<{ key: string }>('SELECT key FROM attempts');
    expect(rows).toHaveLength(3);
    for (const { key } of rows) expect(key).toMatch(/^[\w-]{43}(?:\.[\w-]{43})?$/);
  });
});

describe('a rejection', () => {
  it('says when to come back', async () => {
    await passing(times(5, () => ({ address: HERE, emailKey: ANN })));
    const { errors, headers } = await rejection({ address: HERE, emailKey: ANN });
    expect(errors[0].code).toBe('too_many_requests');
    expect(Number(headers['Retry-After'])).toBeGreaterThan(880);
    expect(Number(headers['Retry-After'])).toBeLessThanOrEqual(900);
  });

  it('is the answer when nothing can be counted', async () => {
    const gone = new DataSource({ type: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' });
    const { status, headers } = await rejection(
      { address: HERE },
      new RateLimiter({ throttle: THROTTLE_DEFAULTS }, new AttemptsRepository(new CountingConnections(gone))),
    );
    expect(status).toBe(503);
    expect(headers).toHaveProperty('Retry-After');
  });
});

describe('a rate limiter that is switched off', () => {
  it('says so once and lets everything pass', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const off = anInstance({ disabled: true });
    for (const attempt of times(20, () => ({ address: HERE, emailKey: ANN }))) {
      expect(await passes(attempt, 'sign-in', off)).toBe(true);
    }
    await off.succeeded('sign-in', { address: HERE, emailKey: ANN });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await database.query('SELECT key FROM attempts')).toEqual([]);
  });
});

describe('an attempt over the limit', () => {
  const statements = (): jest.SpiedFunction<CountingConnections['query']> => jest.spyOn(connections, 'query');

  it('costs no statement once the limit is known to be reached', async () => {
    await passing(times(6, () => ({ address: HERE, emailKey: ANN })));
    const sent = statements();
    expect(
      await passing(
        times(500, () => ({ address: HERE, emailKey: ANN })),
        'sign-in',
      ),
    ).toBe(0);
    // The address still counts; the e-mail is not asked for.
    expect(sent.mock.calls.length).toBeLessThanOrEqual(100);
    sent.mockClear();
    expect(await passing(times(500, () => ({ address: HERE, emailKey: ANN })))).toBe(0);
    expect(sent).not.toHaveBeenCalled();
  });

  it('shares a statement with those that come while one is under way', async () => {
    const sent = statements();
    const results = await Promise.all(times(1000, () => ({ address: HERE })).map((attempt) => passes(attempt)));
    expect(results.filter(Boolean)).toHaveLength(100);
    expect(sent.mock.calls.length).toBeLessThanOrEqual(3);
  });

  it('is asked for again after a second: points may have been given back by another instance', async () => {
    await passing(times(101, () => ({ address: HERE })));
    await database.query('TRUNCATE attempts');
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 500);
    expect(await passes({ address: HERE })).toBe(false);
    clock.mockReturnValue(now + 1_500);
    expect(await passes({ address: HERE })).toBe(true);
  });

  it('is counted while the requests have taken every connection of their pool', async () => {
    const runners = times(10, () => ({ address: HERE })).map(() => database.dataSource.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    expect(await passing(times(101, () => ({ address: HERE })))).toBe(100);
    await Promise.all(runners.map((runner) => runner.release()));
  });
});

describe('the answer to an attempt', () => {
  const tallied = async (attempt: Guess): Promise<RateLimitTally> => {
    const rateLimit = new RateLimitTally();
    await withRequestContext({ rateLimit }, () => passes(attempt));
    return rateLimit;
  };

  it('says what is left of the budget that ends first, and when it is full again', async () => {
    const headers = (await tallied({ address: HERE, emailKey: ANN })).headers();
    expect(headers).toEqual({ 'RateLimit-Limit': '5', 'RateLimit-Remaining': '4', 'RateLimit-Reset': '900' });
    await passing(times(5, () => ({ address: HERE, emailKey: ANN })));
    expect((await tallied({ address: HERE, emailKey: ANN })).headers()).toMatchObject({ 'RateLimit-Remaining': '0' });
  });

  it('does not say how often others try the same e-mail', async () => {
    await passing(times(47, (i) => ({ address: from(i), emailKey: ANN })));
    expect((await tallied({ address: HERE, emailKey: ANN })).headers()).toMatchObject({ 'RateLimit-Remaining': '4' });
  });

  it('gives the points back when it was not evaluated, once', async () => {
    const tally = await tallied({ address: HERE, emailKey: ANN });
    await rateLimiter.refundRequest(tally);
    await rateLimiter.refundRequest(tally);
    expect(await database.query('SELECT DISTINCT points FROM attempts')).toEqual([{ points: 0 }]);
  });

  it('keeps the points of one that was evaluated', async () => {
    const tally = await tallied({ address: HERE, emailKey: ANN });
    tally.evaluated();
    await rateLimiter.refundRequest(tally);
    expect(await database.query('SELECT DISTINCT points FROM attempts')).toEqual([{ points: 1 }]);
  });
});
