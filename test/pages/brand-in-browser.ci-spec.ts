import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startApp, type TestApp } from '../support/app.js';
import { accessibilityViolations, describeInBrowser, launchBrowser } from './browser.js';

const BRAND = { BRAND_NAME: 'Acme & Söhne', BRAND_LOGO_URL: '/brand/logo.png', BRAND_COLOR: '#7A1F5C' };
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64"><rect width="96" height="64" rx="12" fill="#7a1f5c"/></svg>';

describeInBrowser('Pages of a brand in a browser', () => {
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startApp({ env: BRAND }), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
  });

  it.each([
    ['light', 320],
    ['dark', 320],
    ['light', 1200],
    ['dark', 1200],
  ] as const)('are accessible and violate no policy, %s, %d px', async (colorScheme, width) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 640 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    await page.route('**/brand/logo.png', (route) => route.fulfill({ contentType: 'image/svg+xml', body: LOGO }));
    for (const path of ['/forgot-password', '/forgot-password/sent', '/join?token=x']) {
      await page.goto(app.url + path);
      expect({ path, errors: await accessibilityViolations(page) }).toEqual({ path, errors: [] });
    }
    await page.goto(`${app.url}/forgot-password`);
    // IAM_PAGE_PICTURES names a folder where they can be looked at afterwards.
    const pictures = process.env['IAM_PAGE_PICTURES'];
    if (pictures) await page.screenshot({ path: join(pictures, `brand.${colorScheme}.${width}.png`), fullPage: true });
    const color = await page.evaluate<string>(
      `getComputedStyle(document.querySelector('button[type=submit]')).backgroundColor`,
    );
    expect(color).toBe('rgb(122, 31, 92)');
    expect(complaints).toEqual([]);
    await context.close();
  });
});
