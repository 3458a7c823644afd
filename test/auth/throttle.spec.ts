import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Throttle, type Attempt, type AttemptKind } from '../../src/auth/throttle.js';
import { JsonApiException } from '../../src/json-api/errors.js';
import { openAuthDatabase, type AuthDatabase } from './auth-database.js';

const LIMITS = { windowSeconds: 900, perEmailAndAddress: 5, perAddress: 100, perEmail: 50, disabled: false };
const ANN = 'ann@example.com';
const BOB = 'bob@example.com';
const HERE = '203.0.113.9';

let database: AuthDatabase;
let throttle: Throttle;

beforeAll(async () => {
  database = await openAuthDatabase(10);
  throttle = new Throttle({ throttle: LIMITS }, database.dataSource);
});

afterAll(async () => {
  await database.drop();
});

beforeEach(async () => {
  await database.query('TRUNCATE attempts');
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** An attempt that may name no e-mail, as one with a token does not. */
type Guess = Pick<Attempt, 'address'> & Partial<Attempt>;

async function guess(by: Throttle, kind: AttemptKind, { emailKey, ...who }: Guess): Promise<void> {
  await by.address(kind, who.address);
  if (emailKey !== undefined) await by.email(kind, { ...who, emailKey });
}

const passes = (attempt: Guess, kind: AttemptKind = 'sign-in', by = throttle): Promise<boolean> =>
  guess(by, kind, attempt).then(
    () => true,
    (error: unknown) => {
      if (error instanceof JsonApiException && error.status === 429) return false;
      throw error;
    },
  );

/** How many of the attempts pass, one after the other. */
async function passing(attempts: Guess[], kind: AttemptKind = 'sign-in'): Promise<number> {
  let count = 0;
  for (const attempt of attempts) if (await passes(attempt, kind)) count++;
  return count;
}

const times = (count: number, make: (index: number) => Guess): Guess[] =>
  Array.from({ length: count }, (_, i) => make(i));
const from = (index: number): string => `198.51.${index >> 8}.${index & 255}`;

async function refusal(attempt: Guess, by = throttle): Promise<JsonApiException> {
  const error: unknown = await guess(by, 'sign-in', attempt).catch((thrown: unknown) => thrown);
  if (error instanceof JsonApiException) return error;
  throw new Error('The attempt was not refused');
}

describe('attempts', () => {
  it('for one e-mail from one address pass 5 times, however many come at once', async () => {
    const attempts = times(200, () => ({ address: HERE, emailKey: ANN }));
    // Two instances of the service share one count.
    const other = new Throttle({ throttle: LIMITS }, database.dataSource);
    const results = await Promise.all(
      attempts.map((attempt, i) => passes(attempt, 'sign-in', i % 2 ? throttle : other)),
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
    expect(await passes({ address: from(101), emailKey: ANN, knownDevice: 'mine' })).toBe(true);
  });

  it('of one stolen device are limited all the same', async () => {
    expect(await passing(times(60, (i) => ({ address: from(i), emailKey: ANN, knownDevice: 'stolen' })))).toBe(50);
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
    await throttle.succeeded('sign-in', { address: HERE, emailKey: ANN });
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
    for (const { key } of rows) expect(key).toMatch(/^[\w-]{43}$/);
  });
});

describe('a refusal', () => {
  it('says when to come back', async () => {
    await passing(times(5, () => ({ address: HERE, emailKey: ANN })));
    const { faults, headers } = await refusal({ address: HERE, emailKey: ANN });
    expect(faults[0].code).toBe('too_many_requests');
    expect(Number(headers['Retry-After'])).toBeGreaterThan(880);
    expect(Number(headers['Retry-After'])).toBeLessThanOrEqual(900);
  });

  it('is the answer when nothing can be counted', async () => {
    const gone = new DataSource({ type: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' });
    const { status, headers } = await refusal({ address: HERE }, new Throttle({ throttle: LIMITS }, gone));
    expect(status).toBe(503);
    expect(headers).toHaveProperty('Retry-After');
  });
});

describe('a throttle that is switched off', () => {
  it('says so once and lets everything pass', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const off = new Throttle({ throttle: { ...LIMITS, disabled: true } }, database.dataSource);
    for (const attempt of times(20, () => ({ address: HERE, emailKey: ANN }))) {
      expect(await passes(attempt, 'sign-in', off)).toBe(true);
    }
    await off.succeeded('sign-in', { address: HERE, emailKey: ANN });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await database.query('SELECT key FROM attempts')).toEqual([]);
  });
});
