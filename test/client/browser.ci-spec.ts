import type { Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { createClient } from 'iam-client';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';
import { PASSWORD } from '../support/factories.js';
import { serveClientPage } from './client-page.js';
import { outcomeOf } from './recorded-calls.js';
import { recordedFlows } from './recorded-flows.js';

const PREFIX = 'api/v1/iam';

/** What the page has: the modules of the client, and one of its clients. */
interface ClientWindow {
  iamClient: { createClient: typeof createClient; cookieSession: typeof import('iam-client/auth').cookieSession };
  iam: ReturnType<typeof createClient>;
  events: string[];
}
declare const window: ClientWindow;

describeInBrowser('The client in Chromium', () => {
  let app: TestApp;
  let server: Server;
  let browser: Browser;
  let page: Page;
  let address: string;

  beforeAll(async () => {
    const served = await serveClientPage();
    ({ server } = served);
    address = served.url;
    const env = { API_PREFIX: PREFIX, APP_URL: 'http://localhost:3000', CORS_ORIGINS: address };
    [app, browser] = await Promise.all([startApp({ env }), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    server?.close();
  });
  beforeEach(async () => {
    await page?.context().close();
    page = await open(await browser.newContext());
  });

  /** A tab with a client in cookies. */
  async function open(context: { newPage(): Promise<Page> }): Promise<Page> {
    const tab = await context.newPage();
    await tab.goto(address);
    await tab.waitForFunction('document.title === "Ready"');
    await tab.evaluate(
      ([url, prefix]) => {
        const { createClient: create, cookieSession } = window.iamClient;
        const session = cookieSession();
        window.events = [];
        for (const event of ['signedin', 'signedout'] as const) session.on(event, () => window.events.push(event));
        window.iam = create({ url, prefix, session });
      },
      [`http://localhost:${new URL(app.url).port}`, PREFIX] as const,
    );
    return tab;
  }

  const signIn = (tab: Page, email: string) =>
    tab.evaluate(async ([address, password]) => void (await window.iam.auth.login({ email: address, password })), [
      email,
      PASSWORD,
    ] as const);

  describe('sends', () => {
    recordedFlows(
      () => app,
      async (email) => {
        await signIn(page, email);
        await page.evaluate(`window.outcomeOf = ${outcomeOf.toString()}`);
        return (call) =>
          page.evaluate(
            (sent) => (window as unknown as { outcomeOf: typeof outcomeOf }).outcomeOf(window.iam, sent),
            call as never,
          );
      },
    );
  });

  describe('in several tabs', () => {
    const me = (tab: Page, times: number): Promise<string[]> =>
      tab.evaluate(async (count) => {
        const all = await Promise.all(Array.from({ length: count }, () => window.iam.auth.me()));
        return all.map(({ email }) => email);
      }, times);

    it('refreshes once for all of them', async () => {
      const context = page.context();
      const tabs = [page, await open(context), await open(context)];
      await signIn(page, ADMIN.email);
      await context.clearCookies({ name: 'auth-token' });
      const refreshes: string[] = [];
      context.on('request', (request) => {
        if (request.method() === 'POST' && request.url().endsWith('/auth/refresh')) refreshes.push(request.url());
      });
      const emails = await Promise.all(tabs.map((tab) => me(tab, 5)));
      expect(emails.flat()).toEqual(Array(15).fill(ADMIN.email));
      expect(refreshes).toHaveLength(1);
    });

    it('is signed out in all of them when one signs out', async () => {
      const other = await open(page.context());
      await signIn(page, ADMIN.email);
      await page.evaluate(() => window.iam.auth.logout());
      await other.waitForFunction(() => window.events.includes('signedout'));
      expect(await other.evaluate(() => window.events)).toEqual(['signedin', 'signedout']);
      const error = await other.evaluate(() => window.iam.auth.me().catch(({ code }: { code: string }) => code));
      expect(error).toBe('unauthenticated');
    });
  });
});
