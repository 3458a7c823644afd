import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { emailOf, newAddress } from '../accounts/email/email-app.js';
import { mailsTo } from '../accounts/mails.js';
import { ageSignIn } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, signIn, type TestAccount } from '../support/factories.js';
import { accessibilityViolations, describeInBrowser, launchBrowser, axeViolations } from './browser.js';

/** A folder for pictures of all pages, to be looked at. */
const PICTURES = process.env['PAGE_PICTURES'];

describeInBrowser('In a browser, the own account', () => {
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startApp({ env: { APP_URL: '' } }), launchBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** The service's address in its own links. */
  const own = (path: string): string => `http://localhost:${new URL(app.url).port}${path}`;

  const inWindow = async (
    work: (page: Page, context: BrowserContext) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en', ...options });
    try {
      await work(await context.newPage(), context);
    } finally {
      await context.close();
    }
  };

  /** The newest link of a mail, as it stands in its plain text. */
  const linkTo = async (email: string, path: string): Promise<string> => {
    const link = new RegExp(`https?://\\S+/${path}\\?token=\\S+`);
    const mails = await mailsTo(app, email, (all) => all.some(({ parsed }) => link.test(parsed.text ?? '')));
    return mails.map(({ parsed }) => link.exec(parsed.text ?? '')?.[0]).findLast((found) => found !== undefined) ?? '';
  };

  /** Both steps of the page to sign in, by keyboard: the field to fill in has the focus. */
  const enter = async (page: Page, { email, password }: Pick<TestAccount, 'email' | 'password'>): Promise<void> => {
    await page.locator('#email:focus').waitFor();
    await page.keyboard.type(email);
    await page.keyboard.press('Enter');
    await page.locator('#password:focus').waitFor();
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
  };

  it('is signed in to with return_to, after a wrong password', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      await page.goto(own('/account/profile'));
      expect(page.url()).toBe(own('/sign-in?return_to=%2Faccount%2Fprofile'));
      await enter(page, { email: user.email, password: 'Wrong-horse-1' });
      await page.getByText('The e-mail or the password is wrong').waitFor();
      expect(await page.getByLabel('E-mail').inputValue()).toBe(user.email);
      await page.locator('#password:focus').waitFor();
      await page.keyboard.type(user.password);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Your profile' }).waitFor();
      await page.getByLabel('Name').fill('Jane Roe');
      await page.getByLabel('Language').selectOption('Deutsch');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Ihr Profil ist gespeichert.').waitFor();
      await page.getByRole('button', { name: 'Abmelden' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.goto(own('/account'));
      expect(page.url()).toBe(own('/sign-in?return_to=%2Faccount'));
    });
  });

  it('gets another e-mail by the link of a mail, and the former one back by that of the other', async () => {
    const user = await account(app);
    const email = newAddress();
    await inWindow(async (page) => {
      await page.goto(own('/sign-in'));
      await enter(page, user);
      await page.getByRole('heading', { name: 'Your account' }).waitFor();
      await ageSignIn(user.id, app);
      await page.getByRole('link', { name: 'Change E-mail' }).click();
      await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
      await page.locator('#password:focus').waitFor();
      await page.keyboard.type(user.password);
      await page.keyboard.press('Enter');
      await page.getByLabel('New e-mail').fill(email);
      await page.getByRole('button', { name: 'Send the link' }).click();
      await page.getByText('A message is on its way to the new address.').waitFor();
      await page.goto(await linkTo(email, 'confirm-email'));
      await page.getByRole('button', { name: 'Confirm the address' }).click();
      await page.getByRole('heading', { name: 'Your e-mail was changed' }).waitFor();
      await page.goto(own('/account'));
      await page.getByText(email).waitFor();
      await page.goto(await linkTo(user.email, 'revert-email'));
      await page.getByRole('button', { name: 'Take the change back' }).click();
      await page.getByRole('heading', { name: 'The change was taken back' }).waitFor();
      expect(await emailOf(app, user.id)).toBe(user.email);
      await page.goto(own('/account'));
      expect(page.url()).toBe(own('/sign-in?return_to=%2Faccount'));
    });
  });

  it('shows the session of a second browser, and ends it there', async () => {
    const user = await account(app);
    await inWindow(async (first) => {
      await first.goto(own('/sign-in'));
      await enter(first, user);
      await inWindow(
        async (second) => {
          await second.goto(own('/sign-in'));
          await enter(second, user);
          await second.getByRole('heading', { name: 'Your account' }).waitFor();
          await first.reload();
          await first.getByRole('button', { name: /^End Firefox, Windows/ }).click();
          await first.getByText('The session has ended.').waitFor();
          await second.reload();
          await second.waitForURL(own('/sign-in?return_to=%2Faccount'));
        },
        { userAgent: 'Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0' },
      );
    });
  });

  it('goes on without an interruption when the access cookie has expired', async () => {
    const user = await account(app);
    await inWindow(async (page, context) => {
      await page.goto(own('/sign-in'));
      await enter(page, user);
      await page.getByRole('link', { name: 'Change Name' }).click();
      await page.getByLabel('Name').fill('Late Jane');
      await context.clearCookies({ name: 'auth-token' });
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Your profile is saved.').waitFor();
      await page.getByText('Late Jane').waitFor();
    });
  });

  it.each([
    [320, 'light', 'de-DE'],
    [320, 'dark', 'en'],
    [1200, 'light', 'en'],
    [1200, 'dark', 'de-DE'],
  ] as const)('has pages that fit and are accessible at %d px, %s, %s', async (width, colorScheme, locale) => {
    const user = await account(app, { name: 'Jane Doe-Featherstonehaugh' });
    for (let n = 0; n < 3; n++) await signIn(app, user);
    await inWindow(
      async (page) => {
        const check = async (name: string): Promise<void> => {
          if (PICTURES) {
            mkdirSync(PICTURES, { recursive: true });
            await page.screenshot({ path: join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: true });
          }
          const violations = await accessibilityViolations(page);
          expect({ name, violations, axe: await axeViolations(page) }).toEqual({ name, violations: [], axe: [] });
        };
        await page.goto(own('/sign-in'));
        await check('sign-in');
        await page.locator('#email:focus').waitFor();
        await page.keyboard.type(user.email);
        await page.keyboard.press('Enter');
        await page.locator('#password:focus').waitFor();
        await check('password');
        await page.keyboard.press('Enter');
        await page.locator('.error').first().waitFor();
        await check('wrong-password');
        await page.keyboard.type(user.password);
        await page.keyboard.press('Enter');
        await page.waitForURL(own('/account'));
        await page.goto(own('/account?notice=email'));
        await check('account');
        for (const name of ['profile', 'change-password', 'change-email']) {
          await page.goto(own(`/account/${name}`));
          await check(name);
          if (name === 'profile') await page.locator('#name').fill('');
          await page.locator('main button[type=submit]').click();
          await page.locator('.error').first().waitFor();
          await check(`${name}-errors`);
        }
        await page.goto(own('/account/confirm'));
        await check('confirm');
        await page.goto(own('/sign-out'));
        await check('sign-out');
        await page.locator('main button[type=submit]').click();
        await page.waitForURL(own('/sign-out/done'));
        await check('signed-out');
      },
      // The Content-Security-Policy lets no script of a test in; the pages themselves are used without one above.
      { viewport: { width, height: 640 }, colorScheme, locale, javaScriptEnabled: true, bypassCSP: true },
    );
  });
});
