import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { passkey } from '../../src/testing/authenticators.js';
import { accessibilityViolations, axeViolations, describeInBrowser, launchBrowser } from '../pages/browser.js';
import { ageSignIn } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, signIn, type TestAccount } from '../support/factories.js';
import { REQUIRED, RequiredByName } from '../second-factors/required.js';

const LIBRARY = createRequire(import.meta.url)
  .resolve('@simplewebauthn/browser')
  .replace(/(script|esm)\/index\.js$/, 'dist/bundle/index.umd.min.js');
/** A browser that waits for the button: without it, a present person is signed in before the button is clicked. */
const WITHOUT_CONDITIONAL_UI = 'PublicKeyCredential.isConditionalMediationAvailable = async () => false';
/** What a front end does: it adds a passkey, and signs in with it. Gives the id of the account. */
const FRONT_END = `async (token) => {
  const { startRegistration, startAuthentication } = window.SimpleWebAuthnBrowser;
  const post = async (path, body) => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer ' + token };
    return (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const made = (await post('/account_passkeys/options', {})).meta;
  const created = await startRegistration({ optionsJSON: made.options });
  await post('/account_passkeys', { transaction: made.transaction, response: created, name: 'My phone' });
  const { meta } = await post('/auth/passkey/options', { purpose: 'sign_in' });
  const response = await startAuthentication({ optionsJSON: meta.options });
  return (await post('/auth/passkey', { transaction: meta.transaction, response })).data.id;
}`;

/** A folder for pictures of all pages, to be looked at. */
const PICTURES = process.env['PAGE_PICTURES'];

describeInBrowser('In a browser, passkeys', () => {
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
    const context = await browser.newContext({ locale: 'en', ...options });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      await work(page);
    } finally {
      await context.close();
    }
  };

  /** Signs in by password, in a browser without passkeys of the account. */
  const enter = async (page: Page, { email, password }: Pick<TestAccount, 'email' | 'password'>, path = '/account') => {
    await page.goto(own(`/sign-in?return_to=${encodeURIComponent(path)}`));
    await page.getByLabel('E-mail').fill(email);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(own(path));
  };

  const signOut = async (page: Page): Promise<void> => {
    await page.goto(own('/sign-out'));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  };

  /** Adds a passkey on the page of the account. */
  const add = async (page: Page, name: string): Promise<void> => {
    await page.goto(own('/account/passkeys'));
    await page.getByLabel('Name of the new passkey').fill(name);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('The passkey is added.').waitFor();
  };

  it('are added by name, and sign in without a name', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      const device = await passkey(page);
      await enter(page, user);
      await page.getByRole('link', { name: 'Add a passkey' }).click();
      await page.getByLabel('Name of the new passkey').fill('My phone');
      await page.getByRole('button', { name: 'Add a passkey' }).click();
      await page.getByText('The passkey is added.').waitFor();
      await page.getByText('My phone').first().waitFor();
      expect(await device.list()).toHaveLength(1);
      await signOut(page);
      await page.addInitScript(WITHOUT_CONDITIONAL_UI);
      await page.goto(own('/sign-in?return_to=%2Faccount%2Fprofile'));
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await page.waitForURL(own('/account/profile'));
    });
  });

  it('are offered in the field of the e-mail, without a button', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      await passkey(page);
      await enter(page, user);
      await add(page, 'My phone');
      await signOut(page);
      await page.goto(own('/sign-in'));
      await page.waitForURL(own('/account'));
    });
  });

  it('are not seen without scripts, and everything else works', async () => {
    const user = await account(app);
    await inWindow(
      async (page) => {
        await page.goto(own('/sign-in'));
        expect(await page.getByRole('button').allTextContents()).toEqual(['Continue']);
        await enter(page, user);
        await page.goto(own('/account/passkeys'));
        await page.getByText('This browser cannot use passkeys').waitFor();
        expect(await page.getByRole('button').count()).toBe(0);
      },
      { javaScriptEnabled: false },
    );
  });

  it('are renamed and removed', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      await passkey(page);
      await enter(page, user);
      await add(page, 'My phone');
      await page.getByText('Change').click();
      await page.getByLabel('Name', { exact: true }).fill('My old phone');
      await page.getByRole('button', { name: 'Rename' }).click();
      await page.getByText('The passkey is renamed.').waitFor();
      await page.getByText('Change').click();
      await page.getByRole('button', { name: 'Remove My old phone' }).click();
      await page.getByText('The passkey is removed.').waitFor();
      await page.getByText('None yet.').waitFor();
    });
  });

  it('are not accepted without user verification', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      const device = await passkey(page);
      await enter(page, user);
      await add(page, 'My phone');
      await signOut(page);
      await device.setUserVerified(false);
      await page.goto(own('/sign-in'));
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await page.getByText('The passkey was not accepted.').waitFor();
      expect(page.url()).toBe(own('/sign-in'));
    });
  });

  it('of a second device sign in to the same account, and those that were removed do not', async () => {
    const user = await account(app);
    await inWindow(async (laptop) => {
      await passkey(laptop);
      await enter(laptop, user);
      await add(laptop, 'My laptop');
      await inWindow(async (phone) => {
        await passkey(phone);
        await enter(phone, user);
        await add(phone, 'My phone');
        await signOut(phone);
        await laptop.goto(own('/account/passkeys'));
        await laptop.locator('li', { hasText: 'My phone' }).getByText('Change').click();
        await laptop.getByRole('button', { name: 'Remove My phone' }).click();
        await laptop.getByText('The passkey is removed.').waitFor();
        await phone.goto(own('/sign-in'));
        await phone.waitForURL(own('/sign-in?failed='));
        await phone.getByText('The passkey was not accepted.').waitFor();
      });
      await signOut(laptop);
      await laptop.goto(own('/sign-in'));
      await laptop.waitForURL(own('/account'));
    });
  });

  it('that were copied from a device are not accepted beside it', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      const device = await passkey(page, { synced: false });
      await enter(page, user);
      await add(page, 'My key');
      const copy = await device.list();
      await signOut(page);
      await page.goto(own('/sign-in'));
      await page.waitForURL(own('/account'));
      await inWindow(async (thief) => {
        const stolen = await passkey(thief, { synced: false });
        await stolen.copy(copy);
        await thief.goto(own('/sign-in'));
        await thief.waitForURL(own('/sign-in?failed='));
        await thief.getByText('The passkey was not accepted.').waitFor();
      });
    });
  });

  it('prove again who one is, in place of the password', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      const device = await passkey(page);
      await enter(page, user);
      await add(page, 'My phone');
      await ageSignIn(user.id, app);
      await device.setUserVerified(false);
      await page.goto(own('/account/passkeys'));
      await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
      await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
      await page.getByText('That did not work. Try again.').waitFor();
      await device.setUserVerified(true);
      await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
      await page.waitForURL(own('/account/passkeys'));
      await page.getByText('My phone').first().waitFor();
    });
  });

  it('are the second step of a sign-in by password where one is required, unless the device is trusted', async () => {
    const user = await account(app);
    await inWindow(async (page) => {
      await passkey(page);
      await enter(page, user);
      await add(page, 'My phone');
      await app.sql('UPDATE accounts SET name = $2 WHERE id = $1', [user.id, REQUIRED]);
      await signOut(page);
      await page.addInitScript(WITHOUT_CONDITIONAL_UI);
      const signInByPassword = async () => {
        await page.goto(own('/sign-in?return_to=%2Faccount%2Fprofile'));
        await page.getByLabel('E-mail').fill(user.email);
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByLabel('Password', { exact: true }).fill(user.password);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      };
      await signInByPassword();
      await page.getByRole('heading', { name: 'Second factor' }).waitFor();
      await page.getByLabel('Trust this device for 30 days').check();
      await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
      await page.waitForURL(own('/account/profile'));
      await signOut(page);
      await signInByPassword();
      await page.waitForURL(own('/account/profile'));
    });
  });

  it('work in a front end with @simplewebauthn/browser, as docs/passkeys.md has it', async () => {
    const user = await account(app);
    const { token } = await signIn(app, user);
    await inWindow(
      async (page) => {
        await passkey(page);
        await page.goto(own('/forgot-password'));
        await page.addScriptTag({ path: LIBRARY });
        const signedInAs = await page.evaluate(`(${FRONT_END})(${JSON.stringify(token)})`);
        expect(signedInAs).toBe(user.id);
      },
      { bypassCSP: true },
    );
  });

  it.each([
    ['phone', 390, 'en', 'light'],
    ['desktop', 1280, 'de', 'dark'],
  ] as const)('are accessible on a %s', async (name, width, locale, colorScheme) => {
    const user = await account(app);
    await inWindow(
      async (page) => {
        const device = await passkey(page);
        const look = async (picture: string): Promise<void> => {
          const violations = await accessibilityViolations(page);
          expect({ picture, violations, axe: await axeViolations(page) }).toEqual({ picture, violations: [], axe: [] });
          if (!PICTURES) return;
          mkdirSync(PICTURES, { recursive: true });
          await page.screenshot({ path: join(PICTURES, `passkeys-${name}-${picture}.png`), fullPage: true });
        };
        await device.setPresent(false);
        await page.goto(own('/sign-in'));
        await look('sign-in');
        await page.goto(own('/sign-in?failed='));
        await look('failed');
        await page.locator('#email').fill(user.email);
        await page.keyboard.press('Enter');
        await page.locator('#password').fill(user.password);
        await page.keyboard.press('Enter');
        await page.waitForURL(own('/account'));
        await page.goto(own('/account/passkeys'));
        await look('none');
        await device.setPresent(true);
        await page.locator('#name').fill('YubiKey');
        await page.locator('form[data-passkey] button').click();
        await page.waitForURL(own('/account/passkeys?notice=added'));
        await page.locator('summary').click();
        await look('one');
        await page.goto(own('/account'));
        await look('account');
        await ageSignIn(user.id, app);
        await page.goto(own('/account/passkeys'));
        await look('confirm');
      },
      { locale, colorScheme, viewport: { width, height: 800 }, bypassCSP: true },
    );
  });
});
