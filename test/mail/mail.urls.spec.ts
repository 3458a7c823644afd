import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Parser } from 'htmlparser2';
import { MAIL_SAMPLES, SAMPLE_SURROUNDINGS } from '../../src/mail/mail.data.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';

const LINK = 'https://app.example.com/join?token=abc_-123';
const FORGOT = 'https://app.example.com/forgot-password';
const SURROUNDINGS = { ...SAMPLE_SURROUNDINGS, name: 'Jane Doe', product: 'Acme', forgotPasswordLink: new URL(FORGOT) };

/** As a browser reads it: with entities decoded. */
function parsedLinks(html: string): string[] {
  const links: string[] = [];
  const parser = new Parser({ onopentag: (_, { href }) => void (href !== undefined && links.push(href)) });
  parser.end(html);
  return links;
}

/** As a relay reads it that counts clicks: whatever looks like an attribute, decoding nothing. */
const searchedLinks = (html: string): string[] =>
  [...html.matchAll(/href=["']?([^"'\s>]*)/g)].map(([, url = '']) => url);

/** What looks like an address anywhere in the source. */
const searchedAddresses = (html: string): string[] => html.match(/https?:\/\/[^\s"'<>]+/g) ?? [];

const MAILS = Object.keys(MAIL_SAMPLES) as (keyof typeof MAIL_SAMPLES)[];
const render = (templates: MailTemplates, mail: (typeof MAILS)[number], locale: string, link = LINK) => {
  const sample = MAIL_SAMPLES[mail];
  return templates.render(mail, 'link' in sample ? { ...sample, link: new URL(link) } : sample, SURROUNDINGS, locale);
};

describe('A link in a mail', () => {
  const templates = new MailTemplates({ mailTemplates: null });

  it.each(MAILS.flatMap((mail) => ['en', 'de'].map((locale) => [mail, locale] as const)))(
    'is the same to a parser and to a search that decodes nothing: %s in %s',
    (mail, locale) => {
      const { html } = render(templates, mail, locale);
      const expected = 'link' in MAIL_SAMPLES[mail] ? LINK : FORGOT;
      const count = [
        'role-changed',
        'email-changed-by-admin',
        'api-key-created',
        'api-key-expires',
        'passkey-copied',
        'identity-linked',
        'identity-unlinked',
      ].includes(mail)
        ? 0
        : 2;
      expect(parsedLinks(html)).toEqual(Array(count).fill(expected));
      expect(searchedLinks(html)).toEqual(parsedLinks(html));
      expect([...new Set(searchedAddresses(html))]).toEqual([...new Set(parsedLinks(html))]);
    },
  );

  it('is right to a parser whatever it is made of, and never ends its attribute', () => {
    for (const link of [
      'https://app.example.com/join?a=1&copy=2&token=abc',
      'https://app.example.com/a"b<c>`d\'e/join?token="\'<x>`#"\'<x>`',
      'https://bücher.example/jöin?token=ü',
    ]) {
      const { html, text } = render(templates, 'invitation', 'en', link);
      const [first = '', second] = parsedLinks(html);
      expect(second).toBe(first);
      expect(new URL(first).href).toBe(first);
      expect(decodeURIComponent(first)).toBe(decodeURIComponent(new URL(link).href));
      expect(html).not.toMatch(/<x>/);
      expect(text.split('\n')).toContain(new URL(link).href);
    }
  });

  it('that is no web address is rejected', () => {
    for (const link of ['javascript:alert(1)', 'data:text/html,"<b>', 'file:///etc/passwd']) {
      expect(() => render(templates, 'invitation', 'en', link)).toThrow('A link in a mail must not begin with');
    }
  });
});

describe("A link in a team's own template", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-links-'));
    await mkdir(join(folder, 'en', 'invitation'), { recursive: true });
    const html =
      '{{#> layout title="x" preheader=""}}<a href="{{link}}">a</a> <a class=b href = \'{{link}}\'>b</a>' +
      '{{> button link="https://help.example.com/?topic=join" label="Help" hint=""}}' +
      '<a href="https://static.example.com/?a=1">c</a> {{#with this}}<a href="{{link}}">d</a>{{/with}}{{/layout}}';
    await writeFile(join(folder, 'en', 'invitation', 'html.hbs'), html);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is the same to a parser and to a search, from the data as from the template itself', () => {
    const templates = new MailTemplates({ mailTemplates: folder });
    templates.onApplicationBootstrap();
    const { html } = render(templates, 'invitation', 'en');
    const help = 'https://help.example.com/?topic=join';
    const expected = [LINK, LINK, help, help, 'https://static.example.com/?a=1', LINK];
    expect(parsedLinks(html)).toEqual(expected);
    expect(searchedLinks(html.replace('href = ', 'href='))).toEqual(expected);
  });
});
