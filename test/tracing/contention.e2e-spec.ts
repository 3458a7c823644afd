import { expect, it } from '@jest/globals';
import { startApp } from '../support/app.js';
import { send } from '../support/client.js';
import { admin } from '../support/factories.js';
import { remoteSpan, Collector } from './collector.js';

it('A request that waits for a connection keeps its statements to its own trace', async () => {
  const collector = await Collector.start();
  const app = await startApp({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DATABASE_POOL_SIZE: '2', TRUSTED_PROXIES: '127.0.0.1' },
  });
  try {
    const { token } = await admin(app);
    const remoteSpans = Array.from({ length: 30 }, remoteSpan);
    const responses = await Promise.all(
      remoteSpans.map(({ traceparent }) =>
        send(app, 'GET', '/accounts?count=true', { token, headers: { traceparent } }),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual(remoteSpans.map(() => 200));
    for (const { traceId } of remoteSpans)
      await collector.span((one) => one.traceId === traceId && one.kind === 'server');
    const statements = remoteSpans.map(
      ({ traceId }) => collector.trace(traceId).filter(({ kind }) => kind === 'client').length,
    );
    // The page with its count; who is signed in was remembered.
    expect(statements).toEqual(remoteSpans.map(() => 1));
  } finally {
    await app.stop();
    await collector.stop();
  }
});
