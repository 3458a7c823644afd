import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenTelemetry } from '../../src/tracing/open-telemetry.js';
import { Tracing } from '../../src/tracing/tracing.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { remoteSpan, Collector } from './collector.js';

describe('A stranger who sends traceparent', () => {
  let collector: Collector;
  let app: TestApp;

  beforeAll(async () => {
    collector = await Collector.start();
    app = await startApp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRUSTED_PROXIES: '203.0.113.1' } });
    collector.hurry = () => (app.nest.get(Tracing) as OpenTelemetry)['provider'].forceFlush();
  });
  afterAll(async () => {
    await app.stop();
    await collector.stop();
  });

  it.each([
    ['writes into no trace of others', '01'],
    ['does not switch the recording off', '00'],
  ])('%s', async (_, flags) => {
    const before = collector.spans.length;
    const { traceId, traceparent } = remoteSpan();
    await send(app, 'GET', '/accounts', { headers: { traceparent: traceparent.replace(/01$/, flags) } });
    const span = await collector.span((one) => collector.spans.indexOf(one) >= before && one.kind === 'server');
    expect(span).toMatchObject({ name: 'GET /accounts', parentSpanId: undefined });
    expect(collector.trace(traceId)).toEqual([]);
  });
});
