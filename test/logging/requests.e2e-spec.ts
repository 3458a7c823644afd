import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { connect } from 'node:net';
import { symbols } from 'pino';
import { DataSource } from 'typeorm';
import { startApp, type TestApp } from '../support/app.js';
import { document } from '../support/client.js';
import { admin } from '../support/factories.js';

/** The lines that the service writes for requests, as it writes them. */
describe.each(['', 'api/v1/iam'])('The log of requests, under the prefix "%s"', (prefix) => {
  const root = prefix === '' ? '' : `/${prefix}`;
  const lines: string[] = [];
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { API_PREFIX: prefix, LOG_LEVEL: 'fatal' } });
    const logger = PinoLogger.root as typeof PinoLogger.root & { [symbols.streamSym]: object };
    logger[symbols.streamSym] = { write: (line: string) => lines.push(line) };
    logger.level = 'info';
  });
  beforeEach(() => void lines.splice(0));
  afterAll(() => app.stop());

  const request = (path: string, init: RequestInit = {}): Promise<Response> => fetch(app.url + root + path, init);

  /** The lines of requests that were written; the answer may arrive before its line. */
  async function logged(count = 1): Promise<Record<string, unknown>[]> {
    const found = () => lines.map((line) => JSON.parse(line)).filter(({ method }) => method !== undefined);
    for (let i = 0; i < 200 && found().length < count; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    return found();
  }

  it('has its id, method, path without query, status and duration', async () => {
    await request('/accounts?filter[search]=secret', { headers: { 'x-request-id': 'r-1' } });
    const [line] = await logged();
    const path = `${root}/accounts`;
    expect(line).toMatchObject({ level: 30, requestId: 'r-1', method: 'GET', path, status: 401 });
    expect(line).toMatchObject({ msg: `GET ${path} 401`, durationMs: expect.any(Number) });
    expect(line).not.toHaveProperty('actorId');
    expect(lines.join()).not.toContain('secret');
  });

  it('says who was signed in, and nothing of the credentials', async () => {
    const email = app.config.adminEmail;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ email, password: app.config.adminPassword });
    const login = await request('/auth/login', { method: 'POST', headers, body });
    const { data, meta } = (await login.json()) as { data: { id: string }; meta: { token: string } };
    await request('/auth/me', { headers: { authorization: `Bearer ${meta.token}` } });
    const [, line] = await logged(2);
    expect(line).toMatchObject({ path: `${root}/auth/me`, status: 200, actorId: data.id });
    expect(lines.join()).not.toContain(meta.token);
    expect(lines.join()).not.toContain(app.config.adminPassword);
  });

  it('cuts the token out of an invitation, also where the route is missed', async () => {
    await request('/accounts/s3cret/join', { method: 'PATCH' });
    await request('/accounts/s3cret/join/?x=s3cret', { method: 'PATCH' });
    await request('/accounts/s3cret/join', { method: 'GET' });
    await request('/accounts/s3cret/invitation');
    const paths = (await logged(3)).map(({ path }) => path);
    expect(paths.map((path) => String(path).replace(/\/$/, ''))).toEqual([
      ...Array(3).fill(`${root}/accounts/{token}/join`),
      `${root}/accounts/{token}/invitation`,
    ]);
    expect(lines.join()).not.toContain('s3cret');
  });

  it('is short, however long the path is', async () => {
    const paths = [
      `/${'x-'.repeat(7_000)}`,
      `/accounts${'/'.repeat(14_000)}`,
      `/${'%0A'.repeat(4_000)}${'a'.repeat(40)}`,
      `/${'a'.repeat(40)}${'%E2%82%AC'.repeat(1_500)}`,
    ];
    for (const path of paths) await request(path);
    await logged(paths.length);
    expect(lines).toHaveLength(paths.length);
    expect(lines.filter((line) => Buffer.byteLength(line) > 2_000)).toEqual([]);
  });

  it('has an error of the database in short, and where it was met', async () => {
    await app.sql(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'no % here', repeat('x', 100000); END $$`);
    await app.sql('CREATE TRIGGER fail BEFORE INSERT ON organizations FOR EACH ROW EXECUTE FUNCTION fail()');
    const { post } = await admin({ ...app, url: app.url + root });
    lines.splice(0);
    const response = await post('/organizations', document('iam:organizations', { name: 'Acme' }));
    expect(response.status).toBe(500);
    await logged();
    const error = lines.map((line) => JSON.parse(line)).find(({ err }) => err !== undefined);
    expect(error.msg).toContain('Internal error');
    expect(/no x+…/.test(error.err.stack)).toBe(true);
    expect(/at .*\.ts:\d+/.test(error.err.stack)).toBe(true);
    expect(lines.join('').length).toBeLessThan(24_000);
  });

  it('has a request whose client went away before its answer', async () => {
    const database = app.nest.get(DataSource).createQueryRunner();
    await database.startTransaction();
    try {
      await database.query('LOCK TABLE accounts');
      const left = request('/account/passwords/token_valid?token=x', { signal: AbortSignal.timeout(100) });
      await expect(left).rejects.toThrow();
      const [line] = await logged();
      expect(line).toMatchObject({ path: `${root}/account/passwords/token_valid`, status: 499 });
    } finally {
      await database.rollbackTransaction();
      await database.release();
    }
  });

  it('has every request of a connection that sent several at once and went away', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    const path = `${root}/account/passwords/token_valid?token=x`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: iam\r\n\r\n`.repeat(3), () => socket.destroy());
    expect((await logged(3)).map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
  });

  it('has what reaches no route, and leaves out health checks that succeed', async () => {
    await fetch(`${app.url}/health/live`);
    await fetch(`${app.url}/nowhere`);
    expect((await logged()).map(({ path, status }) => [path, status])).toEqual([['/nowhere', 404]]);
  });

  it('shares its id with the other lines that are written for the request', async () => {
    const logger = new Logger('Test');
    const query = jest.spyOn(app.nest.get(DataSource), 'query').mockImplementation(async () => logger.log('inside'));
    await fetch(`${app.url}/health/ready`, { headers: { 'x-request-id': 'r-2' } });
    query.mockRestore();
    logger.log('outside');
    const written = lines.map((line) => JSON.parse(line)).filter(({ context }) => context === 'Test');
    // What the service looks at by itself asks the database too.
    expect(written).toContainEqual(expect.objectContaining({ msg: 'inside', requestId: 'r-2' }));
    const outside = written.at(-1);
    expect(outside).toMatchObject({ msg: 'outside' });
    expect(outside).not.toHaveProperty('requestId');
  });
});
