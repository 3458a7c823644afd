import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { MAIL_SAMPLES, SAMPLE_SURROUNDINGS } from '../../src/mail/mail.data.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';
import { containsAddress, readerName, withoutAddresses } from '../../src/mail/mail.text.js';

/** What a mail program makes links of in plain text: mailparser marks up texts with linkify-it and all top-level domains. */
async function linksIn(text: string): Promise<string[]> {
  const { textAsHtml = '' } = await simpleParser(`Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`);
  return [...textAsHtml.matchAll(/<a href="([^"]*)"/g)].map(([, link = '']) => link);
}

const ADDRESSES = [
  'http://evil.example/reset',
  'HTTPS://EVIL.EXAMPLE',
  'hxxps://evil.example',
  'evil.example',
  'evil.com/prize',
  'Visit www.evil.com now',
  'www.evil.com',
  'bücher.de',
  'xn--bcher-kva.de',
  '例え.jp',
  '例え。jp',
  'evil．com',
  'evil｡com',
  'ｅｖｉｌ．ｃｏｍ',
  'evil\u2024com',
  'evil.\u200bcom',
  'e\u00advil.co\u2060m',
  'https:\u200b//evil.com',
  'a.b.com',
  '192.0.2.7',
  'mail me@evil.com',
  'me＠evil.com',
  'mailto:me',
  'tel:911',
  'javascript:alert(1)',
  '//evil.com',
  '\\\\evil\\share',
  'call 0800 123 4567',
  '+49 (30) 1234567',
  '٠٨٠٠١٢٣٤٥٦٧',
  '０８００１２３４５６７',
];
const NAMES = [
  'Jane Doe',
  'Dr. Jane K. Doe',
  'J.R.R. Tolkien',
  'Martin Luther King, Jr.',
  "Conan O'Brien-Smith",
  'Zoë Ünal',
  '小明',
  'محمد',
  'Ὀδυσσεύς',
  'Louis XIV',
  'Jane 👩‍💻',
  'Smith & Sons (Berlin)',
  'C+C, Inc.',
  'Class of 2026',
  'Room 101!',
  'AC/DC: Back in Black',
  'c/o Jane \\ John',
];

describe('Untrusted text', () => {
  it.each(ADDRESSES)('with an address in it has none in a mail: %s', async (text) => {
    expect(containsAddress(text)).toBe(true);
    expect(containsAddress(withoutAddresses(text))).toBe(false);
    expect(await linksIn(`Hello ${withoutAddresses(text)}, welcome`)).toEqual([]);
    expect(readerName(text)).toBe('');
  });

  it.each(NAMES)('that is a name stays as it is: %s', async (name) => {
    expect([withoutAddresses(name), readerName(name)]).toEqual([name, name]);
    expect(await linksIn(`Hello ${name}, welcome`)).toEqual([]);
  });

  it('keeps its words where an organization is called after its address', () => {
    expect(withoutAddresses('Acme.com Ltd.')).toBe('Acme com Ltd.');
    expect(withoutAddresses('http://evil.example/reset')).toBe('http evil example/reset');
  });

  it('is no name when it is a message', () => {
    expect(readerName('Your account is closed unless you pay a fee today in our shop around the corner')).toBe('');
    expect(readerName('x'.repeat(64))).toBe('x'.repeat(64));
  });

  it('is no link to a mail program, whatever it is made of', async () => {
    const piece = fc.constantFrom(
      ...['http', 'https', 'www', 'mailto', 'evil', 'com', 'de', 'com', '例え', '.', '。', '．', ':', '//', '@', '＠'],
      ...['0800', '49', ' ', '\u200b', '\u00ad', '\u0301', '-', '+', '(', 'a', '…', '⒈', '℀'],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.webUrl(),
      fc.emailAddress(),
      fc.domain(),
      fc.ipV4(),
    );
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        const shown = withoutAddresses(written);
        expect(containsAddress(shown)).toBe(false);
        expect(withoutAddresses(shown)).toBe(shown);
        expect(await linksIn(`Hello ${shown}, welcome`)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('costs little, however long it is', () => {
    const started = performance.now();
    for (const text of ['a.', 'a\u0301', '.', '@', '1 ', 'www.', '\u200b'])
      withoutAddresses(text.repeat(16_384 / text.length));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('A mail to a name that is an address', () => {
  const templates = new MailTemplates({ mailTemplates: null });
  const mails = Object.keys(MAIL_SAMPLES) as (keyof typeof MAIL_SAMPLES)[];
  const wordsOf = (html: string): string =>
    html.replace(/<a [^>]*>[^]*?<\/a>/g, ' ').replace(/<(?:head|style)[^]*?<\/(?:head|style)>|<[^>]+>/g, ' ');

  it.each(mails.flatMap((mail) => ['en', 'de'].map((locale) => [mail, locale] as const)))(
    'has no link but those of the service, in %s in %s',
    async (mail, locale) => {
      const evil = 'https://evil.example www.evil.com me@evil.com';
      const sample = MAIL_SAMPLES[mail];
      const texts = Object.keys(sample).filter((key) => typeof Reflect.get(sample, key) === 'string');
      const data = { ...sample, ...Object.fromEntries(texts.map((key) => [key, evil])) };
      const { subject, html, text } = templates.render(mail, data, { ...SAMPLE_SURROUNDINGS, name: evil }, locale);
      const own = (await linksIn(text)).filter((link) => !link.startsWith('https://iam.example.com/'));
      expect(own.filter((link) => !link.includes('192.0.2.7'))).toEqual([]);
      for (const part of [subject, wordsOf(html)]) {
        expect((await linksIn(part)).filter((link) => !link.includes('192.0.2.7'))).toEqual([]);
      }
    },
  );

  it('greets without a name', () => {
    for (const [locale, greeting] of [
      ['en', 'Hello,'],
      ['de', 'Guten Tag,'],
    ] as const) {
      const { html, text } = templates.render(
        'invitation',
        MAIL_SAMPLES.invitation,
        { ...SAMPLE_SURROUNDINGS, name: '' },
        locale,
      );
      for (const part of [html, text]) expect(part).toContain(greeting);
    }
  });
});
