import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { describeInBrowser, launchBrowser } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';
import { document } from '../support/client.js';
import { admin } from '../support/factories.js';

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));

/** How a proxy hands requests on: with the prefix taken off, and as they came. */
const HANDINGS = [
  { name: 'that takes the prefix off', slash: '/' },
  { name: 'that leaves the prefix', slash: '' },
] as const;

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { PUBLIC_PATH: '/iam', API_PREFIX: 'api', APP_URL: '', TRUSTED_PROXIES: '127.0.0.1' } });
});
afterAll(() => app.stop());

const signIn = (base: string): Promise<Response> =>
  fetch(`${base}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ADMIN, cookie: true }),
  });

/** What must hold under a base address, whatever stands in front. */
function serves(base: () => string): void {
  it('cookies carry the path that browsers see', async () => {
    const cookies = (await signIn(base())).headers.getSetCookie();
    expect(cookies.find((cookie) => cookie.startsWith('auth-token='))).toContain('; Path=/iam;');
    expect(cookies.find((cookie) => cookie.startsWith('refresh-token='))).toContain('; Path=/iam/api/auth;');
  });

  it('links lead back through the proxy', async () => {
    const { meta } = (await (
      await fetch(`${base()}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ADMIN),
      })
    ).json()) as { meta: { token: string } };
    const headers = { authorization: `Bearer ${meta.token}` };
    const list = (await (await fetch(`${base()}/api/accounts?page[size]=1&count=true`, { headers })).json()) as {
      data: { links: { self: string } }[];
      links: Record<string, string | null>;
    };
    expect(list.links['first']).toMatch(/^\/iam\/api\/accounts\?/);
    const self = list.data[0]?.links.self ?? '';
    expect(self).toMatch(/^\/iam\/api\/accounts\/[0-9a-f-]{36}$/);
    const response = await fetch(new URL(self, base()), { headers });
    expect(response.status).toBe(200);
    const roles = (await (await fetch(`${base()}/api/roles`, { headers })).json()) as { links: object };
    expect(roles.links).toEqual({ self: '/iam/api/roles' });
  });

  it('health, documentation and pages are there, and / leads to the documentation', async () => {
    const paths = ['/health/ready', '/docs', '/forgot-password', '/.well-known/jwks.json'];
    const responses = await Promise.all(paths.map((path) => fetch(`${base()}${path}`)));
    expect(responses.map(({ status }) => status)).toEqual(paths.map(() => 200));
    const openapi = (await (await fetch(`${base()}/openapi.json`)).json()) as { servers: object };
    expect(openapi.servers).toEqual([{ url: '/iam' }]);
    const root = await fetch(`${base()}/`, { redirect: 'manual' });
    expect(root.headers.get('location')).toBe('/iam/docs');
  });

  it('an address that only begins like the prefix is not there', async () => {
    expect((await fetch(`${base()}x/health/ready`)).status).toBe(404);
  });
}

describe('PUBLIC_PATH, for a client that calls the service itself', () => {
  serves(() => `${app.url}/iam`);

  it('is not needed in the address', async () => {
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
  });

  it('stands in mails when APP_URL is not set', async () => {
    const { post } = await admin({ ...app, url: `${app.url}/api` });
    await post('/accounts', document('iam:accounts', { name: 'Jane Doe', email: 'jane@example.com' }));
    const text = await eventually(() => app.mails.mails.at(-1)?.parsed.text ?? '');
    expect(text).toContain(`http://localhost:${new URL(app.url).port}/iam/join?token=`);
  });
});

const describeWithNginx = NGINX !== undefined || process.env['CI'] ? describe : describe.skip;

describeWithNginx.each(HANDINGS)('PUBLIC_PATH behind an nginx $name', ({ slash }) => {
  let folder: string;
  let nginx: ChildProcess;
  let base: string;

  beforeAll(async () => {
    if (NGINX === undefined) throw new Error('The tests of PUBLIC_PATH need nginx: apt-get install nginx-light.');
    folder = await mkdtemp(join(tmpdir(), 'iam-nginx-'));
    // As root, its workers run as another user, who has to get in.
    await chmod(folder, 0o755);
    const port = await freePort();
    base = `http://127.0.0.1:${port}/iam`;
    const config = join(folder, 'nginx.conf');
    await writeFile(config, configuration(folder, port, `${app.url}${slash}`));
    nginx = spawn(NGINX, ['-p', folder, '-c', config, '-e', join(folder, 'error.log')], { stdio: 'inherit' });
    await eventually(() =>
      fetch(`${base}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    const ended = once(nginx, 'exit');
    nginx.kill('SIGQUIT');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });

  serves(() => base);

  describeInBrowser('in a browser', () => {
    it('the pages of a reset lead from one to the next', async () => {
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage();
        await page.goto(`${base}/forgot-password`);
        await page.getByLabel('E-mail').fill('unknown@example.com');
        await page.getByRole('button').click();
        await page.waitForURL(`${base}/forgot-password/sent`);
        await page.getByRole('link').first().click();
        await page.waitForURL(`${base}/forgot-password`);
      } finally {
        await browser.close();
      }
    });
  });
});

/** As docs/operating.md shows it; what nginx writes stays in the folder. */
const configuration = (folder: string, port: number, upstream: string): string => `
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    location /iam/ {
      proxy_pass ${upstream};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
