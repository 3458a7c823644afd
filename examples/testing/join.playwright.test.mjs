import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';

describe('A person who is invited', () => {
  let server, iam, browser;

  before(async () => {
    server = spawn('npx', ['iam', 'test-server', '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(server.stdout), 'line');
    iam = JSON.parse(line);
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH, args: ['--no-sandbox'] });
  });
  afterEach(() => control('reset'));
  after(async () => {
    await browser.close();
    server.stdin.end();
    await once(server, 'close');
  });

  /** A request to a control route. */
  async function control(name, body = {}) {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${iam.url}/__test/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const result = await response.json();
    if (!response.ok) throw new Error(result.error);
    return result;
  }

  /** Has an admin invite an address; returns the link of the mail. */
  async function invite(email) {
    const { token } = await control('login', { role: 'admin' });
    const response = await fetch(`${iam.url}/accounts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/vnd.api+json' },
      body: JSON.stringify({ data: { type: 'iam:accounts', attributes: { email } } }),
    });
    assert.equal(response.status, 200);
    const { links } = await control('mail', { to: email });
    return links[0];
  }

  it('chooses a password, and signs in with it', async () => {
    const page = await browser.newPage();
    await page.goto(await invite('jane@example.com'));
    await page.getByLabel('Name', { exact: true }).fill('Jane Roe');
    await page.getByLabel('Password', { exact: true }).fill('Correct-horse-8');
    await page.getByRole('button', { name: 'Accept the invitation' }).click();
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    const { account } = await control('login', { email: 'jane@example.com', password: 'Correct-horse-8' });
    assert.equal(account.name, 'Jane Roe');
  });

  it('is late after three days', async () => {
    const link = await invite('jane@example.com');
    await control('clock', { advance: '3 days' });
    const page = await browser.newPage();
    await page.goto(link);
    await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor();
  });
});
