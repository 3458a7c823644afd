import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../src/json-api/limits.js';
import { ServiceProcess } from '../security/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { Connection, head, open, tinyChunks } from './sockets.js';

/** Bodies that are sent at the same time, each of 6 MB on the wire: as they were kept, 380 MB each. */
const BODIES = 3;
/** What the service may need beside what it needs before, in MB. */
const MAX_MB = 120;

describe('The memory of a process', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let url: string;
  const connections: Connection[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
    service = ServiceProcess.start({
      ...TEST_ENVIRONMENT,
      DATABASE_URL: database.url,
      NODE_OPTIONS: '--max-old-space-size=128',
    });
    url = await service.url();
  });
  afterEach(async () => {
    connections.splice(0).forEach((connection) => connection.close());
    await service.stop();
    await database.drop();
  });

  async function connect(): Promise<Connection> {
    const connection = await open({ url });
    connections.push(connection);
    return connection;
  }
  /** The largest that is seen while something lasts, in MB. */
  async function peakDuring(work: Promise<unknown>): Promise<number> {
    let [peak, over] = [0, false];
    void work.finally(() => (over = true));
    while (!over) {
      peak = Math.max(peak, await service.memory());
      await sleep(50);
    }
    return peak;
  }
  const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };

  it.each([
    ['in chunks of one byte', '/auth/login', 413],
    ['in chunks of one byte, where a credential is missing', '/accounts', 401],
  ])('does not grow with a body %s: it is rejected', async (_what, path, status) => {
    const before = await service.memory();
    const sending = Array.from({ length: BODIES }, async () => {
      const connection = await connect();
      connection.write(head(`POST ${path}`, chunked)).write(tinyChunks(1_000_000));
      return connection.responses();
    });
    const peak = await peakDuring(Promise.all(sending));
    for (const statuses of await Promise.all(sending)) expect(statuses).toEqual([status]);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(peak - before).toBeLessThan(MAX_MB);
  });

  it('does not grow with bodies that are never finished', async () => {
    const before = await service.memory();
    for (let n = 0; n < 60; n++) {
      const headers = { 'content-type': 'application/json', 'content-length': LIMITS.bodyBytes };
      (await connect()).write(head('POST /auth/login', headers)).write('x'.repeat(LIMITS.bodyBytes - 1));
    }
    await sleep(1_500);
    const login = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"email":"x","password":"y"}',
    };
    // A body of the usual size is read all the same.
    expect((await fetch(`${url}/auth/login`, login)).status).toBe(401);
    expect((await service.memory()) - before).toBeLessThan(MAX_MB);
    const rejected = connections.filter(({ statuses }) => statuses[0] === 503);
    expect(rejected.length).toBeGreaterThan(BODIES);
  });

  it('takes a large body of reasonable chunks', async () => {
    const connection = await connect();
    const chunk = `${(1024).toString(16)}\r\n${' '.repeat(1024)}\r\n`;
    connection.write(head('POST /auth/login', chunked)).write(chunk.repeat(1000)).write('2\r\n{}\r\n0\r\n\r\n');
    expect(await connection.responses()).toEqual([422]);
    const few = await connect();
    few
      .write(head('POST /auth/login', chunked))
      .write('1\r\n \r\n'.repeat(LIMITS.bodyChunks - 2))
      .write('2\r\n{}\r\n0\r\n\r\n');
    expect(await few.responses()).toEqual([422]);
  });
});
