import { execFile, execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeFolder, pidOf, removeFolder } from '../embedded-postgres/embedded-support.js';
import { ServiceProcess } from '../security/service-process.js';
import { document, MEDIA_TYPE, type ApiResponse } from '../support/client.js';
import { ADMIN, TEST_ENVIRONMENT } from '../support/environment.js';
import { SmtpSink } from '../support/smtp-sink.js';

/** Where `.ci/node-versions`, which runs this file, has installed the runtimes; `npm test` does not run it. */
const RUNTIMES = process.env['IAM_TEST_NODE_VERSIONS'] ?? '';
const runtimes = readdirSync(RUNTIMES)
  .filter((name) => name.startsWith('node-'))
  .map((name) => resolve(RUNTIMES, name, 'bin/node'))
  .map((path) => ({ path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() }));

describe.each(runtimes)('The built service on Node $version', ({ path }) => {
  let folder: string;
  let mails: SmtpSink;
  let env: Record<string, string>;
  let service: ServiceProcess;
  let url: string;

  beforeAll(async () => {
    [folder, mails] = await Promise.all([makeFolder(), SmtpSink.start()]);
    env = { ...TEST_ENVIRONMENT, DATA_DIR: folder, MAIL_URL: mails.url };
    service = ServiceProcess.start(env, { built: true, runtime: path });
    url = await service.url();
  });
  afterAll(async () => {
    await service.kill();
    await removeFolder(folder);
    await mails.stop();
  });

  const request = async (route: string, { body, token }: { body?: object; token?: string } = {}) => {
    const headers = { 'content-type': MEDIA_TYPE, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(url + route, { headers, ...init });
    const answer: Pick<ApiResponse, 'status' | 'body'> = { status: response.status, body: await response.json() };
    return answer;
  };
  const signIn = async (): Promise<string> => (await request('/auth/login', { body: ADMIN })).body.meta.token;

  it('makes its database and is ready', async () => {
    expect(await request('/health/ready')).toMatchObject({ status: 200 });
  });

  it('signs the first admin in, who lists accounts, and turns a wrong password down', async () => {
    const wrong = await request('/auth/login', { body: { ...ADMIN, password: 'Wrong-horse-7' } });
    expect(wrong.status).toBe(401);
    const { status, body } = await request('/accounts?filter[email]=' + ADMIN.email, { token: await signIn() });
    expect([status, body.data[0].attributes.email]).toEqual([200, ADMIN.email]);
  });

  it('creates an account and mails the invitation', async () => {
    const email = 'ada@example.com';
    const invited = document('iam:accounts', { name: 'Ada', email });
    const { status } = await request('/accounts', { body: invited, token: await signIn() });
    expect(status).toBe(200);
    const [mail] = await mails.waitFor(1);
    expect(mail?.recipients).toEqual([email]);
  });

  it('is in order for doctor, run on the same version', async () => {
    const { stdout } = await promisify(execFile)(path, ['dist/iam.cjs', 'doctor'], { env });
    expect(stdout).toContain('Each of them can be read.');
    expect(stdout).not.toContain('error');
  });

  it('ends on SIGTERM, and its database with it, without warnings', async () => {
    await service.stop();
    expect(await pidOf(folder)).toBeNull();
    const warnings = service.output.split('\n').filter((line) => !line.startsWith('{') && line !== '');
    expect(warnings).toEqual([]);
  });
});
