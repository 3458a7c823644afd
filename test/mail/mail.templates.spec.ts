import { describe, expect, it } from '@jest/globals';
import MailComposer from 'nodemailer/lib/mail-composer';
import { writeInOnePiece } from '../../src/mail/mail.message.js';
import { MAIL_SAMPLES, type MailValue, SAMPLE_SURROUNDINGS } from '../../src/mail/mail.data.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';
import { ServiceText } from '../../src/mail/mail.text.js';

const templates = new MailTemplates({ mailTemplates: null });
const FORGOT = 'https://app.example.com/forgot-password';
const SURROUNDINGS = { ...SAMPLE_SURROUNDINGS, name: 'Jane Doe', product: 'Acme', forgotPasswordLink: new URL(FORGOT) };
const LINK = new URL('https://app.example.com/join?token=abc_-123');
const EXPIRES = new Date('2026-11-27T10:30:00.000Z');
const render = (name: string, languages = 'en') =>
  templates.render('invitation', { link: LINK, expiresAt: EXPIRES }, { ...SURROUNDINGS, name }, languages);

const MAILS = Object.keys(MAIL_SAMPLES) as (keyof typeof MAIL_SAMPLES)[];
const LOCALES = ['en', 'de'] as const;
const EVERY = MAILS.flatMap((mail) => LOCALES.map((locale) => [mail, locale] as const));

/** What a mail reader that knows no HTML makes of it. */
const words = (html: string) =>
  html
    .slice(html.indexOf('<h1'))
    .replace(/<\/?(?:strong|span|a)\b[^>]*>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');

/** A value of the data as plain text has it. */
const shownIn = (locale: 'en' | 'de', value: MailValue): string => {
  if (value instanceof ServiceText) return value.text;
  if (!(value instanceof Date)) return String(value);
  return { en: 'Friday, November 27, 2026 at 10:30 UTC', de: 'Freitag, 27. November 2026 um 10:30 UTC' }[locale];
};

describe.each(EVERY)('The mail %s in %s', (mail, locale) => {
  const sample = MAIL_SAMPLES[mail];
  const rendered = templates.render(mail, sample, SURROUNDINGS, locale);
  const { subject, html, text } = rendered;

  it('is written in that language', () => {
    expect(rendered.locale).toBe(locale);
    expect(html).toContain(`<html lang="${locale}">`);
    const greeting = locale === 'de' ? 'Guten Tag Jane Doe,' : 'Hello Jane Doe,';
    for (const part of [html, text]) expect(part).toContain(greeting);
  });

  it('has a subject that says whom it is from', () => {
    expect(subject).toMatch(/^[^\n]{10,60}$/);
    expect(subject).toContain('Acme');
  });

  it('says the same in HTML and in plain text', () => {
    const title = text.slice(0, text.indexOf('\n'));
    expect(html).toContain(`<title>${title}</title>`);
    for (const value of Object.values(sample)) {
      const shown = shownIn(locale, value);
      expect(words(html)).toContain(shown);
      expect(text).toContain(shown);
    }
    const sentences = words(html).split(/(?<=[.:]) (?=[A-ZÄÖÜ])/);
    const plain = text.replace(/\s+/g, ' ');
    const missing = sentences.filter((sentence) => !plain.includes(sentence.trim()) && !sentence.includes('http'));
    // A button's label and the hint below it stand differently in plain text.
    expect(missing.filter((sentence) => !/button|Schaltfläche/.test(sentence))).toEqual([]);
  });

  it('has a button and the same link in plain sight, where it has a link', () => {
    const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, link]) => link);
    const own: string | undefined = 'link' in sample ? sample.link.href : undefined;
    const expected = own ?? (/forgot-password/.test(html) ? FORGOT : undefined);
    expect(links).toEqual(expected === undefined ? [] : [expected, expected]);
    if (expected === undefined) return;
    expect(text.split('\n')).toContain(expected);
    expect(words(html)).toContain(expected);
  });

  it('keeps plain text within 78 columns, but for the link', () => {
    expect(text.split('\n').filter((line) => line.length > 78 && !line.startsWith('https://'))).toEqual([]);
  });

  it('loads nothing and runs nothing', () => {
    expect(html).not.toMatch(/<(script|img|iframe|link|object|form)|\bsrc=|url\(|@import|\bon\w+=/i);
  });

  it('escapes every value in HTML, and none in plain text', () => {
    const evil = `<img src=x onerror=alert(1)> O'Neil & "Sons" {{product}}`;
    const data = Object.fromEntries(
      Object.entries(sample).map(([key, value]) => [key, typeof value === 'string' ? evil : value]),
    );
    const evilMail = templates.render(
      mail,
      { ...sample, ...data },
      { ...SURROUNDINGS, name: evil, product: evil },
      locale,
    );
    expect(evilMail.html).not.toContain('<img');
    expect(evilMail.html).toContain(
      '&lt;img src&#x3D;x onerror&#x3D;alert(1)&gt; O&#x27;Neil &amp; &quot;Sons&quot; {{product}}',
    );
    expect(evilMail.text).toContain(evil);
    expect(evilMail.subject).toContain(evil);
  });
});

describe('Mails', () => {
  it('are in English for readers of neither language', () => {
    expect(render('Jane', 'fr-CH, fr;q=0.9').locale).toBe('en');
    expect(render('Jane', '').locale).toBe('en');
  });

  it('are in the language that is preferred most', () => {
    expect(render('Jane', 'fr, de-CH;q=0.8, en;q=0.7').subject).toBe('Einladung zu Acme');
  });

  it('keep a name on its line and free of what turns text around', () => {
    expect(render('Jane\r\n\r\nDoe\u202e\u0000').text).toContain('Hello Jane Doe,');
  });

  it('have a subject of one line whatever the product is called', () => {
    const data = { link: LINK, expiresAt: EXPIRES };
    const surroundings = { ...SURROUNDINGS, product: 'Acme\r\nBcc: eve@example.com' };
    expect(templates.render('invitation', data, surroundings).subject).toBe(
      'You are invited to Acme Bcc: eve@example.com',
    );
  });

  it('fail when their template names something that is not in the data', () => {
    const data = { link: LINK, expiresAt: EXPIRES };
    // A test may take what the compiler would not.
    Reflect.deleteProperty(data, 'link');
    expect(() => templates.render('invitation', data, SURROUNDINGS)).toThrow(/html\.hbs: "link" not defined/);
  });
});

const compose = (content: object) =>
  new MailComposer({
    from: { name: 'Acmé', address: 'no-reply@example.com' },
    to: { name: 'Jane', address: 'jane@example.com' },
    subject: 'Grüße',
    messageId: '<1@example.com>',
    ...content,
  }).compile();

/** The source that the library writes, and the one that is written in one piece. */
async function both(content: object): Promise<[library: string, own: string]> {
  const message = compose(content);
  const library = String(await message.build());
  writeInOnePiece({ message }, () => undefined);
  return [library, String(await message.build())];
}

describe('A message that is written in one piece has the bytes that nodemailer writes', () => {
  it.each(EVERY)('for the mail %s in %s', async (name, locale) => {
    const { html, text } = templates.render(name, MAIL_SAMPLES[name], SAMPLE_SURROUNDINGS, locale);
    const [library, own] = await both({ html, text });
    expect(own).toBe(library);
  });

  it.each([
    ['only a text', { text: 'Hello' }],
    [
      'lines that begin with dots, blanks at their ends, and line breaks of all kinds',
      { text: '.\r\n..a \n\tb\t\n\nc\r\n' },
    ],
    ['long lines beyond ASCII', { text: `${'ä = b '.repeat(300)}\n`, html: `<p>${'x'.repeat(2_000)} </p>` }],
    ['nothing', { text: '', html: '' }],
  ])('for %s', async (_, content) => {
    const [library, own] = await both(content);
    expect(own).toBe(library);
  });
});

describe('A message that is more than text', () => {
  it.each([
    ['an attachment', { text: 'Hello', attachments: [{ filename: 'a.bin', content: Buffer.from([0, 1]) }] }],
    ['a text mostly beyond ASCII', { text: 'こんにちは' }],
  ])('such as %s is left to nodemailer', (_, content) => {
    const message = compose(content);
    const { stream } = message;
    writeInOnePiece({ message }, () => undefined);
    expect(message.stream).toBe(stream);
  });
});
