import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/metrics.js';
import { startApp, type TestApp } from '../support/app.js';
import { MEDIA_TYPE, send } from '../support/client.js';
import { admin } from '../support/factories.js';
import { Connection, head, open } from './sockets.js';

const HEADERS_MS = 400;
const REQUEST_MS = 700;
/** Longer than a request: nothing moves on a connection either while a body does not come. */
const RESPONSE_MS = 1_400;
/** Asks for a file of more than a megabyte; so many of them are more than the system holds on the way. */
const LARGE = head('GET /docs/swagger-ui-bundle.js');
const LARGE_BYTES = 1_500_000;
const RESPONSES = 20;
/** A machine that is busy is late; nothing here waits for so long where there is a time-out. */
const LATE_MS = 10_000;

describe('A connection that keeps the service waiting', () => {
  let app: TestApp;
  let connection: Connection;
  const closing: Connection[] = [];

  beforeAll(async () => {
    const timeouts = { headersMs: HEADERS_MS, requestMs: REQUEST_MS, responseMs: RESPONSE_MS, checkMs: 50 };
    app = await startApp({ timeouts, env: { KEEP_ALIVE_SECONDS: '1' } });
    // Swagger UI is loaded with the first request for it, which may take longer than these time-outs.
    while (
      !(await fetch(`${app.url}/docs`).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await sleep(50);
  });
  afterEach(() => closing.splice(0).forEach((one) => one.close()));
  afterAll(() => app.stop());

  const connect = async (): Promise<Connection> => {
    connection = await open(app);
    closing.push(connection);
    return connection;
  };

  /** The connection ends by itself: what came until then, and after how long, in milliseconds. */
  async function end(): Promise<{ text: string; ms: number }> {
    const began = performance.now();
    const text = await Promise.race([connection.ended(), sleep(LATE_MS, 'it is still open')]);
    return { text, ms: performance.now() - began };
  }

  const rejected = async (reason: string): Promise<number> => {
    const { values } = await app.nest.get(Metrics).rejections.get();
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
  };

  /** Sends a byte again and again, as long as the connection is open. */
  async function drip(bytes: string, on = connection): Promise<void> {
    while (on.isOpen) {
      on.write(bytes);
      await sleep(60);
    }
  }

  it('by saying nothing is closed, without a word', async () => {
    await connect();
    expect((await end()).text).toBe('');
  });

  it('by headers that never end gets 408 as a document, and is counted', async () => {
    const before = await rejected('request_timeout');
    (await connect()).write('GET /health/live HTTP/1.1\r\nhost: x\r\n');
    const { text } = await end();
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(text).toContain(`content-type: ${MEDIA_TYPE}`);
    expect(text).toContain('"code":"request_timeout"');
    expect(await rejected('request_timeout')).toBe(before + 1);
  });

  it('by headers that drip gets 408 all the same', async () => {
    (await connect()).write('GET /health/live HTTP/1.1\r\nhost: x\r\nx-a: ');
    void drip('a');
    expect((await end()).text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it.each([
    ['is never sent', ''],
    ['drips', ' '],
  ])('by a body that %s gets 408 as any other answer', async (_what, bytes) => {
    const type = { 'content-type': MEDIA_TYPE, origin: 'https://app.example.com', 'x-request-id': 'late-1' };
    (await connect()).write(head('POST /auth/login', { ...type, 'content-length': 1000 }));
    void drip(bytes);
    const { text } = await end();
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(text).toMatch(/^connection: close\r$/im);
    expect(text).toContain('"id":"late-1","status":"408","code":"request_timeout"');
  });

  it('by a body that is not read is closed too', async () => {
    (await connect()).write(head('GET /health/live', { 'content-length': 1000 }));
    expect(await connection.responses()).toEqual([200]);
    void drip('x');
    const { text } = await end();
    expect(text).not.toBe('it is still open');
    expect(connection.statuses).toEqual([200]);
  });

  it('by reading nothing of its answers is closed, and is counted', async () => {
    const before = await rejected('response_timeout');
    await connect();
    connection.socket.pause();
    connection.write(LARGE.repeat(RESPONSES));
    const begun = performance.now();
    while ((await rejected('response_timeout')) === before && performance.now() - begun < LATE_MS) await sleep(20);
    expect(await rejected('response_timeout')).toBe(before + 1);
  });

  it('by reading slowly gets all of its answers', async () => {
    await connect();
    const { socket } = connection;
    let length = 0;
    socket.removeAllListeners('data').on('data', (bytes: Buffer) => {
      length += bytes.length;
      socket.pause();
      setTimeout(() => socket.resume(), 12);
    });
    const begun = performance.now();
    connection.write(LARGE.repeat(RESPONSES));
    while (length < RESPONSES * LARGE_BYTES && connection.isOpen) await sleep(50);
    expect(length).toBeGreaterThanOrEqual(RESPONSES * LARGE_BYTES);
    expect(performance.now() - begun).toBeGreaterThan(RESPONSE_MS);
  });

  it('by being idle between two requests is closed', async () => {
    (await connect()).write(head('GET /health/live'));
    expect(await connection.responses()).toEqual([200]);
    expect((await end()).text).not.toBe('it is still open');
    expect(connection.statuses).toEqual([200]);
  });

  it('in time is served: many requests, one after the other, over more than all of these times', async () => {
    const { token } = await admin(app);
    const until = performance.now() + 2 * REQUEST_MS;
    await connect();
    for (let n = 1; performance.now() < until; n++) {
      connection.write(head('GET /auth/me', { authorization: `Bearer ${token}` }));
      expect((await connection.responses(n)).at(-1)).toBe(200);
      await sleep(HEADERS_MS / 2);
    }
    expect((await send(app, 'GET', '/health/live')).status).toBe(200);
  });
});
