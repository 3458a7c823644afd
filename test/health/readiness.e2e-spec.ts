import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventLoop } from '../../src/health/event-loop.js';
import { PendingMigrations } from '../../src/database/pending-migrations.js';
import { OutboxBacklog } from '../../src/outbox/outbox.backlog.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, send, type ApiResponse } from '../support/client.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ready = (app: TestApp): Promise<ApiResponse> => send(app, 'GET', '/health/ready');

describe('Readiness', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  beforeEach(() => void jest.restoreAllMocks());
  afterAll(() => app.stop());

  /** All that a rejection reveals. */
  const rejection = ({ status, body, headers }: ApiResponse) => ({
    status,
    fields: Object.keys(body).sort(),
    details: body.errors.map(({ detail }: { detail: string }) => detail),
    retryAfter: headers.get('retry-after'),
  });
  const notReady = (names: string) => ({
    status: 503,
    fields: ['errors', 'jsonapi'],
    details: [`Not ready: ${names}`],
    retryAfter: '2',
  });

  it('says no more than that everything is well', async () => {
    expect((await ready(app)).body).toEqual({ status: 'ok' });
    expect((await send(app, 'GET', '/health/live')).body).toEqual({ status: 'ok' });
  });

  it('ends without the database, while the process lives, and shows nothing of it', async () => {
    const proxy = await TcpProxy.open(app.databaseUrl);
    const cut = await startApp({ beside: app, env: { DATABASE_URL: proxy.url } });
    try {
      expect((await ready(cut)).status).toBe(200);
      proxy.cut();
      expect(rejection(await ready(cut))).toEqual(notReady('database'));
      expect((await send(cut, 'GET', '/health/live')).status).toBe(200);
      proxy.mend();
      expect((await ready(cut)).status).toBe(200);
    } finally {
      proxy.mend();
      await cut.stop();
      await proxy.close();
    }
  });

  it('waits for migrations, and asks no more once they ran', async () => {
    const names = await app.sql<{ name: string }>('SELECT name FROM migrations ORDER BY id');
    const last = names.at(-1)?.name;
    await app.sql('DELETE FROM migrations WHERE name = $1', [last]);
    const early = await startApp({ beside: app, env: { MIGRATE_ON_START: 'false' } });
    try {
      expect(await early.nest.get(PendingMigrations, { strict: false }).list()).toEqual([last]);
      expect(rejection(await ready(early))).toEqual(notReady('migrations'));
      // A later release, which migrates while this one serves, has more of them.
      await app.sql(`INSERT INTO migrations (timestamp, name) VALUES (1, $1), (2, 'OfALaterRelease2')`, [last]);
      expect((await ready(early)).body).toEqual({ status: 'ok' });
    } finally {
      await early.stop();
      await app.sql(`DELETE FROM migrations WHERE name = 'OfALaterRelease2'`);
    }
  });

  it.each<[string, { oldest?: number; dead?: number }, object]>([
    ['mails are sent', { oldest: 299 }, { status: 'ok' }],
    ['mails wait for more than five minutes', { oldest: 301 }, { status: 'ok', degraded: ['mail'] }],
    ['mails failed for good', { dead: 1 }, { status: 'ok', degraded: ['mail'] }],
  ])('only warns of mails, and counts them now and then: %s', async (_, { oldest = 0, dead = 0 }, expected) => {
    const other = await startApp({ beside: app });
    try {
      const backlog = other.nest.get(OutboxBacklog, { strict: false });
      jest.spyOn(backlog, 'oldestSeconds').mockResolvedValue(oldest);
      const deadLetters = jest.spyOn(backlog, 'dead').mockResolvedValue(dead);
      expect((await ready(other)).body).toEqual(expected);
      expect((await ready(other)).body).toEqual(expected);
      expect(deadLetters).toHaveBeenCalledTimes(1);
    } finally {
      await other.stop();
    }
  });

  it.each<[string, { median: number; p99: number }, number, string]>([
    ['is a little late', { median: 5, p99: 240 }, 200, '{"status":"ok"}'],
    ['is late now and then', { median: 100, p99: 260 }, 200, '{"status":"ok","degraded":["load"]}'],
    ['is stalled', { median: 1_010, p99: 2_000 }, 503, 'Not ready: event_loop'],
  ])('evaluates an event loop that %s', async (_, lag, status, text) => {
    jest.spyOn(app.nest.get(EventLoop, { strict: false }), 'lag', 'get').mockReturnValue(lag);
    const response = await ready(app);
    expect(response.status).toBe(status);
    expect(response.text).toContain(text);
  });

  it('ends with the beginning of a shutdown, while requests are still served', async () => {
    const ending = await startApp({ beside: app, env: { DRAIN_SECONDS: '1' } });
    expect((await ready(ending)).status).toBe(200);
    const began = performance.now();
    const stopped = ending.stop();
    expect(rejection(await ready(ending))).toEqual(notReady('shutdown'));
    const served = await as(ending).post('/auth/login', { email: 'nobody@example.com', password: 'wrong' });
    expect([served.status, served.headers.get('connection')]).toEqual([401, 'close']);
    await stopped;
    expect(performance.now() - began).toBeGreaterThan(990);
    await expect(ready(ending)).rejects.toThrow();
  });
});
