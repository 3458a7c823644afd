import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CountingConnections } from '../../src/auth/rate-limit/attempts.repository.js';
import { cookieHeader } from '../sign-in/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, MEDIA_TYPE, send, type ApiResponse } from '../support/client.js';
import { signedIn, type SignedIn } from '../support/factories.js';
import { head, open } from '../transport/sockets.js';

const LIMIT = 60;
/** Writes that an instance counts by itself before it counts them in PostgreSQL. */
const BATCH = 3;
const env = { THROTTLE_DISABLED: 'false', THROTTLE_WRITES_PER_ACTOR: String(LIMIT), THROTTLE_PER_ADDRESS: '1000' };

let app: TestApp;
let other: TestApp;
let jane: SignedIn;

beforeAll(async () => {
  app = await startApp({ env });
  other = await startApp({ env, beside: app });
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});
beforeEach(async () => {
  jane = await signedIn(app);
  // A test is about one minute of the clock.
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 15_000) await sleep(left);
});
afterEach(() => void jest.restoreAllMocks());

/** A write of an account: the end of an unknown session. */
const write = (at = app, { token } = jane): Promise<ApiResponse> =>
  send(at, 'DELETE', `/account_sessions/${randomUUID()}`, { token });

async function writes(count: number, at = app): Promise<number[]> {
  const responses: number[] = [];
  for (let n = 0; n < count; n++) responses.push((await write(at)).status);
  return responses;
}

const statements = (): { readonly count: number } => {
  const spies = [app, other].map(({ nest }) => jest.spyOn(nest.get(CountingConnections, { strict: false }), 'query'));
  return {
    get count() {
      return spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    },
  };
};

describe('The writes of an account', () => {
  it('pass up to the limit of a minute, and are rejected with 429 beyond it', async () => {
    expect(await writes(LIMIT + 3)).toEqual([...Array(LIMIT).fill(404), 429, 429, 429]);
    const response = await write();
    expect(errorsOf(response)).toEqual(['429 too_many_requests']);
    const seconds = Number(response.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  it('use up nothing of another account, and reading goes on', async () => {
    await writes(LIMIT + 1);
    const bob = await signedIn(app);
    expect((await write(app, bob)).status).toBe(404);
    expect((await jane.get(`/accounts/${jane.account.id}`)).status).toBe(200);
    expect((await send(app, 'HEAD', `/accounts/${jane.account.id}`, { token: jane.token })).status).toBe(200);
    expect((await jane.post('/auth/logout')).status).toBe(204);
  });

  it('say what is left of the minute, unless another limit has less left', async () => {
    const { headers } = await write();
    expect(headers.get('ratelimit-limit')).toBe(String(LIMIT));
    expect(headers.get('ratelimit-remaining')).toBe(String(LIMIT - 1));
    expect(Number(headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
    await writes(LIMIT);
    const rejected = await write();
    expect(rejected.headers.get('ratelimit-remaining')).toBe('0');
    expect((await jane.get('/auth/me')).headers.get('ratelimit-limit')).toBeNull();
    const ann = await signedIn(app);
    // Of 5 attempts for one e-mail from one address.
    const body = { current_password: 'Wrong-horse-7', new_password: 'Another-horse-9' };
    const change = await ann.post('/account/passwords/change', body);
    expect(change.headers.get('ratelimit-limit')).toBe('5');
  });

  it('are counted over all instances', async () => {
    expect(await writes(LIMIT / 2, other)).toEqual(Array(LIMIT / 2).fill(404));
    const here = (await writes(LIMIT)).filter((status) => status === 404).length;
    expect(here).toBe(LIMIT / 2);
  });

  it('that come at once on two instances exceed the limit by less than a batch', async () => {
    const responses = await Promise.all(Array.from({ length: 4 * LIMIT }, (_, n) => write(n % 2 ? app : other)));
    const count = (wanted: number): number => responses.filter(({ status }) => status === wanted).length;
    expect(count(404)).toBeLessThan(LIMIT + BATCH);
    // On a busy machine the database may let some wait too long that were let through.
    expect(count(404) + count(503)).toBeGreaterThanOrEqual(LIMIT);
    expect(count(404) + count(503) + count(429)).toBe(responses.length);
  });

  it('cost no statement of their own, and none once they are rejected', async () => {
    const sent = statements();
    await writes(BATCH - 1);
    expect(sent.count).toBe(0);
    await writes(LIMIT - BATCH + 1);
    expect(sent.count).toBe(LIMIT / BATCH);
    await writes(20);
    expect(sent.count).toBe(LIMIT / BATCH);
  });

  it('are not let through while a full batch cannot be counted, and pass again afterwards', async () => {
    const connections = app.nest.get(CountingConnections, { strict: false });
    const spy = jest.spyOn(connections, 'query').mockRejectedValue(new Error('connection refused'));
    expect(await writes(BATCH + 1)).toEqual([...Array(BATCH - 1).fill(404), 503, 503]);
    expect((await write()).headers.get('retry-after')).toBe('2');
    spy.mockRestore();
    expect(await writes(LIMIT - BATCH + 2)).toEqual([...Array(LIMIT - BATCH + 1).fill(404), 429]);
  });

  it('are rejected before their body is read', async () => {
    await writes(LIMIT);
    const connection = await open(app);
    const headers = {
      'content-type': MEDIA_TYPE,
      'content-length': 1024 * 1024,
      authorization: `Bearer ${jane.token}`,
    };
    connection.write(head(`PATCH /accounts/${jane.account.id}`, headers));
    expect(await connection.responses()).toEqual([429]);
    connection.close();
  });

  it('are no more when another site sends requests with their cookies', async () => {
    const cookie = cookieHeader({ 'auth-token': jane.token });
    const forged = { cookie, origin: 'https://evil.example', 'content-type': MEDIA_TYPE };
    for (let n = 0; n < LIMIT + 1; n++) {
      expect((await send(app, 'DELETE', `/account_sessions/${randomUUID()}`, { headers: forged })).status).toBe(403);
    }
    expect((await write()).status).toBe(404);
  });
});
