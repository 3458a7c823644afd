import { describe, expect, it } from '@jest/globals';
import { parseMailbox } from '../../src/mail/mail.address.js';
import { MailLinks } from '../../src/mail/mail.links.js';

const SETTINGS = {
  appUrl: 'https://app.example.com',
  host: '0.0.0.0',
  port: 3000,
  publicPath: '',
  invitationLink: null,
  resetLink: null,
  emailLink: null,
} as const;

const linksOf = (settings: Partial<Record<keyof typeof SETTINGS, string | null>>): MailLinks =>
  new MailLinks({ ...SETTINGS, ...settings } as ConstructorParameters<typeof MailLinks>[0]);

describe('The links in mails', () => {
  it('start with APP_URL', () => {
    const links = linksOf({ appUrl: 'https://app.example.com/iam' });
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
    expect(linksOf({ appUrl: null, host }).join('t').href).toBe(`${base}/join?token=t`);
  });

  it('carry nothing but the token', () => {
    const links = linksOf({});
    expect(links.join('a&b=c#d e').href).toBe('https://app.example.com/join?token=a%26b%3Dc%23d%20e');
  });

  it.each([
    ['https://spa.example.com/accept?token={token}', 'https://spa.example.com/accept?token=a%26b%23%24%26'],
    ['https://spa.example.com/#/accept/{token}?lang=de', 'https://spa.example.com/#/accept/a%26b%23%24%26?lang=de'],
    [
      'https://spa.example.com/i/{token}?from=mail&x=1#top',
      'https://spa.example.com/i/a%26b%23%24%26?from=mail&x=1#top',
    ],
  ])('follow the template %s', (template, link) => {
    const links = linksOf({ invitationLink: template, resetLink: `${template}&reset`, emailLink: `${template}&email` });
    expect(links.join('a&b#$&').href).toBe(link);
    expect(links.resetPassword('a&b#$&').href).toBe(`${link}&reset`);
    expect(links.confirmEmail('a&b#$&').href).toBe(`${link}&email`);
    // The page that takes a change back is the service's own.
    expect(links.revertEmail('a&b').href).toBe('https://app.example.com/revert-email?token=a%26b');
    expect(links.forgotPassword().href).toBe('https://app.example.com/forgot-password');
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
