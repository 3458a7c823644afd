import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { APP_URL } from '../support/environment.js';
import { admin, organization, signedIn } from '../support/factories.js';

const PAGE = readFileSync('docs/roles.md', 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(PAGE)?.[1] ?? '';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('The service in docs/roles.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iam-roles-page-'));
  let app: TestApp | null;
  let service: ChildProcess;
  let url: string;
  /** Access tokens, by role. */
  let tokens: Record<'admin' | 'user' | 'researcher' | 'org_owner', string>;

  beforeAll(async () => {
    const ROLES_FILE = join(folder, 'roles.yml');
    writeFileSync(ROLES_FILE, block('yaml'));
    app = await startApp({ env: { ROLES_FILE, ACCESS_TOKEN_CLAIMS: 'rights' } });
    const org = await organization(app);
    const tokenOf = async (role: string) => (app ? (await signedIn(app, { role, org: [org] })).token : '');
    tokens = {
      admin: (await admin(app)).token,
      user: await tokenOf('user'),
      researcher: await tokenOf('researcher'),
      org_owner: await tokenOf('org_owner'),
    };
    const port = await freePort();
    url = `http://localhost:${port}/projects`;
    const env = { PATH: process.env['PATH'], IAM_URL: app.url, JWT_ISSUER: APP_URL, PORT: String(port) };
    service = spawn(process.execPath, ['--input-type=module', '-e', block('js')], { env, stdio: 'inherit' });
    await eventually(() =>
      fetch(url).then(
        ({ status }) => status === 401,
        () => false,
      ),
    );
  }, 60_000);

  afterAll(async () => {
    service.kill();
    await once(service, 'exit');
    await app?.stop();
    rmSync(folder, { recursive: true });
  });

  async function ask(method: string, token: string): Promise<[status: number, body: unknown]> {
    const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}` } });
    return [response.status, await response.json()];
  }

  it('decides by the rights in a token', async () => {
    expect(await ask('GET', tokens.admin)).toEqual([200, { projects: 'all' }]);
    expect(await ask('POST', tokens.admin)).toEqual([200, { projects: 'all' }]);
    expect(await ask('GET', tokens.user)).toEqual([200, { projects: expect.stringMatching(/^of [0-9a-f-]{36}$/) }]);
    expect(await ask('POST', tokens.user)).toEqual([403, { error: 'You may not submit projects' }]);
    expect((await ask('POST', tokens.researcher))[0]).toBe(200);
    expect((await ask('GET', tokens.org_owner))[0]).toBe(403);
    expect((await ask('DELETE', tokens.researcher))[0]).toBe(403);
  });

  it('rejects a token that was changed', async () => {
    const [head, claims = '', signature] = tokens.user.split('.');
    const changed = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...changed, rights: ['*.*.*'] })).toString('base64url');
    expect((await ask('GET', [head, forged, signature].join('.')))[0]).toBe(401);
  });

  it('needs no connection to this service once it has the keys', async () => {
    await app?.stop();
    app = null;
    expect((await ask('POST', tokens.researcher))[0]).toBe(200);
    expect((await ask('POST', tokens.user))[0]).toBe(403);
  });

  it('has 30 lines', () => {
    expect(block('js').trim().split('\n').length).toBeLessThanOrEqual(30);
  });
});
