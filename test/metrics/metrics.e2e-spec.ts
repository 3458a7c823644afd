import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, send } from '../support/client.js';
import { admin } from '../support/factories.js';

describe('The metrics', () => {
  let app: TestApp;
  let address: string;

  beforeAll(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}/metrics`;
    app = await startApp({ env: { METRICS_PORT: String(port) } });
  });
  afterAll(() => app.stop());

  const read = async (): Promise<string[]> => (await (await fetch(address)).text()).split('\n');
  /** The series without their values. */
  const series = (lines: string[]): string[] =>
    lines.filter((line) => /^iam_/.test(line)).map((line) => line.slice(0, line.lastIndexOf(' ')));

  it('are served on a port of their own, in the format of Prometheus', async () => {
    const response = await fetch(address);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('# TYPE iam_http_request_duration_seconds histogram');
    expect((await send(app, 'GET', '/metrics')).status).toBe(404);
  });

  it('count requests by route template and status, and actions of the audit trail', async () => {
    const { post } = await admin(app);
    await post('/organizations', document('iam:organizations', { name: 'Acme' }));
    const lines = await read();
    const counted = 'iam_http_request_duration_seconds_count{method="POST",route="/organizations",status="200"} 1';
    expect(lines).toContain(counted);
    expect(lines).toContain('iam_actions_total{action="iam:organizations.created"} 1');
  });

  it('describe the pool, the hash queue, the outbox, the sessions and the event loop', async () => {
    const lines = await read();
    const names = [
      'iam_pool_connections',
      'iam_pool_waiting',
      'iam_hashes_running',
      'iam_hashes_waiting',
      'iam_outbox_waiting',
      'iam_outbox_oldest_seconds',
      'iam_outbox_dead',
      'iam_sessions_estimated',
      'nodejs_eventloop_lag_p99_seconds',
    ];
    const isFinite = (line: string): boolean => Number.isFinite(Number(line.split(' ')[1]));
    const found = names.filter((name) => lines.some((line) => line.startsWith(`${name} `) && isFinite(line)));
    expect(found).toEqual(names);
  });

  it('have a series for each swept table from the start, so that the first sweep is an increase', async () => {
    expect(await read()).toContainEqual(expect.stringMatching(/^iam_swept_rows_total\{table="attempts"\} \d+$/));
  });

  it('lesson 17: odd requests add no series, however many come', async () => {
    const odd = async (from: number, count: number): Promise<void> => {
      for (let i = from; i < from + count; i++) {
        await fetch(`${app.url}/${i}/%00${i}?${i}=${i}`);
        await fetch(`${app.url}/accounts/${i}`, { method: 'GET', headers: { 'x-request-id': `r${i}` } });
        await fetch(`${app.url}/accounts/${i}/join`, { method: 'PATCH' });
        await fetch(`${app.url}/accounts`, { method: i % 2 ? 'PUT' : 'PROPFIND' }).catch(() => undefined);
      }
    };
    await odd(0, 5);
    const before = series(await read());
    await odd(5, process.env['IAM_TEST_LONG'] ? 2500 : 250);
    expect(series(await read())).toEqual(before);
  });

  it('count what never reaches a handler too', async () => {
    const count = async (labels: string): Promise<number> => {
      const line = (await read()).find((one) => one.startsWith(`iam_http_request_duration_seconds_count{${labels}}`));
      return Number(line?.split(' ')[1] ?? 0);
    };
    const unknown = 'method="GET",route="unknown",status="404"';
    const before = await count(unknown);
    await fetch(`${app.url}/nowhere`);
    await fetch(`${app.url}/auth/me`, { method: 'HEAD' });
    expect(await count(unknown)).toBe(before + 1);
    expect(await count('method="HEAD",route="/auth/me",status="405"')).toBe(1);
    await fetch(`${app.url}/auth/me`, { method: 'PUT' });
    expect(await count('method="OTHER",route="/auth/me",status="405"')).toBe(1);
  });
});
