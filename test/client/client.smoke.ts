import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from 'iam-client';
import { queriesOf } from 'iam-client/query';
import type { Browser, Page } from 'playwright-core';
import { directory } from '../clients/directory.js';
import { launchBrowser } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN, APP_URL } from '../support/environment.js';
import { account, admin, PASSWORD } from '../support/factories.js';

/** Where `.ci/client`, which runs this file, has installed the page and its packages; `npm test` does not run it. */
const FOLDER = resolve(process.env['IAM_TEST_CLIENT'] ?? '');
const APP = join(FOLDER, 'app');
const MAX_OWN_LINES = 300;

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };
const ADDRESS = 'http://localhost:3000';

/** Runs a program; an error shows what it printed. */
async function run(program: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  return promisify(execFile)(program, args, options).catch(({ stdout, stderr }: Record<string, string>) => {
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  });
}

/** Loads a package that is installed beside the page. */
const load = (name: string): Promise<unknown> =>
  import(pathToFileURL(createRequire(join(APP, 'package.json')).resolve(name)).href);

describe('iam-client, as it is packed,', () => {
  it('has exports and files that publint finds nothing wrong with', async () => {
    const { stdout } = await run('.ci/package-tools', ['publint', 'run', join(FOLDER, 'iam-client.tgz'), '--strict']);
    expect(stdout).toContain('All good!');
  });

  it('has declarations that TypeScript finds however a project resolves modules', () =>
    run('.ci/package-tools', ['attw', join(FOLDER, 'iam-client.tgz'), '--profile', 'esm-only']));

  it('gives TanStack Query its keys and functions', async () => {
    const app = await startApp();
    try {
      const world = await directory(app);
      const { QueryClient } = (await load('@tanstack/react-query')) as typeof import('./tanstack.js');
      const client = new QueryClient();
      const { accounts } = queriesOf(createClient({ url: app.url, token: world.token }));
      const query = { filter: { name__match: 'of acme' }, sort: 'name' } as const;
      const page = await client.fetchQuery(accounts.list(query));
      expect(client.getQueryData(accounts.list(query).queryKey)).toBe(page);
      const { pages } = await client.fetchInfiniteQuery({ ...accounts.infinite({ ...query, size: 3 }), pages: 3 });
      expect(pages.flatMap(({ data }) => data.map(({ name }) => name))).toEqual(world.acmeNames);
      await client.invalidateQueries({ queryKey: accounts.key });
      expect(client.getQueryState(accounts.list(query).queryKey)?.isInvalidated).toBe(true);
    } finally {
      await app.stop();
    }
  });

  it('verifies access tokens in Express', async () => {
    const app = await startApp({ env: { ACCESS_TOKEN_CLAIMS: 'rights' } });
    // Beside its packages, from where it finds them.
    const sample = join(APP, 'express-sample.js');
    await run('cp', ['packages/client/examples/express.js', sample]);
    const { createServer: create } = (await import(pathToFileURL(sample).href)) as {
      createServer(options: object): { listen(port: number): Server };
    };
    const server = create({ issuer: APP_URL, jwks: `${app.url}/.well-known/jwks.json` }).listen(0);
    try {
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/projects`;
      const { token } = await admin(app);
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      expect([response.status, await response.json()]).toEqual([200, { projects: 'all' }]);
      const rejected = await fetch(url);
      expect([rejected.status, rejected.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    } finally {
      server.close();
      await app.stop();
    }
  });
});

describe('The page of examples/app', () => {
  let app: TestApp;
  let server: Server;
  let browser: Browser;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url === '/' ? '/index.html' : (request.url ?? '');
      response.setHeader('content-type', TYPES[extname(path)] ?? 'text/plain');
      response.end(readFileSync(join(APP, 'dist', path)));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    [app, browser] = await Promise.all([
      startApp({ env: { APP_URL: ADDRESS, CORS_ORIGINS: origin } }),
      launchBrowser(),
    ]);
    const env = { ...process.env, NODE_ENV: 'production', VITE_IAM_URL: `http://localhost:${new URL(app.url).port}` };
    await run('npm', ['run', 'build'], { cwd: APP, env });
    const bundles = readdirSync(join(APP, 'dist/assets')).map((name) => join(APP, 'dist/assets', name));
    const size = bundles.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
    process.stdout.write(`examples/app, with React: ${size} bytes compressed\n`);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    server?.close();
  });

  beforeEach(async () => {
    await app.sql('DELETE FROM accounts WHERE email <> $1', [ADMIN.email]);
    await app.sql('DELETE FROM organizations');
    await page?.context().close();
    page = await (await browser.newContext()).newPage();
    problems = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  });

  /** What axe finds on the page. */
  async function violations(): Promise<string[]> {
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
    return page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))');
  }

  async function signIn(email: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Signed in as').waitFor();
  }

  it('has at most 300 lines of its own', () => {
    const files = readdirSync('examples/app/src').map((name) => join('examples/app/src', name));
    const lines = [...files, 'examples/app/index.html'].map(
      (file) => readFileSync(file, 'utf8').split('\n').length - 1,
    );
    expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(MAX_OWN_LINES);
    expect(statSync('examples/app/package.json').isFile()).toBe(true);
  });

  it('signs in, says what is wrong, and signs out', async () => {
    const { email } = await account(app, { role: 'admin', name: 'Ada' });
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
    expect(await violations()).toEqual([]);
    await signIn(email);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('lists, searches and goes on by cursors', async () => {
    const world = await directory(app);
    const { email } = await account(app, { role: 'admin', name: 'Ada Admin' });
    for (const number of [1, 2, 3, 4]) await account(app, { name: `Person ${number}` });
    await signIn(email);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('cell', { name: 'Zoe of both' }).waitFor();
    await page.getByLabel('Search').fill('of acme');
    await page.getByRole('cell', { name: 'Zoe of both' }).waitFor({ state: 'detached' });
    const names = await page.getByRole('row').locator('td:first-child').allTextContents();
    expect(names).toEqual(world.acmeNames);
    expect(await violations()).toEqual([]);
  });

  it('invites, with an error at its field', async () => {
    const { email } = await account(app, { role: 'admin', name: 'Ada' });
    await signIn(email);
    const form = page.getByRole('form', { name: 'Invite' });
    await form.getByLabel('E-mail').fill(email);
    await form.getByRole('button').click();
    await form.getByRole('alert').filter({ hasText: 'already' }).waitFor();
    await form.getByLabel('E-mail').fill('grace@example.com');
    await form.getByLabel('Name').fill('Grace');
    await form.getByRole('button').click();
    await page.getByText('Invited grace@example.com').waitFor();
    await page.getByRole('row', { name: /Grace.*invited/ }).waitFor();
    expect(problems).toEqual([]);
  });

  it('edits, and does not overwrite what was changed meanwhile', async () => {
    const { email } = await account(app, { role: 'admin', name: 'Ada' });
    const grace = await account(app, { name: 'Grace' });
    await signIn(email);
    await page.getByRole('row', { name: /Grace/ }).getByRole('button', { name: 'Edit' }).click();
    await app.sql(`UPDATE accounts SET name = 'By another', version = version + 1 WHERE id = $1`, [grace.id]);
    const form = page.getByRole('form', { name: `Edit ${grace.email}` });
    await form.getByLabel('Name').fill('By me');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('It was changed to “By another” meanwhile').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'By me' }).waitFor();
    const [row] = await app.sql<{ name: string }>('SELECT name FROM accounts WHERE id = $1', [grace.id]);
    expect(row?.name).toBe('By me');
  });
});
