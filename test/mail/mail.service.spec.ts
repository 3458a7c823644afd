import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MailerModule, MailerService } from '@nestjs-modules/mailer';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { simpleParser } from 'mailparser';
import { emailKey } from '../../src/auth/email-key.js';
import { withLanguages } from '../../src/language/accept-language.js';
import { MailLinks } from '../../src/mail/mail.links.js';
import { MailService } from '../../src/mail/mail.service.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';
import { mailerOptions } from '../../src/mail/mail.transport.js';
import { SmtpSink } from '../support/smtp-sink.js';

const LINK = 'https://app.example.com/join?token=abc_-123';
const DATA = { link: new URL(LINK), expiresAt: new Date('2026-11-27T10:30:00.000Z') };
const invitation = (to: { name: string; email: string }) =>
  ({ template: 'invitation', to, data: DATA, identity: ['test', 'hash'] }) as const;

const open: TestingModule[] = [];

async function mailService(mailUrl: string | null, dataDir = ''): Promise<MailService> {
  const config = {
    mailUrl,
    dataDir,
    mailFrom: 'Acme <no-reply@example.com>',
    mailTemplates: null,
    brandName: null,
    brandLogoUrl: null,
    brandColor: null,
    appUrl: 'https://app.example.com',
    host: '127.0.0.1',
    port: 3000,
    publicPath: '',
    invitationLink: null,
    resetLink: null,
    emailLink: null,
    production: false,
  };
  const module = await Test.createTestingModule({ imports: [MailerModule.forRoot(mailerOptions(config))] }).compile();
  open.push(module);
  return new MailService(config, module.get(MailerService), new MailTemplates(config), new MailLinks(config));
}

afterEach(async () => {
  for (const module of open.splice(0)) await module.close();
});

describe('A mail over SMTP', () => {
  let sink: SmtpSink;

  beforeEach(async () => {
    sink = await SmtpSink.start();
  });
  afterEach(async () => {
    await sink.stop();
  });

  async function sent(to: { name: string; email: string }) {
    await (await mailService(sink.url)).send(invitation(to));
    const [mail] = await sink.waitFor(1);
    if (!mail) throw new Error('No mail');
    return mail;
  }

  it('arrives with sender, recipient, subject, and its link in both parts', async () => {
    const { parsed, recipients } = await sent({ name: 'Jane Doe', email: 'jane@example.com' });
    expect(parsed.from?.value).toEqual([{ name: 'Acme', address: 'no-reply@example.com' }]);
    expect(recipients).toEqual(['jane@example.com']);
    expect(parsed.to).toMatchObject({ value: [{ name: 'Jane Doe', address: 'jane@example.com' }] });
    expect(parsed.subject).toBe('You are invited to Acme');
    expect(parsed.text).toContain(LINK);
    expect(parsed.html).toContain('href="https://app.example.com/join?token=abc_-123"');
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed.headers.get('content-language')).toBe('en');
  });

  it.each([
    ['that of the request which caused it', 'de-CH, en;q=0.5', 'Einladung zu Acme'],
    ['English, when there is nothing in that', 'fr', 'You are invited to Acme'],
    ['English, when the request names none', undefined, 'You are invited to Acme'],
  ])('is in the right language: %s', async (_, languages, subject) => {
    const mail = await mailService(sink.url);
    const to = { name: 'Jane', email: 'jane@example.com' };
    await withLanguages(languages, () => mail.send(invitation(to)));
    expect((await sink.waitFor(1))[0]?.parsed.subject).toBe(subject);
  });

  it('has the same Message-ID each time it is sent, and another one when it is another mail', async () => {
    const mail = await mailService(sink.url);
    const to = { name: 'Jane', email: 'jane@example.com' };
    await mail.send(invitation(to));
    await mail.send(invitation(to));
    await mail.send({ ...invitation(to), identity: ['test', 'another hash'] });
    const [first, second, third] = (await sink.waitFor(3)).map(({ parsed }) => parsed.messageId);
    expect(first).toMatch(/^<[0-9a-f]{40}@example\.com>$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it.each([
    ['a new line and a header', 'Jane\r\nBcc: eve@example.com'],
    ['a bare line feed', 'Jane\nBcc: eve@example.com'],
    ['Unicode line separators', 'Jane\u2028Bcc: eve@example.com\u2029'],
    ['another address', 'Jane <eve@example.com>, "x'],
    ['quotes and commas', '"Jane", eve@example.com,'],
    ['an encoded word', '=?utf-8?q?Jane=0D=0ABcc:_eve@example.com?='],
  ])('keeps to its one recipient when the name holds %s', async (_, name) => {
    const { parsed, recipients, source } = await sent({ name, email: 'jane@example.com' });
    expect(recipients).toEqual(['jane@example.com']);
    expect(parsed.to).toMatchObject({ value: [{ address: 'jane@example.com' }] });
    expect(parsed.headers.has('bcc')).toBe(false);
    expect(source.slice(0, source.indexOf('\r\n\r\n'))).not.toMatch(/^bcc:/im);
    expect(parsed.subject).toBe('You are invited to Acme');
  });

  it.each([
    'jane@example.com\r\nBcc: eve@example.com',
    'jane@example.com, eve@example.com',
    'jane@example.com eve@example.com',
    '<jane@example.com>',
    '"jane doe"@example.com',
    'Jane <jane@example.com>',
    'jane@example.com>\r\nRCPT TO:<eve@example.com',
    'jane',
    '',
  ])('is not sent to %j', async (email) => {
    const mail = await mailService(sink.url);
    await expect(mail.send(invitation({ name: 'Jane', email }))).rejects.toThrow('e-mail address');
    expect(sink.mails).toEqual([]);
  });

  it('reaches an address with letters beyond ASCII', async () => {
    const { recipients, parsed } = await sent({ name: 'Zoë Ünal 小明', email: 'zoë@exämple.com' });
    expect(recipients).toHaveLength(1);
    expect(parsed.to).toMatchObject({ value: [{ name: 'Zoë Ünal 小明' }] });
    expect(parsed.text).toContain('Hello Zoë Ünal 小明,');
  });

  it.each([
    ['jane@bücher.example', 'jane@xn--bcher-kva.example'],
    ['jane@ＢÜＣＨＥＲ。example', 'jane@xn--bcher-kva.example'],
    ['Jane@straße.example', 'Jane@xn--strae-oqa.example'],
    ['jane@Example.COM', 'jane@example.com'],
  ])('goes to the domain as the DNS knows it: %s', async (email, recipient) => {
    const { recipients, source } = await sent({ name: 'Jane', email });
    // The server decodes the envelope; the header is as it was written.
    expect(recipients.map(emailKey)).toEqual([emailKey(recipient)]);
    expect(source).toContain(`To: Jane <${recipient}>\r\n`);
    // Nothing beyond ASCII in the headers: a relay without SMTPUTF8 takes it.
    expect(source.slice(0, source.indexOf('\r\n\r\n'))).toMatch(/^[\0-\x7f]*$/);
  });

  it('fails when the relay rejects it, so that it is tried again', async () => {
    sink.rejectWith = 451;
    const to = { name: 'Jane', email: 'jane@example.com' };
    const mail = await mailService(sink.url);
    await expect(mail.send(invitation(to))).rejects.toThrow('Not now');
  });
});

describe('A mail without a relay', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-mail-'));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  it('becomes a file that a mail reader opens and only its owner can read', async () => {
    await (await mailService(null, folder)).send(invitation({ name: 'Jane Doe', email: 'jane@example.com' }));
    const [file = ''] = await readdir(join(folder, 'mail'));
    expect(file).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z-\d{4}-[0-9a-f]{6}\.eml$/);
    const path = join(folder, 'mail', file);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'mail'))).mode & 0o777).toBe(0o700);
    const mail = await simpleParser(await readFile(path));
    expect(mail.to).toMatchObject({ value: [{ name: 'Jane Doe', address: 'jane@example.com' }] });
    expect(mail.text).toContain(LINK);
  });

  it('can be searched for its link, however long that is', async () => {
    const link = `https://app.example.com/a/folder/far/below/join?token=${'abc_-1234'.repeat(12)}`;
    const mail = {
      ...invitation({ name: 'Jörg', email: 'joerg@example.com' }),
      data: { ...DATA, link: new URL(link) },
    };
    await (await mailService(null, folder)).send(mail);
    const [file = ''] = await readdir(join(folder, 'mail'));
    const text = await readFile(join(folder, 'mail', file), 'utf8');
    expect(text.split(/\r?\n/)).toContain(link);
    expect(text).toContain('Jörg');
  });

  it('sorts by the time at which it was sent, leaving no half-written file', async () => {
    const mail = await mailService(null, folder);
    for (let i = 0; i < 5; i++) await mail.send(invitation({ name: `Jane ${i}`, email: 'jane@example.com' }));
    const files = (await readdir(join(folder, 'mail'))).sort();
    const names = [];
    for (const file of files) {
      const { to } = await simpleParser(await readFile(join(folder, 'mail', file)));
      names.push(to && 'value' in to ? to.value[0]?.name : undefined);
    }
    expect(names).toEqual(['Jane 0', 'Jane 1', 'Jane 2', 'Jane 3', 'Jane 4']);
  });

  it('shows its recipient, subject and link in the log', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    await (await mailService(null, folder)).send(invitation({ name: 'Jane', email: 'jane@example.com' }));
    expect(log).toHaveBeenCalledWith(`To jane@example.com: You are invited to Acme ${LINK}`);
  });

  it('is never an option in production', () => {
    expect(() => mailerOptions({ mailUrl: null, dataDir: folder, production: true })).toThrow('MAIL_URL');
  });
});
