import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { emailOf, newAddress } from '../accounts/email/email-app.js';
import { mailsTo } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { signedIn, signIn } from '../support/factories.js';
import { accessibilityViolations, describeInBrowser, launchBrowser } from './browser.js';

const GOOD = 'Better-horse-8';

describeInBrowser('In a browser, an e-mail', () => {
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startApp({ env: { APP_URL: '' } }), launchBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** The link of a mail, as it stands in its plain text. */
  const linkTo = async (email: string, path: string): Promise<string> => {
    const link = new RegExp(`https?://\\S+/${path}\\?token=\\S+`);
    const mails = await mailsTo(app, email, (all) => all.some(({ parsed }) => link.test(parsed.text ?? '')));
    return mails.map(({ parsed }) => link.exec(parsed.text ?? '')?.[0]).find((found) => found !== undefined) ?? '';
  };

  const inWindow = async (options: BrowserContextOptions, work: (page: Page) => Promise<void>): Promise<void> => {
    const context = await browser.newContext(options);
    try {
      await work(await context.newPage());
    } finally {
      await context.close();
    }
  };

  it('is confirmed and taken back with the links of both mails, without scripts', async () => {
    const user = await signedIn(app);
    const { id, email: former } = user.account;
    const email = newAddress();
    await user.post('/account/email', { email });
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await page.goto(await linkTo(email, 'confirm-email'));
      expect(await page.getByLabel('E-mail').inputValue()).toBe(email);
      await page.getByRole('button', { name: 'Confirm the address' }).click();
      await page.getByRole('heading', { name: 'Your e-mail was changed' }).waitFor();
      expect(await emailOf(app, id)).toBe(email);
      await page.goto(await linkTo(former, 'revert-email'));
      await page.getByRole('button', { name: 'Take the change back' }).click();
      await page.getByRole('heading', { name: 'The change was taken back' }).waitFor();
      expect(await emailOf(app, id)).toBe(former);
      await page.goto(await linkTo(former, 'reset-password'));
      await page.getByLabel('New password').fill(GOOD);
      await page.getByRole('button', { name: 'Set the password' }).click();
      await page.getByRole('heading', { name: 'Your password is set' }).waitFor();
      await page.goto(await linkTo(former, 'revert-email'));
      await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor();
    });
    expect((await signIn(app, { email: former, password: GOOD })).token).toEqual(expect.any(String));
  });

  it.each([
    [320, 'light', 'de-DE'],
    [1200, 'dark', 'en'],
  ] as const)('has pages that fit and are accessible at %d px, %s, %s', async (width, colorScheme, locale) => {
    const user = await signedIn(app);
    const [first, second] = [newAddress(), newAddress()];
    await user.post('/account/email', { email: first });
    await inWindow({ viewport: { width, height: 640 }, colorScheme, locale }, async (page) => {
      const check = async (): Promise<void> => {
        const violations = await accessibilityViolations(page);
        expect({ page: page.url(), violations }).toEqual({ page: page.url(), violations: [] });
      };
      await page.goto(await linkTo(first, 'confirm-email'));
      await check();
      await page.locator('button[type=submit]').click();
      await page.waitForURL('**/confirm-email/done');
      await check();
      await user.post('/account/email', { email: second });
      await page.goto(await linkTo(user.account.email, 'revert-email'));
      await check();
      await page.locator('button[type=submit]').click();
      await page.waitForURL('**/revert-email/done');
      await check();
      await page.goto(await linkTo(second, 'confirm-email'));
      await check();
    });
  });
});
