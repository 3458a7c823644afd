import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageTemplates } from '../../src/pages/page.templates.js';

const SURROUNDINGS = { title: 'Title', product: 'Acme', locale: 'en', wide: false };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iam-pages-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The page of an accepted form, with these templates in place of the built-in ones. */
async function done(files: Readonly<Record<string, string>> = {}, body = 'Body'): Promise<string> {
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'iam-pages-'));
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder, name), source);
  const templates = new PageTemplates({ pageTemplates: null });
  templates.add(folder);
  templates.onApplicationBootstrap();
  return templates.render('done', { heading: 'Done', body, link: { href: body, label: 'Link' } }, SURROUNDINGS);
}

describe('A page', () => {
  it('escapes every value, in text and in attributes', async () => {
    const html = await done({}, `<script>alert("1" & '2')</script>`);
    const escaped = '&lt;script&gt;alert(&quot;1&quot; &amp; &#x27;2&#x27;)&lt;/script&gt;';
    expect(html).toContain(`<p>${escaped}</p>`);
    expect(html).toContain(`<a href="${escaped}">Link</a>`);
  });

  it('is rendered from the folder that was added last, one file at a time', async () => {
    const html = await done({ 'links.hbs': '<nav>{{link.label}}</nav>', 'own.hbs': '{{> links}}' });
    expect(html).toContain('<nav>Link</nav>');
    expect(html).toContain('<h1>Done</h1>');
    expect(html).not.toContain('<a ');
  });

  it.each([
    ['writes a value unescaped', '{{{body}}}', 'A value must not be written unescaped'],
    ['uses a part that does not exist', '{{> nope}}', 'There is no partial nope'],
    ['is no Handlebars', '{{#if body}}', 'Parse error'],
    ['uses a name that is not in the data', '{{bodi}}', '"bodi" not defined'],
  ])('is not rendered from a template that %s; the error names the file', async (_, source, message) => {
    await expect(done({ 'done.hbs': source })).rejects.toThrow(/iam-pages-\w+\/done\.hbs: /);
    await expect(done({ 'done.hbs': source })).rejects.toThrow(message);
  });
});
