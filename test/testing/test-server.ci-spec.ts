import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../outbox/outbox-fixture.js';
import { compiledPath } from '../runner/compiled.js';
import { onServer, SERVER_VARIABLE } from '../support/database.js';
import { startApp } from '../support/app.js';
import { send } from '../support/client.js';

interface Address {
  readonly url: string;
  readonly database_url: string;
  readonly admin_email: string;
  readonly admin_password: string;
  readonly admin_token: string;
  readonly pid: number;
}

const COMMAND = [compiledPath('src/cli.ts'), 'test-server', '--json', '--database', process.env[SERVER_VARIABLE] ?? ''];
const ENV = { PATH: process.env['PATH'] };

/** The line that a test server prints when it is ready. */
async function addressIn(output: Readable | null): Promise<Address> {
  if (!output) throw new Error('The output is not piped');
  const [line] = (await once(createInterface(output), 'line')) as [string];
  return JSON.parse(line) as Address;
}

/** A request to a control route. */
async function control({ url }: Address, name: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/__test/${name}`, {
    method: 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const get = (address: Address, path: string, token: unknown): Promise<Response> =>
  fetch(address.url + path, { headers: { authorization: `Bearer ${String(token)}` } });

const isGone = async ({ url, database_url: databaseUrl }: Address): Promise<boolean> => {
  const responds = await fetch(`${url}/health/live`).then(
    () => true,
    () => false,
  );
  const { rowCount } = await onServer((server) =>
    server.query('SELECT FROM pg_database WHERE datname = $1', [new URL(databaseUrl).pathname.slice(1)]),
  );
  return !responds && rowCount === 0;
};

describe('npx iam test-server', () => {
  let child: ChildProcess;
  let address: Address;

  beforeAll(async () => {
    child = spawn(process.execPath, COMMAND, { env: ENV, stdio: ['pipe', 'pipe', 'inherit'] });
    address = await addressIn(child.stdout);
  });
  afterAll(() => void child?.kill('SIGKILL'));

  it('prints one line with its address, its database and an admin', async () => {
    expect(address).toEqual({
      url: expect.stringMatching(/^http:\/\/localhost:\d+$/),
      database_url: expect.stringMatching(/^postgres.*\/iam_testing_\w+$/),
      admin_email: 'root@example.com',
      admin_password: 'Correct-horse-7',
      admin_token: expect.stringMatching(/^ey/),
      pid: child.pid,
    });
    expect((await get(address, '/accounts', address.admin_token)).status).toBe(200);
    expect((await fetch(`${address.url}/openapi.json`)).status).toBe(200);
  });

  it('signs in, gives mails, lets time pass, and is reset', async () => {
    const organization = await fetch(`${address.url}/organizations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${address.admin_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ data: { type: 'iam:organizations', attributes: { name: 'Acme' } } }),
    });
    const { id } = ((await organization.json()) as { data: { id: string } }).data;
    const owner = await control(address, 'login', {
      role: 'org_owner',
      of: id,
      name: 'Jane',
      email: 'jane@example.com',
    });
    expect([owner.status, owner.body['account']]).toEqual([
      200,
      { id: expect.any(String), name: 'Jane', email: 'jane@example.com', password: 'Correct-horse-7' },
    ]);
    expect((await get(address, `/organizations/${id}`, owner.body['token'])).status).toBe(200);
    const again = await control(address, 'login', { email: 'jane@example.com', password: 'Correct-horse-7' });
    expect(again.status).toBe(200);
    await fetch(`${address.url}/account/passwords/request_reset`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"email":"jane@example.com"}',
    });
    const mail = await control(address, 'mail', { to: 'jane@example.com' });
    expect(mail.body['links']).toEqual(
      expect.arrayContaining([`${address.url}/reset-password?token=${String(mail.body['token'])}`]),
    );
    expect(await control(address, 'clock', { advance: '20 minutes' })).toEqual({
      status: 200,
      body: { offset_ms: 1_200_000 },
    });
    expect((await get(address, '/auth/me', owner.body['token'])).status).toBe(401);
    const reset = await control(address, 'reset');
    expect((await get(address, '/auth/me', reset.body['admin_token'])).status).toBe(200);
    const accounts = await get(address, '/accounts?count=true', reset.body['admin_token']);
    expect(((await accounts.json()) as { meta: object }).meta).toEqual({ count: 1 });
  });

  it.each([
    ['reset', { all: true }, 400, /^The body must be empty, or \{\}\. Unrecognized key: "all"$/],
    ['clock', { advance: '3 years' }, 400, /^The clock moves forward by up to ten years, .* not by "3 years"\.$/],
    ['clock', {}, 400, /^The body must be \{ "advance": "3 days" \}\. advance: /],
    ['clock', '{', 400, /^The body is not JSON: /],
    [
      'login',
      { role: 'owner' },
      422,
      /^There is no role "owner"; the roles file has anonymous, user, org_owner, admin, system\.$/,
    ],
    ['login', { role: 'user', of: 'Acme' }, 400, /^The body must be \{ "role": "org_owner"/],
    ['login', { email: 'root@example.com', password: 'x' }, 422, /401 invalid_credentials/],
    ['mail', { to: 'nobody@example.com', timeout_ms: 0 }, 422, /^No mail to nobody@example\.com within 0 ms\./],
    ['nope', {}, 404, /^There is no \/__test\/nope; the test server has \/__test\/reset, /],
    ['constructor', {}, 404, /^There is no \/__test\/constructor;/],
  ])('rejects %s with %j by a sentence', async (name, body, status, error) => {
    const response = await control(address, name, body);
    expect([response.status, response.body]).toEqual([status, { error: expect.stringMatching(error) }]);
  });

  it('rejects a body that is too large', async () => {
    const { status, body } = await control(address, 'clock', `"${'x'.repeat(70_000)}"`);
    expect([status, body['error']]).toEqual([413, 'The body is larger than 65536 bytes.']);
  });

  it('rejects what a page of another site could send', async () => {
    const plain = await control(address, 'reset', '{}', { 'content-type': 'text/plain' });
    expect([plain.status, plain.body['error']]).toEqual([415, 'The body must be sent as application/json.']);
    const { port } = new URL(address.url);
    const rebound = request({
      host: '127.0.0.1',
      port,
      path: '/__test/reset',
      method: 'POST',
      headers: { host: `evil.example:${port}` },
    });
    rebound.end();
    const [response] = await once(rebound, 'response');
    expect([response.statusCode, JSON.parse(await text(response))]).toEqual([
      403,
      { error: 'The control routes are reached as localhost, 127.0.0.1 or [::1] only.' },
    ]);
    expect((await fetch(`${address.url}/__test/reset`)).status).toBe(405);
  });

  it('ends by a signal, with exit code 0, and removes its database', async () => {
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect(await isGone(address)).toBe(true);
  });

  it('has routes that the service itself does not have', async () => {
    const app = await startApp();
    expect((await send(app, 'POST', '/__test/reset')).status).toBe(404);
    await app.stop();
  });
});

/** Starts a process that starts a test server, and prints what that prints. */
const START = {
  'a pipe': `spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] })`,
  'no standard input': `spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })`,
  'a shell of npm between them': `spawn('sh', ['-c', '"$0" "$@"; exit $?', process.execPath, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, npm_command: 'exec' } })`,
};

describe('A test server', () => {
  it('ends when its parent is killed, whether that is connected by a pipe or not at all', async () => {
    const ends = Object.entries(START).map(async ([how, start]) => {
      const script = `const { spawn } = require('node:child_process'); const args = JSON.parse(process.argv[1]); ${start};
        setInterval(() => undefined, 1000);`;
      const parent = spawn(process.execPath, ['-e', script, JSON.stringify(COMMAND)], {
        env: ENV,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const started = await addressIn(parent.stdout);
      parent.kill('SIGKILL');
      await eventually(() => isGone(started), 30_000);
      return how;
    });
    expect(await Promise.all(ends)).toEqual(Object.keys(START));
  });

  it('does not start in production', async () => {
    const child = spawn(process.execPath, COMMAND, { env: { ...ENV, NODE_ENV: 'production' }, stdio: 'pipe' });
    const [error, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([code, error]).toEqual([
      1,
      'iam/testing is for tests and does not load with NODE_ENV=production; import "iam" instead.\n',
    ]);
  });
});
