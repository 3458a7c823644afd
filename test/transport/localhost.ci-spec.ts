import dns from 'node:dns/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { Connection, head, open } from './sockets.js';

const HEADERS_MS = 400;

describe('On HOST=localhost, which has two addresses', () => {
  let app: TestApp;
  const connections: Connection[] = [];

  beforeEach(async () => {
    // What most machines have in /etc/hosts.
    jest.spyOn(dns, 'lookup').mockResolvedValue([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ] as never);
    const timeouts = { headersMs: HEADERS_MS, requestMs: 700, responseMs: 1_400, checkMs: 50 };
    const env = { HOST: 'localhost', THROTTLE_DISABLED: 'false', CONNECTIONS_PER_ADDRESS: '3' };
    app = await startApp({ env, timeouts });
    jest.restoreAllMocks();
  });
  afterEach(async () => {
    connections.splice(0).forEach((connection) => connection.close());
    await app.stop();
  });

  const addresses = (): [string, string] => [app.url, app.url.replace('127.0.0.1', '[::1]')];
  const connect = async (url: string): Promise<Connection> => {
    const connection = await open({ url });
    connections.push(connection);
    return connection;
  };

  it('both answer, with connections that are limited', async () => {
    for (const url of addresses()) {
      const opened: Connection[] = [];
      for (let n = 0; n < 5; n++) opened.push((await connect(url)).write(head('GET /health/live')));
      const responses = await Promise.all(opened.map((connection) => connection.responses()));
      expect(responses.filter(([status]) => status === 200)).toHaveLength(3);
    }
  });

  it('both end requests that do not arrive in time', async () => {
    for (const url of addresses()) {
      const late = (await connect(url)).write('GET /health/live HTTP/1.1\r\nhost: x\r\n');
      expect(await late.ended()).toMatch(/^HTTP\/1\.1 408 /);
    }
  });

  it('neither takes connections when the service has ended', async () => {
    const urls = addresses();
    await app.nest.close();
    for (const url of urls) await expect(open({ url })).rejects.toThrow('ECONNREFUSED');
  });
});
