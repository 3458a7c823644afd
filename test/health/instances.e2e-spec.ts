import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../support/app.js';
import { document, send, type ApiResponse } from '../support/client.js';
import { account, admin, signedIn } from '../support/factories.js';
import { eventually } from '../outbox/outbox-fixture.js';

/** Attempts to sign in that an address has. */
const ATTEMPTS = 10;

describe('Three instances on one PostgreSQL', () => {
  let instances: TestApp[];
  let first: TestApp;

  beforeAll(async () => {
    const env = {
      THROTTLE_DISABLED: 'false',
      THROTTLE_PER_ADDRESS: String(ATTEMPTS),
      THROTTLE_PER_EMAIL_AND_ADDRESS: '100',
      THROTTLE_PER_EMAIL: '100',
      TRUSTED_PROXIES: '127.0.0.1',
    };
    first = await startApp({ env });
    instances = [first, await startApp({ env, beside: first }), await startApp({ env, beside: first })];
  });
  afterAll(async () => {
    for (const instance of instances.reverse()) await instance.stop();
  });

  /** The same request to all of them at once. */
  const all = (method: string, path: string, options: Parameters<typeof send>[3]): Promise<ApiResponse[]> =>
    Promise.all(instances.map((instance) => send(instance, method, path, options)));
  const statuses = (responses: readonly ApiResponse[]): number[] => responses.map(({ status }) => status).sort();
  const from = (ip: string) => ({ 'x-forwarded-for': ip });

  it('take the tokens of each other, and none of a session that ended on one of them a second ago', async () => {
    const { token } = await signedIn(first);
    expect(statuses(await all('GET', '/auth/me', { token }))).toEqual([200, 200, 200]);
    expect((await send(first, 'POST', '/auth/logout', { token })).status).toBe(204);
    await sleep(1_000);
    expect(statuses(await all('GET', '/auth/me', { token }))).toEqual([401, 401, 401]);
  });

  it('advance a session once when its refresh token reaches all of them at once', async () => {
    const { refreshToken } = await signedIn(first);
    const responses = await all('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
    expect(statuses(responses)).toEqual([200, 200, 200]);
    expect(new Set(responses.map(({ body }) => body.meta.refresh_token)).size).toBe(1);
  });

  it('count attempts together', async () => {
    const { email } = await account(first);
    const wrong = { body: { email, password: 'Wrong-horse-7' }, headers: from('198.51.100.7') };
    const responses: ApiResponse[] = [];
    for (let n = 0; n < ATTEMPTS; n++) responses.push(...(await all('POST', '/auth/login', wrong)));
    expect(responses.filter(({ status }) => status !== 429)).toHaveLength(ATTEMPTS);
  });

  it('create one account, and send one mail, for a key that reaches all of them at once', async () => {
    const { token } = await admin(first);
    const email = 'once@example.com';
    const body = document('iam:accounts', { name: 'Once', email });
    const create = () => all('POST', '/accounts', { token, body, headers: { 'idempotency-key': 'one-for-all' } });
    const atOnce = await create();
    // Where the first takes too long, the second reports that it is still running.
    const made = atOnce.filter(({ status }) => status === 200);
    expect(made.length).toBeGreaterThan(0);
    expect(statuses(atOnce.filter((response) => !made.includes(response))).every((status) => status === 409)).toBe(
      true,
    );
    // One after the other: of repeats at the same time, too, one that takes long lets another report it.
    const afterwards: ApiResponse[] = [];
    const headers = { 'idempotency-key': 'one-for-all' };
    for (const instance of instances) {
      afterwards.push(await send(instance, 'POST', '/accounts', { token, body, headers }));
    }
    expect(statuses(afterwards)).toEqual([200, 200, 200]);
    expect(new Set([...made, ...afterwards].map((response) => response.body.data.id)).size).toBe(1);
    const left = () => first.sql('SELECT 1 FROM graphile_worker._private_jobs WHERE run_at <= now()');
    await eventually(async () => (await left()).length === 0);
    expect(first.mails.mails.filter(({ recipients }) => recipients.includes(email))).toHaveLength(1);
  });
});
