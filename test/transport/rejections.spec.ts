import { describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/metrics.js';
import { Rejections } from '../../src/transport/rejections.js';

describe('What is rejected before it is a request', () => {
  it('is counted each time, and logged once in ten seconds for each reason, with the number since the line before', async () => {
    const lines: object[] = [];
    const metrics = new Metrics({ metricsPort: 0 });
    let now = 0;
    const rejections = new Rejections(
      metrics,
      { info: (fields, message) => lines.push({ ...fields, message }) },
      () => now,
    );
    for (let n = 0; n < 1_000; n++) rejections.record('malformed_body', '192.0.2.1');
    rejections.record('headers_too_large', '192.0.2.2');
    now = 9_999;
    rejections.record('malformed_body', '192.0.2.3');
    now = 10_000;
    rejections.record('malformed_body', '192.0.2.4');
    expect(lines).toEqual([
      { reason: 'malformed_body', ip: '192.0.2.1', count: 1, message: 'What a client sent is not HTTP' },
      expect.objectContaining({ reason: 'headers_too_large', count: 1 }),
      { reason: 'malformed_body', ip: '192.0.2.4', count: 1_001, message: 'What a client sent is not HTTP' },
    ]);
    const { values } = await metrics.rejections.get();
    expect(values.map(({ labels, value }) => [labels.reason, value])).toEqual([
      ['malformed_body', 1_002],
      ['headers_too_large', 1],
    ]);
  });
});
