import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { mailsTo } from '../accounts/mails.js';
import { accessibilityViolations, describeInBrowser, launchBrowser } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { document } from '../support/client.js';
import { account, admin, PASSWORD } from '../support/factories.js';

/** Where the pictures of the pages go; none are made without it. */
const PICTURES = process.env['PAGE_PICTURES'];
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };

describeInBrowser('In a browser, with a real provider', () => {
  let app: TestApp;
  let browser: Browser;
  let provider: ChildProcess;
  let base: string;
  let issuer: string;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startApp({ env: { APP_URL: '' } }), launchBrowser()]);
    base = app.url.replace('127.0.0.1', 'localhost');
    const script = join(import.meta.dirname, '../support/oidc-provider.process.js');
    provider = spawn(process.execPath, [script, `${base}/auth/sso/acme/callback`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (!provider.stdout) throw new Error('The provider prints nothing');
    [issuer = ''] = (await once(createInterface(provider.stdout), 'line')) as string[];
    const made = await (
      await admin(app)
    ).post(
      '/identity_providers',
      document('iam:identity_providers', {
        ...{
          slug: 'acme',
          name: 'Acme',
          kind: 'oidc',
          issuer,
          client_id: 'iam',
          client_secret: 'a secret of the client',
        },
        domains: ['acme.example'],
        join: 'domain',
      }),
    );
    if (made.status !== 200) throw new Error(made.text);
  }, 60_000);
  afterAll(async () => {
    provider?.kill();
    await browser?.close();
    await app?.stop();
  });

  const inWindow = async (options: BrowserContextOptions, work: (page: Page) => Promise<void>): Promise<void> => {
    const context = await browser.newContext(options);
    try {
      await work(await context.newPage());
    } finally {
      await context.close();
    }
  };
  const picture = async (page: Page, name: string): Promise<void> => {
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `sso-${name}.png`), fullPage: true });
  };
  /** Enters the e-mail, goes to the provider, signs in there and agrees. */
  const signIn = async (page: Page, email: string): Promise<void> => {
    await page.goto(`${base}/sign-in`);
    await page.fill('input[name=email]', email);
    await page.click('main button');
    await page.click('text=Acme');
    await page.fill('input[name=login]', email);
    await page.fill('input[name=password]', 'any');
    await page.click('button[type=submit]');
    await page.click('button[type=submit]');
    await page.waitForURL((url) => url.origin === base);
  };

  it('a person of a proven domain gets an account, and is signed in without being asked the next time', async () => {
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await signIn(page, 'ada@acme.example');
      expect(new URL(page.url()).pathname).toBe('/account');
      expect(await page.textContent('main')).toContain('ada@acme.example');
      await page.context().clearCookies({ domain: 'localhost' });
      await page.goto(`${base}/auth/sso/acme`);
      expect(new URL(page.url()).pathname).toBe('/account');
    });
  });

  it('a sign-out here leads to that at the provider, which then asks for the password again', async () => {
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await signIn(page, 'margaret@acme.example');
      await page.click('main > form button');
      expect(await page.textContent('h1')).toBe('Sign out?');
      expect(await accessibilityViolations(page)).toEqual([]);
      await picture(page, 'sign-out');
      await page.click('text=Sign out here and at Acme');
      expect(new URL(page.url()).pathname).toBe('/session/end');
      await page.click('text=Yes, sign me out');
      await page.goto(`${base}/account`);
      expect(new URL(page.url()).pathname).toBe('/sign-in');
      await page.goto(`${base}/auth/sso/acme`);
      expect(await page.isVisible('input[name=login]')).toBe(true);
    });
  });

  it('a sign-out at the provider ends the session here within a second', async () => {
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await signIn(page, 'katherine@acme.example');
      const there = await page.context().newPage();
      await there.goto(`${issuer}/session/end`);
      const ended = there.waitForURL(/success/);
      await there.click('text=Yes, sign me out');
      await ended;
      const end = Date.now() + 1_000;
      while (new URL(page.url()).pathname === '/account') {
        expect(Date.now()).toBeLessThan(end);
        await page.goto(`${base}/account`);
      }
      expect(new URL(page.url()).pathname).toBe('/sign-in');
    });
  });

  it('a provider is linked and unlinked on the page of the account, and proves again who one is', async () => {
    const { email } = await account(app, { email: `${randomUUID()}@example.net` });
    const stale = () =>
      app.sql(
        "UPDATE account_sessions SET authenticated_at = now() - interval '1 hour' WHERE account_id IN (SELECT id FROM accounts WHERE email = $1)",
        [email],
      );
    await inWindow({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${base}/sign-in`);
      await page.fill('input[name=email]', email);
      await page.click('main button');
      await page.fill('input[name=password]', PASSWORD);
      await page.click('main button[type=submit]');
      await page.click('text=Link or unlink');
      await page.click('text=Link Acme');
      await page.fill('input[name=login]', 'hedy@elsewhere.example');
      await page.fill('input[name=password]', 'any');
      await page.click('button[type=submit]');
      await page.click('button[type=submit]');
      await page.waitForURL((url) => url.origin === base);
      expect(new URL(page.url()).search).toBe('?notice=linked');
      expect(await page.textContent('main')).toContain('The provider is linked');
      expect(await page.textContent('.rows')).toContain('hedy@elsewhere.example');
      await stale();
      // The service remembers for a moment when the session signed in.
      const confirmed = `${base}/account/confirm?return_to=/account/identity-providers`;
      await page.goto(confirmed);
      await page.click('text=Confirm with Acme');
      await page.fill('input[name=login]', 'hedy@elsewhere.example');
      await page.fill('input[name=password]', 'any');
      await page.click('button[type=submit]');
      await page.waitForURL((url) => url.origin === base);
      expect(new URL(page.url()).pathname).toBe('/account/identity-providers');
      await page.click('text=Unlink');
      expect(await page.textContent('main')).toContain('The provider is no longer linked');
    });
  });

  it.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'the pages about the own providers fit on a %s and are accessible, in English and German',
    async (size) => {
      for (const locale of ['en', 'de']) {
        await inWindow({ viewport: SIZES[size], locale, javaScriptEnabled: true }, async (page) => {
          await signIn(page, `${size}-${locale}@acme.example`);
          for (const [name, path] of [
            ['account', 'account'],
            ['identities', 'account/identity-providers'],
            ['confirm', 'account/confirm'],
            ['sign-out', 'sign-out'],
          ] as const) {
            await page.goto(`${base}/${path}`);
            expect(await accessibilityViolations(page)).toEqual([]);
            const width = await page.evaluate('document.documentElement.scrollWidth');
            expect(width).toBeLessThanOrEqual(SIZES[size].width);
            await picture(page, `${name}-${size}-${locale}`);
          }
          await page.goto(`${base}/account/identity-providers`);
          await page.click('.rows form button');
          expect(await page.isVisible('[role=alert]')).toBe(true);
          expect(await accessibilityViolations(page)).toEqual([]);
          await picture(page, `last-way-${size}-${locale}`);
        });
      }
    },
  );

  it('a joined account is linked by the mail, in this browser', async () => {
    const { email } = await account(app, { email: 'grace@acme.example' });
    await inWindow({}, async (page) => {
      await signIn(page, email);
      expect(await page.textContent('h1')).toBe('Check your e-mail');
      const [mail] = await mailsTo(app, email);
      const link = /https?:\/\/\S+\/confirm-identity\?token=\S+/.exec(mail?.parsed.text ?? '')?.[0] ?? '';
      await page.goto(link);
      await picture(page, 'confirm-identity');
      expect(await accessibilityViolations(page)).toEqual([]);
      await page.click('main button');
      await page.click('main a');
      await page.waitForURL(`${base}/account`);
      expect(await page.textContent('main')).toContain(email);
    });
  });

  it.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
    'the page offers it on a %s, in English and German',
    async (size) => {
      for (const locale of ['en', 'de']) {
        await inWindow({ viewport: SIZES[size], locale }, async (page) => {
          await page.goto(`${base}/sign-in`);
          await page.fill('input[name=email]', 'someone@acme.example');
          await page.click('main button');
          const button = page.locator('.elsewhere a');
          expect(await button.textContent()).toBe(locale === 'en' ? 'Sign in with Acme' : 'Mit Acme anmelden');
          expect(await accessibilityViolations(page)).toEqual([]);
          const width = await page.evaluate('document.documentElement.scrollWidth');
          expect(width).toBeLessThanOrEqual(SIZES[size].width);
          await picture(page, `sign-in-${size}-${locale}`);
          await page.goto(`${base}/sign-in/provider?error=provider_unavailable`);
          await picture(page, `problem-${size}-${locale}`);
        });
      }
    },
  );
});
