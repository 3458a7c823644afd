import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasMailbox } from '../../src/mailbox/mailbox.module.js';
import { MailboxToken } from '../../src/mailbox/mailbox.guard.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { open, type PageResult } from '../pages/page-client.js';
import { ServiceProcess } from '../security/service-process.js';
import { startApp, type TestApp } from '../support/app.js';
import { databaseEnvironment } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { account } from '../support/factories.js';
import { listed, mailboxPath } from './listed.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { MAIL_URL: '', APP_URL: '', API_PREFIX: 'api' } });
});
afterAll(() => app.stop());

/** The mailbox's address, as the start prints it. */
const mailbox = (): string => mailboxPath(app);

/** Puts a mail into the mailbox as if it had been sent at that time. */
async function put(name: string, source: string): Promise<void> {
  await mkdir(join(app.config.dataDir, 'mail'), { recursive: true });
  await writeFile(join(app.config.dataDir, 'mail', name), source.replaceAll('\n', '\r\n'));
}

describe('The development mailbox', () => {
  it('shows a mail as it was sent, with its link first', async () => {
    const { email } = await account(app, { name: 'Jane Doe' });
    await open(app, '/forgot-password', { form: { email } });
    const page = await open(app, await listed(app, 'Reset your Iam password'));
    expect(page.status).toBe(200);
    const [, link = ''] = /<p><a href="([^"]+)">/.exec(page.html.slice(page.html.indexOf('<h1>'))) ?? [];
    const port = new URL(app.url).port;
    expect(link).toMatch(new RegExp(`^http://localhost:${port}/reset-password\\?token=[\\w-]{43}$`));
    expect((await fetch(link)).status).toBe(200);
    expect(page.text).toContain(`To &quot;Jane Doe&quot; &lt;${email}&gt;`);
    expect(page.html).toContain(`<pre>Reset your password\n\nHello Jane Doe,`);
  });

  it('keeps the HTML of a mail in a frame that runs and loads nothing', async () => {
    await put(
      '2026-01-01T00-00-00.000Z-0001-aaaaaa.eml',
      `To: "<b>Eve</b>" <eve@example.com>
Subject: =?utf-8?q?=3Cscript=3Ealert=281=29=3C=2Fscript=3E?=
Content-Type: text/html; charset=utf-8

"><script>alert(2)</script><img src=https://evil.example.com/x><a href="https://app.example.com/a?b=1&amp;c=2">x</a>
`,
    );
    const page = await open(app, `${mailbox()}/2026-01-01T00-00-00.000Z-0001-aaaaaa.eml`);
    expect(page.html).not.toMatch(/<script>alert|<b>Eve|<img/);
    expect(page.html).toContain(
      'sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="&lt;base target&#x3D;&quot;_blank&quot;&gt;&quot;&gt;&lt;script&gt;',
    );
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[^']+'; img-src data:;/);
    expect((await open(app, mailbox())).html).not.toMatch(/<script>alert|<b>Eve/);
  });

  it('lists the newest mail first', async () => {
    for (const second of [1, 3, 2]) {
      const head = `To: a@example.com\nSubject: Number ${second}\n\nHello\n`;
      await put(`2099-01-01T00-00-0${second}.000Z-0001-aaaaaa.eml`, head);
    }
    const { text } = await open(app, mailbox());
    expect(text).toMatch(/Number 3 .*Number 2 .*Number 1 /);
  });

  it.each(['nope.eml', '..%2F..%2Fjwt-private-key', '%2e%2e', '..%5cx.eml', 'x.eml.tmp'])(
    'has no mail called %s',
    async (name) => {
      await put('x.eml.tmp', 'half');
      expect((await open(app, `${mailbox()}/${name}`)).status).toBe(404);
    },
  );

  it('stands outside of API_PREFIX', async () => {
    expect((await open(app, `/api${mailbox()}`)).status).toBe(404);
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['this machine', '127.0.0.1', { host: 'localhost:3000' }, 200],
    ['this machine over IPv6', '::1', { host: '[::1]:3000' }, 200],
    ['a container host', '::ffff:172.17.0.1', { host: 'iam:3000' }, 200],
    ['the local network', '192.168.1.7', { host: '192.168.1.2:3000' }, 200],
    ['the internet', '203.0.113.7', { host: '198.51.100.1:3000' }, 403],
    ['the internet over IPv6', '2001:db8::7', { host: '[2001:db8::1]:3000' }, 403],
    ['a proxy', '127.0.0.1', { host: 'localhost', 'x-forwarded-for': '127.0.0.1' }, 403],
    ['a page whose name was pointed here', '127.0.0.1', { host: 'evil.example.com' }, 403],
  ])('answers %s as it should', async (_, remoteAddress, headers, status) => {
    const response = await app.nest.inject({ url: mailbox(), headers, remoteAddress });
    expect(response.statusCode).toBe(status);
  });
});

describe('The address of the development mailbox', () => {
  it.each(['', '/', '/guess', '/guess/x.eml', '/2026-01-01T00-00-00.000Z-0001-aaaaaa.eml'])(
    'shows nothing without its token: /dev/mailbox%s',
    async (rest) => {
      const response = await open(app, `/dev/mailbox${rest}`);
      expect(response.status).toBe(rest === '/' ? 404 : 403);
      expect(response.html).not.toMatch(/Subject|eml|Hello/);
    },
  );

  it('is another one for another data folder, and the same after a restart', async () => {
    const other = await mkdtemp(join(tmpdir(), 'iam-mailbox-'));
    try {
      const { path } = new MailboxToken({ dataDir: other });
      expect(path).not.toBe(mailbox());
      expect(new MailboxToken({ dataDir: other }).path).toBe(path);
      expect(path).toMatch(/^\/dev\/mailbox\/[\w-]{32}$/);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it('is printed by the start', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'iam-mailbox-'));
    const service = ServiceProcess.start({
      ...TEST_ENVIRONMENT,
      ...databaseEnvironment(app.databaseUrl),
      DATA_DIR: dataDir,
    });
    try {
      await service.url();
      const [, address = ''] = await eventually(() => /read them at (\S+?)"/.exec(service.output) ?? ['']);
      expect((await fetch(address)).status).toBe(200);
    } finally {
      await service.stop();
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('Without a development mailbox', () => {
  it('there is nothing at its address', async () => {
    const relayed = await startApp({ beside: app, env: { MAIL_URL: app.mails.url } });
    try {
      const responses: PageResult[] = [];
      for (const path of ['/dev/mailbox', mailbox(), `${mailbox()}/x.eml`]) responses.push(await open(relayed, path));
      expect(responses.map(({ status }) => status)).toEqual([404, 404, 404]);
    } finally {
      await relayed.stop();
    }
  });

  it.each([
    [false, null, true],
    [false, 'smtp://relay', false],
    [true, null, false],
    [true, 'smtp://relay', false],
  ])('it belongs to the service: production %s, relay %s: %s', (production, mailUrl, belongs) => {
    expect(hasMailbox({ production, mailUrl })).toBe(belongs);
  });
});
