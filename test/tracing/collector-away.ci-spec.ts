import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { withRequestContext } from '../../src/context/request-context.js';
import { OpenTelemetry } from '../../src/tracing/open-telemetry.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { Collector } from './collector.js';

/** Log lines from now on about one collector; those of the previous test may still be logged. */
function saidOf(url: string): string[] {
  const lines: string[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line) => {
    if (String(line).startsWith(`${url} `)) lines.push(String(line));
  });
  return lines;
}

/** How long something takes, in ms. */
async function took(work: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await work();
  return performance.now() - beganAt;
}

describe('A collector that', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await Collector.start();
  });
  afterEach(() => collector.stop());

  const start = (url = collector.url): Promise<TestApp> =>
    startApp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=canary-key' } });

  /** Requests for three seconds, in which several batches are sent; gives the longest, in ms. */
  async function requests(app: TestApp): Promise<number> {
    let longest = 0;
    for (const endsAt = performance.now() + 3_000; performance.now() < endsAt; await sleep(20)) {
      const ms = await took(async () => expect((await send(app, 'GET', '/accounts')).status).toBe(401));
      longest = Math.max(longest, ms);
    }
    return longest;
  }

  it('is slow fills no memory: what does not fit is not traced', async () => {
    collector.status = null;
    const tracing = OpenTelemetry.start({ endpoint: collector.url, headers: {}, serviceName: 'iam' });
    await tracing.traceJob({ id: '1', task: 'test', attempt: 1, traceparent: undefined }, async () => {
      for (let i = 0; i < 20_000; i++) tracing.beginStatement(`SELECT ${i}`, { host: 'db', port: 5432 })?.();
      await sleep(200);
      for (let i = 0; i < 20_000; i++) tracing.beginStatement(`SELECT ${i}`, { host: 'db', port: 5432 })?.();
    });
    collector.status = 200;
    expect(await took(() => tracing.stop())).toBeLessThan(3_000);
    expect(collector.spans.length).toBeGreaterThan(2_000);
    expect(collector.spans.length).toBeLessThan(3_000);
  });

  it('never answers costs no request anything, is sent one batch at a time, and does not hold up the end', async () => {
    collector.status = null;
    const app = await start();
    expect(await requests(app)).toBeLessThan(2_500);
    expect(collector.requests).toHaveLength(1);
    expect(await took(() => app.stop())).toBeLessThan(4_500);
  });

  it('rejects is logged with its status, without what it was sent', async () => {
    collector.status = 401;
    const app = await start();
    const lines = saidOf(collector.url);
    expect(await requests(app)).toBeLessThan(2_500);
    await app.stop();
    expect(lines).toEqual([expect.stringMatching(/takes no traces, \d+ spans are lost: HTTP 401$/)]);
    expect(collector.requests.length).toBeGreaterThan(1);
  });

  it('is gone delays no request and no shutdown, and is logged once', async () => {
    const gone = collector.url;
    await collector.stop();
    const app = await start(gone);
    const lines = saidOf(gone);
    expect(await requests(app)).toBeLessThan(2_500);
    expect(await took(() => app.stop())).toBeLessThan(4_500);
    await sleep(3_000);
    const [line, ...more] = lines;
    expect([line, more]).toEqual([expect.stringMatching(/takes no traces, \d+ spans are lost: ECONNREFUSED/), []]);
    expect(line).not.toContain('canary-key');
  });

  it('is there gets what had not been sent when the service ends', async () => {
    const app = await start();
    await send(app, 'GET', '/accounts');
    await app.stop();
    expect(collector.spans.map(({ name }) => name)).toEqual(['GET /accounts']);
  });
});

it('Nothing is a span of what runs outside of any request or job', async () => {
  const tracing = OpenTelemetry.start({ endpoint: 'http://127.0.0.1:9', headers: {}, serviceName: 'iam' });
  expect(tracing.beginStatement('SELECT 1', { host: 'db', port: 5432 })).toBeNull();
  expect(withRequestContext({}, () => tracing.beginStatement('SELECT 1', { host: 'db', port: 5432 }))).toBeNull();
  await tracing.stop();
});
