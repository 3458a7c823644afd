import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/metrics.js';
import { startApp, type TestApp } from '../support/app.js';
import { LIMITS } from '../../src/json-api/limits.js';
import { Connection, head, open } from './sockets.js';

describe('The connections of an address', () => {
  let app: TestApp;
  const connections: Connection[] = [];

  afterEach(async () => {
    connections.splice(0).forEach((connection) => connection.close());
    await app.stop();
  });

  /** Opens so many connections one after the other, asks on each, and gives how many were answered. */
  async function countResponses(count: number): Promise<number> {
    const opened: Connection[] = [];
    for (let n = 0; n < count; n++) opened.push((await open(app)).write(head('GET /health/live')));
    connections.push(...opened);
    const responses = await Promise.all(opened.map((connection) => connection.responses()));
    return responses.filter(([status]) => status === 200).length;
  }

  const start = async (env: Record<string, string>): Promise<void> => {
    app = await startApp({ env: { THROTTLE_DISABLED: 'false', ...env } });
  };
  const rejections = async (reason: string): Promise<number> => {
    const { values } = await app.nest.get(Metrics).rejections.get();
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
  };

  it('are limited; those that have ended do not count', async () => {
    await start({ CONNECTIONS_PER_ADDRESS: '3' });
    expect(await countResponses(5)).toBe(3);
    expect(await rejections('address_connections')).toBe(2);
    connections.splice(0).forEach((connection) => connection.close());
    await sleep(100);
    expect(await countResponses(3)).toBe(3);
  });

  it('are limited in all', async () => {
    await start({ MAX_CONNECTIONS: '4' });
    expect(await countResponses(6)).toBe(4);
    expect(await rejections('connections')).toBe(2);
  });

  it('are not limited where the address is a trusted proxy, nor with THROTTLE_DISABLED', async () => {
    await start({ CONNECTIONS_PER_ADDRESS: '3', TRUSTED_PROXIES: '127.0.0.0/8' });
    expect(await countResponses(6)).toBe(6);
    await app.stop();
    await start({ CONNECTIONS_PER_ADDRESS: '3', MAX_CONNECTIONS: '3', THROTTLE_DISABLED: 'true' });
    expect(await countResponses(6)).toBe(6);
  });

  it('carry a bounded number of requests that wait for their answers', async () => {
    await start({});
    const few = await open(app);
    const many = await open(app);
    connections.push(few, many);
    // Its status does not depend on the load, as that of /health/ready does.
    const live = head('GET /health/live');
    few.write(live.repeat(LIMITS.pipelinedRequests));
    expect(await few.responses(LIMITS.pipelinedRequests)).toEqual(Array(LIMITS.pipelinedRequests).fill(200));
    // One after the other, a connection carries any number.
    for (let n = 1; n <= 3; n++) await few.write(live).responses(LIMITS.pipelinedRequests + n);
    expect(few.statuses).toHaveLength(LIMITS.pipelinedRequests + 3);

    many.write(live.repeat(2_000));
    await many.ended();
    expect(many.statuses.length).toBeLessThanOrEqual(LIMITS.pipelinedRequests);
    expect(await rejections('pipelining')).toBe(1);
  });
});
