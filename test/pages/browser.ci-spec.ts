import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { mailsTo } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, send } from '../support/client.js';
import { ADMIN } from '../support/environment.js';
import { account, admin, signIn } from '../support/factories.js';
import { accessibilityViolations, describeInBrowser, launchBrowser } from './browser.js';

const GOOD = 'Better-horse-8';

/** The link of a mail, as it stands in its plain text. */
async function linkTo(app: TestApp, email: string, count = 1): Promise<string> {
  const mails = await mailsTo(app, email, count);
  return /https?:\/\/\S+token=\S+/.exec(mails[count - 1]?.parsed.text ?? '')?.[0] ?? '';
}

describeInBrowser('In a browser', () => {
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    // Without APP_URL links lead to the service itself: it is whole without a front end.
    [app, browser] = await Promise.all([startApp({ env: { APP_URL: '' } }), launchBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** The service's address in its own links. */
  const own = (): string => `http://localhost:${new URL(app.url).port}`;

  /** Works in a fresh window, and expects it to have nothing to complain about. */
  async function inWindow(options: BrowserContextOptions, work: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    const complaints: string[] = [];
    try {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
      });
      await work(page);
    } finally {
      await context.close();
    }
    expect(complaints).toEqual([]);
  }

  /** Invites an account through the API and returns the link of its mail. */
  async function invite(email: string, languages: string): Promise<string> {
    const { post } = await admin(app);
    const headers = { 'accept-language': languages };
    const response = await post('/accounts', document('iam:accounts', { name: 'Jane Doe', email }), headers);
    expect(response.status).toBe(200);
    return linkTo(app, email);
  }

  it.each([
    ['with scripts', true, 'en'],
    ['without scripts', false, 'en'],
    ['without scripts, in German', false, 'de-DE'],
  ])('an invited user opens the link, chooses a password and signs in: %s', async (how, javaScriptEnabled, locale) => {
    const email = `${how.replace(/\W+/g, '-')}@example.com`;
    const link = await invite(email, locale);
    expect(link.startsWith(`${own()}/join?token=`)).toBe(true);
    await inWindow({ javaScriptEnabled, locale }, async (page) => {
      await page.goto(link);
      const labels =
        locale === 'en'
          ? ['Name', 'Password', 'Accept the invitation', 'Welcome']
          : ['Name', 'Passwort', 'Einladung annehmen', 'Willkommen'];
      const [name = '', password = '', submit = '', welcome = ''] = labels;
      // The reader starts where there is something to do.
      expect(await page.getByLabel(password, { exact: true }).evaluate((field) => field.matches(':focus'))).toBe(true);
      await page.keyboard.type('abc');
      await page.keyboard.press('Enter');
      await page.getByText(locale === 'en' ? 'must contain a digit' : 'muss eine Ziffer enthalten').waitFor();
      expect(await page.getByLabel(password, { exact: true }).inputValue()).toBe('');
      await page.getByLabel(name, { exact: true }).fill('Jane Roe');
      await page.getByLabel(password, { exact: true }).fill(GOOD);
      await page.getByRole('button', { name: submit }).click();
      await page.getByRole('heading', { name: welcome }).waitFor();
      expect(page.url()).toBe(`${own()}/join/done`);
      await page.reload();
      await page.getByRole('heading', { name: welcome }).waitFor();
    });
    const { token } = await signIn(app, { email, password: GOOD });
    const me = await send(app, 'GET', '/auth/me', { token });
    expect(me.body.data.attributes).toMatchObject({ email, name: 'Jane Roe' });
  });

  it('a user who forgot the password asks for a mail and sets another one', async () => {
    const { email } = await account(app, { name: 'Jane Doe' });
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${app.url}/forgot-password`);
      await page.getByLabel('E-mail').fill(email);
      await page.getByRole('button', { name: 'Send the link' }).click();
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
      await page.goto(await linkTo(app, email));
      await page.getByLabel('New password').fill(GOOD);
      await page.getByRole('button', { name: 'Set the password' }).click();
      await page.getByRole('heading', { name: 'Your password is set' }).waitFor();
      await page.goBack();
      await page.goto(await linkTo(app, email));
      await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor();
      await page.getByRole('link', { name: 'Send me a new link' }).click();
      await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
    });
    await signIn(app, { email, password: GOOD });
  });

  it('a user who is signed in with cookies can use the pages, too', async () => {
    const { email } = await account(app);
    await inWindow({}, async (page) => {
      // A stale one is enough: what counts is that the browser sends it along.
      await page.context().addCookies([{ name: 'auth-token', value: 'stale', url: app.url }]);
      await page.goto(`${app.url}/forgot-password`);
      await page.getByLabel('E-mail').fill(email);
      await page.getByRole('button', { name: 'Send the link' }).click();
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    });
  });

  it('a password can be looked at where scripts run', async () => {
    const link = await invite('looker@example.com', 'en');
    await inWindow({}, async (page) => {
      await page.goto(link);
      const field = page.locator('#password');
      const button = page.getByRole('button', { name: 'Show password' });
      await field.fill('abc');
      await button.click();
      expect([await field.getAttribute('type'), await button.getAttribute('aria-pressed')]).toEqual(['text', 'true']);
      await button.click();
      expect([await field.getAttribute('type'), await button.getAttribute('aria-pressed')]).toEqual([
        'password',
        'false',
      ]);
    });
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await page.goto(link);
      expect(await page.getByRole('button').count()).toBe(1);
    });
  });

  it('a page that is not accessible is found', async () => {
    await inWindow({}, async (page) => {
      await page.setContent(
        '<main><p style="color: #999">Hi</p><input name="x" style="height: 9px; width: 4000px"></main>',
      );
      expect(await accessibilityViolations(page)).toHaveLength(8);
    });
  });

  it.each([
    [320, 'light', 'de-DE'],
    [320, 'dark', 'en'],
    [768, 'light', 'en'],
    [1200, 'dark', 'de-DE'],
  ] as const)('every page fits and is accessible at %d px, %s, %s', async (width, colorScheme, locale) => {
    const email = `fits-${width}-${colorScheme}@example.com`;
    const join = await invite(email, 'en');
    const { email: other } = await account(app);
    await send(app, 'POST', '/account/passwords/request_reset', { body: { email: other } });
    const reset = await linkTo(app, other);
    await inWindow({ viewport: { width, height: 640 }, colorScheme, locale }, async (page) => {
      const check = async () => {
        expect({ page: page.url(), errors: await accessibilityViolations(page) }).toEqual({
          page: page.url(),
          errors: [],
        });
      };
      for (const address of [
        join,
        reset,
        '/forgot-password',
        '/join/done',
        '/reset-password/done',
        '/forgot-password/sent',
        '/join?token=x',
      ]) {
        await page.goto(new URL(address, app.url).href);
        await check();
      }
      for (const address of [join, reset, '/forgot-password']) {
        await page.goto(new URL(address, app.url).href);
        if (address === join) await page.locator('#name').fill('');
        await page.locator('button[type=submit]').click();
        await page.locator('.error').first().waitFor();
        expect(await page.locator('input:focus').getAttribute('aria-invalid')).toBe('true');
        await check();
      }
    });
  });

  it.each([390, 1280])('/ leads to the documentation, which lists accounts, at %d px', async (width) => {
    const { token } = await signIn(app, ADMIN);
    await inWindow({ viewport: { width, height: 900 } }, async (page) => {
      await page.goto(app.url);
      expect(page.url()).toBe(`${app.url}/docs`);
      await page.locator('.auth-wrapper .authorize').click();
      await page.getByLabel('auth-bearer-value').fill(token);
      await page.locator('.auth-btn-wrapper .authorize').first().click();
      await page.locator('.btn-done').first().click();
      const operation = page.locator('#operations-Accounts-accounts_index');
      await operation.locator('.opblock-summary-control').click();
      await operation.getByText('Try it out').click();
      const size = operation.locator('tr[data-param-name="page[size]"] input');
      expect(await size.inputValue()).toBe('20');
      const { x, width: wide } = (await size.boundingBox()) ?? { x: NaN, width: NaN };
      expect(x).toBeGreaterThan(0);
      expect(x + wide).toBeLessThan(width);
      await operation.locator('.btn.execute').click();
      const response = operation.locator('.live-responses-table');
      await expect(response.locator('.response-col_status').last().innerText()).resolves.toContain('200');
      await expect(response.locator('.response-col_description').last().innerText()).resolves.toContain(ADMIN.email);
    });
  });
});
