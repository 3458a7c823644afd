import { describe, expect, it } from '@jest/globals';
import { parseMailbox } from '../../src/mail/mail.address.js';
import { MailLinks } from '../../src/mail/mail.links.js';

describe('The links in mails', () => {
  it('start with APP_URL', () => {
    const links = new MailLinks({ appUrl: 'https://app.example.com/iam', host: '0.0.0.0', port: 3000, publicPath: '' });
    expect(links.join('abc_-123').href).toBe('https://app.example.com/iam/join?token=abc_-123');
    expect(links.resetPassword('abc_-123').href).toBe('https://app.example.com/iam/reset-password?token=abc_-123');
  });

  it.each([
    ['127.0.0.1', 'http://localhost:3000'],
    ['0.0.0.0', 'http://localhost:3000'],
    ['::', 'http://localhost:3000'],
    ['::1', 'http://localhost:3000'],
    ['2001:db8::1', 'http://[2001:db8::1]:3000'],
    ['iam.internal', 'http://iam.internal:3000'],
  ])('start with an address that can be opened when there is no APP_URL and the host is %s', (host, base) => {
    expect(new MailLinks({ appUrl: null, host, port: 3000, publicPath: '' }).join('t').href).toBe(
      `${base}/join?token=t`,
    );
  });

  it('carry nothing but the token', () => {
    const links = new MailLinks({ appUrl: 'https://app.example.com', host: '', port: 0, publicPath: '' });
    expect(links.join('a&b=c#d e').href).toBe('https://app.example.com/join?token=a%26b%3Dc%23d%20e');
  });
});

describe('The sender', () => {
  it.each([
    ['Iam <no-reply@example.com>', 'Iam', 'no-reply@example.com'],
    ['"Acme, Inc." <no-reply@example.com>', 'Acme, Inc.', 'no-reply@example.com'],
    ['  no-reply@example.com ', '', 'no-reply@example.com'],
    ['<no-reply@example.com>', '', 'no-reply@example.com'],
    ['Zoë & Söhne <no-reply@example.com>', 'Zoë & Söhne', 'no-reply@example.com'],
  ])('is read from %j', (text, name, address) => {
    expect(parseMailbox(text)).toEqual({ name, address });
  });

  it.each([
    '',
    'Iam',
    'Iam <>',
    'Iam <no-reply>',
    'a@example.com, b@example.com',
    'Iam <a@example.com> <b@example.com>',
  ])('is not read from %j', (text) => {
    expect(() => parseMailbox(text)).toThrow('e-mail address');
  });
});
