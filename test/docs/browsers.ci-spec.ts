import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { account } from '../support/factories.js';

/** The client of the documentation, as a module. */
const [, CLIENT = ''] = /```js\n(export class IamClient [^]*?)```/.exec(readFileSync('docs/browsers.md', 'utf8')) ?? [];

/** Serves an empty page, and the client beside it. */
async function serveFrontEnd(): Promise<Server> {
  const server = createServer((request, response) => {
    const isClient = request.url === '/client.js';
    response.writeHead(200, { 'content-type': isClient ? 'text/javascript' : 'text/html' });
    response.end(isClient ? CLIENT : '<!doctype html><title>Front end</title>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** What the browser runs: the client of the page's own. */
interface ClientInPage {
  signIn(email: string, password: string): Promise<Response>;
  send(method: string, path: string, body?: unknown): Promise<Response>;
  signOut(): Promise<Response>;
}
declare const iam: ClientInPage;

const ACCESS_TOKEN_SECONDS = 2;

describeInBrowser('The client of docs/browsers.md', () => {
  let frontEnd: Server;
  let app: TestApp;
  let browser: Browser;
  let service: string;

  beforeAll(async () => {
    frontEnd = await serveFrontEnd();
    const origins = [`http://localhost:${portOf(frontEnd)}`, `http://127.0.0.1:${portOf(frontEnd)}`];
    const env = {
      APP_URL: 'http://localhost:3000',
      CORS_ORIGINS: origins.join(','),
      ACCESS_TOKEN_SECONDS: String(ACCESS_TOKEN_SECONDS),
    };
    [app, browser] = await Promise.all([startApp({ env }), launchBrowser()]);
    service = `http://localhost:${new URL(app.url).port}`;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    frontEnd?.close();
  });

  /** A tab with the front end, whose client is `iam`. */
  async function openTab(context: { newPage(): Promise<Page> }, host = 'localhost'): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`http://${host}:${portOf(frontEnd)}/`);
    await page.addScriptTag({
      type: 'module',
      content: `import { IamClient } from '/client.js'; globalThis.iam = new IamClient(${JSON.stringify(service)});`,
    });
    await page.waitForFunction('globalThis.iam !== undefined');
    return page;
  }

  const signIn = (page: Page, email: string, password: string): Promise<number> =>
    page.evaluate(async ([name, word]) => (await iam.signIn(name, word)).status, [email, password] as const);
  const me = (page: Page): Promise<number> => page.evaluate(async () => (await iam.send('GET', '/auth/me')).status);

  it('signs in from another origin of the same site, and is still signed in when its access token has expired', async () => {
    const { email, password } = await account(app);
    const context = await browser.newContext();
    const [first, second] = [await openTab(context), await openTab(context)];
    expect(await signIn(first, email, password)).toBe(200);
    expect(await first.evaluate('document.cookie')).toBe('');
    await sleep((ACCESS_TOKEN_SECONDS + 1) * 1000);

    const refreshes: string[] = [];
    for (const tab of [first, second])
      tab.on('request', (request) => request.url().endsWith('/auth/refresh') && refreshes.push(request.method()));
    const several = (page: Page): Promise<number[]> =>
      page.evaluate(async () => {
        const responses = await Promise.all([1, 2, 3].map(() => iam.send('GET', '/accounts?page[size]=1')));
        return responses.map(({ status }) => status);
      });
    expect(await Promise.all([several(first), several(second)])).toEqual([
      [200, 200, 200],
      [200, 200, 200],
    ]);
    // One for all requests of a tab.
    expect(refreshes.filter((method) => method === 'POST').length).toBeLessThanOrEqual(2);

    const status = await first.evaluate(async () => (await iam.signOut()).status);
    expect([status, await me(first), await me(second)]).toEqual([204, 401, 401]);
    await context.close();
  });

  it('gets no cookies on another site, as the documentation says of 127.0.0.1', async () => {
    const { email, password } = await account(app);
    const context = await browser.newContext();
    const page = await openTab(context, '127.0.0.1');
    expect(await signIn(page, email, password)).toBe(200);
    expect(await me(page)).toBe(401);
    await context.close();
  });
});
