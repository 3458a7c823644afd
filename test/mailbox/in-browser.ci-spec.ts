import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeInBrowser, launchBrowser } from '../pages/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { document } from '../support/client.js';
import { admin } from '../support/factories.js';
import { listed } from './listed.js';

describeInBrowser('The development mailbox in a browser', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { MAIL_URL: '', APP_URL: '', API_PREFIX: 'api' } });
  });
  afterAll(() => app?.stop());

  it('leads from the mail to the page of its link', async () => {
    const { post } = await admin({ ...app, url: `${app.url}/api` });
    await post('/accounts', document('iam:accounts', { name: 'Jane Doe', email: 'jane@example.com' }));
    const path = await listed(app, 'You are invited to Iam');
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(app.url + path);
      const opened = page.waitForEvent('popup');
      await page.frameLocator('iframe').getByRole('link', { name: 'Accept the invitation' }).click();
      const form = await opened;
      await form.getByLabel('Password', { exact: true }).waitFor();
      expect(form.url()).toMatch(/\/join\?token=[\w-]{43}$/);
    } finally {
      await browser.close();
    }
  });
});
