import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { MAIL_SAMPLES, SAMPLE_SURROUNDINGS } from '../../src/mail/mail.data.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';
import { describeInBrowser, launchBrowser } from '../pages/browser.js';

type Sample = keyof typeof MAIL_SAMPLES;
const NAMES = Object.keys(MAIL_SAMPLES) as Sample[];
const LOCALES = ['en', 'de'] as const;
/** A small phone, and a window of a mail reader on a desktop, in CSS pixels. */
const WIDTHS = { phone: 320, desktop: 1280 } as const;

describeInBrowser('The look of a mail', () => {
  const templates = new MailTemplates({ mailTemplates: null });
  let browser: Browser;
  let pictures: string;
  let errorsOfMail: string;

  beforeAll(async () => {
    browser = await launchBrowser();
    errorsOfMail = await readFile(join(import.meta.dirname, 'looks.browser.js'), 'utf8');
    // IAM_MAIL_PICTURES names a folder where they can be looked at afterwards.
    pictures = process.env['IAM_MAIL_PICTURES'] ?? (await mkdtemp(join(tmpdir(), 'iam-mails-')));
    await mkdir(pictures, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    if (process.env['IAM_MAIL_PICTURES'] === undefined) await rm(pictures, { recursive: true, force: true });
  });

  const render = (name: Sample, locale: string) =>
    templates.render(name, MAIL_SAMPLES[name], SAMPLE_SURROUNDINGS, locale);

  it.each(
    Object.entries(WIDTHS).flatMap(([device, width]) =>
      (['light', 'dark'] as const).map((colors) => [device, colors, width] as const),
    ),
  )('lets everything be read, on a %s in %s colors (%d px)', async (device, colors, width) => {
    const page = await browser.newPage({ viewport: { width, height: 700 }, colorScheme: colors });
    const errors: string[] = [];
    for (const name of NAMES) {
      for (const locale of LOCALES) {
        await page.setContent(render(name, locale).html);
        const path = join(pictures, `${name}.${locale}.${device}.${colors}.png`);
        const picture = await page.screenshot({ path, fullPage: true });
        // A page with nothing on it packs into less.
        expect(picture.length).toBeGreaterThan(5_000);
        errors.push(...(await page.evaluate<string[]>(errorsOfMail)).map((error) => `${name}.${locale}: ${error}`));
      }
    }
    await page.close();
    expect(errors).toEqual([]);
  });

  it('is looked at closely: pale, tiny and overlong lines are found', async () => {
    const page = await browser.newPage({ viewport: { width: WIDTHS.phone, height: 700 } });
    await page.setContent(`<p style="color: #bbb; font-size: 9px">pale</p><p>${'long'.repeat(50)}</p>`);
    const errors = (await page.evaluate<string[]>(errorsOfMail)).join('; ');
    await page.close();
    expect(errors).toMatch(/px too wide; "pale" has a contrast of 1\.9; "pale" is set in 9px/);
  });

  it('shows what its plain text says, word for word and link for link', async () => {
    const page = await browser.newPage();
    const words = (value: string): string[] => value.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
    for (const name of NAMES) {
      for (const locale of LOCALES) {
        const { html, text, subject } = render(name, locale);
        await page.setContent(html);
        const shown = new Set(words(await page.locator('body').innerText()));
        expect(words(text).filter((word) => !shown.has(word))).toEqual([]);
        const links = await page.evaluate<string[]>('[...document.links].map(({ href }) => href)');
        for (const link of links) expect(text).toContain(link);
        expect(subject).not.toMatch(/[\r\n]|&\w+;/);
        const proseWidths = text.split('\n').map((line) => (line.includes('://') ? 0 : line.length));
        expect(Math.max(...proseWidths)).toBeLessThanOrEqual(80);
      }
    }
    await page.close();
  });
});
