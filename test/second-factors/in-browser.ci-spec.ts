import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { accessibilityViolations, describeInBrowser, launchBrowser, axeViolations } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, type TestAccount } from '../support/factories.js';
import { Authenticator } from './factors.js';
import { REQUIRED, RequiredByName } from './required.js';

/** A folder for pictures of all pages, to be looked at. */
const PICTURES = process.env['PAGE_PICTURES'];

describeInBrowser('In a browser, second factors', () => {
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    [app, browser] = await Promise.all([
      startApp({ extension: { modules: [RequiredByName] }, env: { APP_URL: '' } }),
      launchBrowser(),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  const own = (path: string): string => `http://localhost:${new URL(app.url).port}${path}`;

  const inWindow = async (work: (page: Page) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en', ...options });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      await work(page);
    } finally {
      await context.close();
    }
  };

  /** The first step of a sign-in, by keyboard. */
  const enter = async (page: Page, { email, password }: Pick<TestAccount, 'email' | 'password'>, path = '/account') => {
    await page.goto(own(`/sign-in?return_to=${encodeURIComponent(path)}`));
    await page.locator('#email').fill(email);
    await page.keyboard.press('Enter');
    await page.locator('#password').fill(password);
    await page.keyboard.press('Enter');
  };

  /** Adds an app on the page, as a person does who types in the key. */
  const add = async (page: Page, look: (name: string) => Promise<void> = () => Promise.resolve()) => {
    await page.locator('#name').fill('My phone');
    await page.locator('form:has(#name) button').click();
    const key = await page.locator('p.key').textContent();
    const phone = new Authenticator((key ?? '').replaceAll(' ', ''));
    await look('enrolment');
    await page.locator('#code').fill(phone.wrong());
    await page.keyboard.press('Enter');
    await page.locator('.error').waitFor();
    await look('wrong-code');
    await page.locator('#code:focus').waitFor();
    await page.keyboard.type(phone.code());
    await page.keyboard.press('Enter');
    await page.waitForURL(/notice=added/);
    return phone;
  };

  /** Makes recovery codes on the page. */
  const makeCodes = async (page: Page): Promise<string[]> => {
    await page.locator('form:has([value=codes]) button').click();
    return page.locator('ol.codes li').allTextContents();
  };

  it('are required, added without a script, and asked for at the next sign-in', async () => {
    const user = await account(app, { name: REQUIRED });
    await inWindow(async (page) => {
      await enter(page, user, '/account/profile');
      await page.getByText('Add one to go on.').waitFor();
      await page.goto(own('/account/change-email'));
      await page.getByText('Add one to go on.').waitFor();
      const phone = await add(page);
      await page.getByText('The app is added.').waitFor();
      await page.getByRole('link', { name: 'Continue' }).click();
      await page.getByRole('heading', { name: 'Change your e-mail' }).waitFor();
      await inWindow(async (second) => {
        await enter(second, user, '/account/profile');
        await second.getByRole('heading', { name: 'Second factor' }).waitFor();
        await second.locator('#code:focus').waitFor();
        await second.keyboard.type(phone.wrong());
        await second.keyboard.press('Enter');
        await second.locator('.error').first().waitFor();
        await second.locator('#code:focus').waitFor();
        await second.keyboard.type(phone.code());
        await second.keyboard.press('Enter');
        await second.getByRole('heading', { name: 'Your profile' }).waitFor();
      });
    });
  });

  it('have recovery codes that are downloaded as they are shown, and sign in in place of a code', async () => {
    const user = await account(app);
    await inWindow(
      async (page) => {
        await enter(page, user);
        await page.getByRole('link', { name: 'Add an authenticator app' }).click();
        await add(page);
        const codes = await makeCodes(page);
        expect(codes).toHaveLength(10);
        const waiting = page.waitForEvent('download');
        await page.getByRole('link', { name: 'Download as a text file' }).click();
        const download = await waiting;
        expect(download.suggestedFilename()).toBe('recovery-codes.txt');
        const saved = await readFile(await download.path(), 'utf8');
        expect(saved.split('\r\n').filter((line) => codes.includes(line))).toEqual(codes);
        await page.getByRole('link', { name: 'I have saved them' }).click();
        await page.getByText('10 left').waitFor();
        await inWindow(async (second) => {
          await enter(second, user);
          await second.getByLabel('Recovery code').fill(codes[3] ?? '');
          await second.keyboard.press('Enter');
          await second.getByText('9 left').waitFor();
        });
      },
      { acceptDownloads: true },
    );
  });

  it('are not asked for on a device that is trusted, until the password changes', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      await enter(page, user);
      await page.getByRole('link', { name: 'Add an authenticator app' }).click();
      const phone = await add(page);
      await inWindow(async (second) => {
        const signOut = async () => {
          await second.goto(own('/sign-out'));
          await second.locator('form button').click();
          await second.getByText('You are signed out').waitFor();
        };
        await enter(second, user);
        await second.locator('#code').fill(phone.code());
        await second.getByLabel('Trust this device for 30 days').check();
        await second.locator('#code').press('Enter');
        await second.getByRole('heading', { name: 'Your account' }).waitFor();
        await signOut();
        await enter(second, user);
        await second.getByRole('heading', { name: 'Your account' }).waitFor();
        await second.goto(own('/account/change-password'));
        await second.locator('#current_password').fill(user.password);
        await second.locator('#new_password').fill('Better-horse-8');
        await second.keyboard.press('Enter');
        await second.getByText('Your password is changed.').waitFor();
        await signOut();
        await enter(second, { ...user, password: 'Better-horse-8' });
        await second.getByRole('heading', { name: 'Second factor' }).waitFor();
      });
    });
  });

  it('are removed, and then a sign-in needs no code', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      await enter(page, user);
      await page.getByRole('link', { name: 'Add an authenticator app' }).click();
      await add(page);
      await page.locator('summary').click();
      await page.getByRole('button', { name: 'Remove My phone' }).click();
      await page.getByText('The app is removed.').waitFor();
      await inWindow(async (second) => {
        await enter(second, user);
        await second.getByRole('heading', { name: 'Your account' }).waitFor();
      });
    });
  });

  it.each([
    ['phone', 320, 'en', 'light'],
    ['desktop', 1280, 'de', 'dark'],
  ] as const)('have pages that fit and are accessible on a %s', async (name, width, locale, colorScheme) => {
    const user = await account(app, { name: REQUIRED });
    await inWindow(
      async (page) => {
        const look = async (picture: string): Promise<void> => {
          if (PICTURES) {
            mkdirSync(PICTURES, { recursive: true });
            await page.screenshot({ path: join(PICTURES, `factors-${name}-${picture}.png`), fullPage: true });
          }
          const violations = await accessibilityViolations(page);
          expect({ picture, violations, axe: await axeViolations(page) }).toEqual({ picture, violations: [], axe: [] });
        };
        await enter(page, user);
        await page.waitForURL(/second-factors/);
        await look('required');
        const phone = await add(page, look);
        await look('added');
        await page.locator('summary').click();
        await look('removing');
        await page.locator('details button').click();
        await look('last');
        await makeCodes(page);
        await look('recovery-codes');
        await page.goto(own('/account'));
        await look('account');
        await page.context().clearCookies();
        await enter(page, user);
        await page.locator('#code').waitFor();
        await look('second-step');
        await page.locator('#code').fill('000');
        await page.locator('[type=checkbox]').check();
        await page.locator('#code').press('Enter');
        await page.locator('.error').first().waitFor();
        await look('second-step-errors');
        await page.locator('[type=checkbox]:checked').waitFor();
        await page.locator('#code').fill(phone.code());
        await page.locator('#code').press('Enter');
        await page.waitForURL(own('/account'));
        await page.goto(own('/account/second-factors'));
        await page.locator('[value=distrust]').waitFor({ state: 'attached' });
        await look('trusted-devices');
      },
      // The Content-Security-Policy lets no script of a test in; the pages themselves are used without one above.
      { viewport: { width, height: 800 }, colorScheme, locale, javaScriptEnabled: true, bypassCSP: true },
    );
  });
});
