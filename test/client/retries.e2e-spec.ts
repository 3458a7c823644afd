import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConnectionError, createClient, RateLimitError, ServerError, TimeoutError } from 'iam-client';
import { startApp, type TestApp } from '../support/app.js';
import { admin } from '../support/factories.js';
import { Network } from './network.js';

const UNAVAILABLE = [{ status: '503', code: 'unavailable', detail: 'The database cannot be reached' }];

describe('The client', () => {
  let app: TestApp;
  let token: string;
  let network: Network;
  let iam: ReturnType<typeof createClient>;

  beforeAll(async () => {
    app = await startApp();
    ({ token } = await admin(app));
  });
  afterAll(() => app.stop());
  beforeEach(() => {
    network = new Network();
    iam = createClient({ url: app.url, token, fetch: network.fetch });
  });

  const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

  it.each([502, 503, 504])('reads again after %i', async (status) => {
    network.answers(status).answers(status);
    expect(await iam.auth.me()).toMatchObject({ role_name: 'admin' });
    expect(network.sent).toHaveLength(3);
  });

  it('reads again when the connection breaks, and gives up after the last retry', async () => {
    network.breaks();
    expect(await iam.auth.me()).toMatchObject({ role_name: 'admin' });
    network.breaks().breaks();
    expect(await caught(iam.auth.me({ retries: 1 }))).toBeInstanceOf(ConnectionError);
    expect(network.sent).toHaveLength(4);
  });

  it('reads again only what may pass', async () => {
    network.answers(500, [{ status: '500', code: 'internal_error', detail: 'A defect' }]);
    expect(await caught(iam.auth.me())).toBeInstanceOf(ServerError);
    await expect(iam.accounts.get('none')).rejects.toMatchObject({ code: 'not_found' });
    expect(network.sent).toHaveLength(2);
  });

  it('creates once when the response of a create is lost, under one key', async () => {
    network.losesResponse();
    const created = await iam.organizations.create({ name: 'Once' });
    const { count } = await iam.organizations.list({ filter: { name: 'Once' }, count: true });
    expect([count, created.name]).toEqual([1, 'Once']);
    const [first, second] = network.sent.map(({ headers }) => headers.get('idempotency-key'));
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toBe(first);
  });

  it('takes a key of the client, so that a second press of a button creates nothing', async () => {
    const options = { idempotencyKey: 'invitation-of-jane' };
    const first = await iam.organizations.create({ name: 'Pressed' }, options);
    expect((await iam.organizations.create({ name: 'Pressed' }, options)).id).toBe(first.id);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['an update', () => iam.organizations.update('some', { name: 'New' })],
    ['a deletion', () => iam.organizations.delete('some')],
    ['an action', () => iam.accounts.resendInvitation('some')],
    ['a sign-in', () => iam.auth.login({ email: 'a@example.com', password: 'Some-password-1' })],
  ])('sends %s once, since it may have been done', async (_, send) => {
    network.answers(503, UNAVAILABLE);
    expect(await caught(send())).toBeInstanceOf(ServerError);
    network.losesResponse();
    expect(await caught(send())).toBeInstanceOf(ConnectionError);
    expect(network.sent).toHaveLength(2);
  });

  it('waits as long as Retry-After says, with any operation that a limit rejected', async () => {
    network.answers(429, [{ status: '429', code: 'too_many_requests', detail: 'Later' }], { 'retry-after': '1' });
    const started = performance.now();
    await caught(iam.account.requestPasswordReset({ email: 'none@example.com' }));
    expect(network.sent).toHaveLength(2);
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  it('does not wait longer than maxWait, and says how long', async () => {
    network.answers(429, [{ status: '429', code: 'too_many_requests', detail: 'Later' }], { 'retry-after': '900' });
    const error = await caught(iam.auth.me());
    expect(error).toBeInstanceOf(RateLimitError);
    expect((error as RateLimitError).retryAfter).toBe(900);
    expect(network.sent).toHaveLength(1);
  });

  it('ends by an AbortSignal, also while it waits', async () => {
    const controller = new AbortController();
    network.answers(503, UNAVAILABLE, { 'retry-after': '9' });
    const call = caught(iam.auth.me({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    expect(await call).toMatchObject({ name: 'AbortError' });
    expect(await caught(iam.auth.me({ signal: controller.signal }))).toMatchObject({ name: 'AbortError' });
  });

  it('gives up an attempt that takes longer than its time-out', async () => {
    const silent: typeof fetch = (_input, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
      });
    const waiting = createClient({ url: app.url, fetch: silent, timeout: 20, retries: 1 });
    expect(await caught(waiting.auth.me())).toBeInstanceOf(TimeoutError);
  });
});
