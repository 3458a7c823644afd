import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { keyOf, serviceAccount, type TestKey } from '../api-keys/keys.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, column, type ApiClient } from '../support/client.js';
import { account, admin, organization } from '../support/factories.js';

const PAGE = readFileSync('docs/machines.md', 'utf8');
const NAMES = ['organization.sh', 'accounts.mjs', 'token.mjs'];

/** The program in the page that begins with its name, without it. */
const program = (name: string): string =>
  new RegExp(`\`\`\`\\w+\\n(?:#|//) ${name}\\n(.*?)\`\`\``, 's').exec(PAGE)?.[1] ?? '';

const run = promisify(execFile);

describe('The machines in docs/machines.md', () => {
  let app: TestApp;
  let root: ApiClient;
  let org: string;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
    org = await organization(app);
  });
  afterAll(() => app.stop());

  const keyOfService = async (role: string, ...rights: readonly string[]): Promise<TestKey> => {
    const scope = role === 'org_owner' ? { role_scope: { org: [org] } } : {};
    return keyOf(app, root, rights, { account_id: await serviceAccount(root, { role_name: role, ...scope }) });
  };
  const environment = ({ id, key }: TestKey, more: Record<string, string> = {}) => ({
    env: { PATH: process.env['PATH'], IAM_URL: app.url, IAM_KEY: key, IAM_KEY_ID: id, ...more },
  });
  const node = (source: string, key: TestKey) =>
    run(process.execPath, ['--input-type=module', '-e', source], environment(key));

  it.each(NAMES)('have at most ten lines: %s', (name) => {
    const lines = program(name).trim().split('\n').length;
    expect(lines).toBeGreaterThan(4);
    expect(lines).toBeLessThanOrEqual(10);
  });

  it('make an organization for a CI job, once however often it runs, and fail once the key is revoked', async () => {
    const key = await keyOfService('admin', 'iam:organizations.create.*', 'iam:organizations.read.*');
    const job = () => run('sh', ['-c', program('organization.sh')], environment(key, { CI_COMMIT: 'a1b2c3' }));
    const [first, second] = [await job(), await job()];
    expect(JSON.parse(first.stdout).data.attributes.name).toBe('Preview a1b2c3');
    expect(JSON.parse(second.stdout).data.id).toBe(JSON.parse(first.stdout).data.id);
    const found = await root.get('/organizations?filter[name]=Preview a1b2c3');
    expect(column(found, 'name')).toEqual(['Preview a1b2c3']);
    await root.post(`/api_keys/${key.id}/revoke`);
    await expect(job()).rejects.toMatchObject({ code: 22, stdout: expect.stringContaining('unauthenticated') });
  });

  it('read the accounts of its organizations for a cron job, page after page', async () => {
    const people = [];
    for (let n = 0; n < 5; n++) people.push(await account(app, { org: [org], joined: false }));
    await account(app, { joined: false });
    const key = await keyOfService('org_owner', 'iam:accounts.read.org');
    const paged = program('accounts.mjs').replace('page[size]=500', 'page[size]=2');
    const { stdout } = await node(paged, key);
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 5)).toEqual(people.map(({ email, name }) => `${email}\t${name}`));
    // The service itself is one of them.
    expect(lines).toHaveLength(6);
    await root.post(`/api_keys/${key.id}/revoke`);
    await expect(node(paged, key)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('401') });
  });

  it('get a token for a neighbour service, keep it, and get another one when it is about to end', async () => {
    const key = await keyOfService('org_owner', 'iam:accounts.read.org');
    const source = `${program('token.mjs')}
      const [first, second] = [await accessToken(), await accessToken()];
      token.end = Date.now() + 59_000;
      token.text = 'old';
      console.log(JSON.stringify([first, first === second, (await accessToken()) !== 'old']));`;
    const { stdout } = await node(source, key);
    const [token, isKept, isRenewed] = JSON.parse(stdout);
    expect([isKept, isRenewed]).toEqual([true, true]);
    expect(decodeJwt(token)).toMatchObject({ client_id: key.id, rights: ['iam:accounts.read.org'] });
    expect((await as(app, token).get('/accounts')).status).toBe(200);
    await root.post(`/api_keys/${key.id}/revoke`);
    await expect(node(source, key)).rejects.toMatchObject({ stderr: expect.stringContaining('401 invalid_client') });
  });
});
