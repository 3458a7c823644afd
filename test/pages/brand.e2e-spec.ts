import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailsTo } from '../accounts/mails.js';
import { contrast, lightened } from '../../src/config/brand-color.js';
import { examineConfig } from '../../src/config/load-config.js';
import { PageTemplates } from '../../src/pages/page.templates.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { account } from '../support/factories.js';
import { open } from './page-client.js';

const BRAND = { BRAND_NAME: 'Acme & Söhne', BRAND_LOGO_URL: '/brand/logo.png', BRAND_COLOR: '#7A1F5C' };
const POLICY = 'content-security-policy';

/** The errors of the configuration about these variables. */
const errorsOf = (env: Record<string, string>): string[] =>
  examineConfig({ NODE_ENV: 'test', ...env }).errors.filter((error) => /BRAND|PAGE_TEMPLATES/.test(error));

describe('The variables of the brand', () => {
  it.each(['#000', '#2350b8', '#7A1F5C', '#B3261E', '#006b3c'])('allow a color that can be read: %s', (color) => {
    expect(errorsOf({ BRAND_COLOR: color })).toEqual([]);
    // The label of a button, links on both backgrounds of light colors, and on both of dark ones.
    const six = color.length === 4 ? '#000000' : color.toLowerCase();
    const pairs = ['#ffffff', '#f3f5f8'].map((background) => contrast(six, background));
    pairs.push(...['#1e232a', '#14171c'].map((background) => contrast(lightened(six), background)));
    expect(pairs.filter((ratio) => ratio < 4.5)).toEqual([]);
  });

  it.each(['#ffcc00', '#fff', '#4a90e2', '#00b894'])(
    'reject a color that is too light, with its contrast: %s',
    (color) => {
      expect(errorsOf({ BRAND_COLOR: color })).toEqual([
        expect.stringMatching(/^BRAND_COLOR must be darker: its contrast with the background #f3f5f8 is [1-4]\.\d : 1/),
      ]);
    },
  );

  it.each(['red', '2350b8', '#2350b', '#2350b8ff', 'rgb(0,0,0)', '#000;}body{display:none'])(
    'reject %s as a color',
    (color) => {
      expect(errorsOf({ BRAND_COLOR: color })).toHaveLength(1);
    },
  );

  it('computes contrasts as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  it.each(['https://cdn.example.com/logo.png?v=1', '/logo.svg', '/iam/logo.png'])('allow a logo: %s', (logo) => {
    expect(errorsOf({ BRAND_LOGO_URL: logo })).toEqual([]);
  });

  it.each([
    ...['http://cdn.example.com/logo.png', '//cdn.example.com/logo.png', '/\\cdn.example.com/a.png', 'logo.png'],
    ...['data:image/png;base64,AAAA', 'javascript:alert(1)', 'https://a:b@cdn.example.com/a.png'],
    ...["https://cdn.example.com/a.png; script-src 'unsafe-inline'", '/a.png script-src *', '/a,b.png'],
  ])('reject a logo: %s', (logo) => {
    expect(errorsOf({ BRAND_LOGO_URL: logo })).toHaveLength(1);
  });

  it('reject a folder of templates that is not there', () => {
    expect(errorsOf({ PAGE_TEMPLATES: '/nowhere' })).toEqual([
      'PAGE_TEMPLATES names a folder that cannot be read: /nowhere.',
    ]);
  });
});

describe('Pages and mails of a brand', () => {
  let app: TestApp;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-brand-'));
    await writeFile(
      join(folder, 'links.hbs'),
      '{{#if link}}<p class="own"><a href="{{link.href}}">{{link.label}}</a></p>{{/if}}',
    );
    app = await startApp({ env: { ...BRAND, PAGE_TEMPLATES: folder } });
  });
  afterAll(async () => {
    await app?.stop();
    await rm(folder, { recursive: true });
  });

  it('have its name, its logo, which the policy lets in, and its color', async () => {
    const { html, headers } = await open(app, '/forgot-password');
    expect(html).toContain('<title>Forgot your password? – Acme &amp; Söhne</title>');
    expect(html).toContain('<img src="/brand/logo.png" alt="" height="32">Acme &amp; Söhne');
    expect(html).toContain('--accent: #7a1f5c');
    expect(headers.get(POLICY)).toContain(`img-src data: 'self';`);
  });

  it('replace single templates of pages', async () => {
    const { html } = await open(app, '/forgot-password/sent');
    expect(html).toContain('<p class="own"><a href="../forgot-password">');
    expect(html).toContain('<main>');
  });

  it('look the same in mails, where the logo is a whole address', async () => {
    const { email } = await account(app);
    await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
    const [mail] = await mailsTo(app, email);
    const html = String(mail?.parsed.html);
    expect(html).toContain('src="https://app.example.com/brand/logo.png"');
    expect(html).toContain('background-color: #7a1f5c');
    expect(html).not.toContain('2350b8');
    expect(mail?.parsed.subject).toContain('Acme & Söhne');
  });

  it('has a logo from another host in the policy, without its query', async () => {
    const other = await startApp({ env: { BRAND_LOGO_URL: 'https://cdn.example.com/a/logo.png?v=1' } });
    const { html, headers } = await open(other, '/forgot-password');
    expect(html).toContain('src="https://cdn.example.com/a/logo.png?v=1"');
    expect(headers.get(POLICY)).toContain('img-src data: https://cdn.example.com/a/logo.png;');
    await other.stop();
  });

  it('stop the start with the name of a template that is wrong', async () => {
    const wrong = await mkdtemp(join(tmpdir(), 'iam-brand-'));
    await writeFile(join(wrong, 'done.hbs'), '{{#> layout}}{{nothing}}{{/layout}}');
    const templates = new PageTemplates({ pageTemplates: wrong });
    expect(() => templates.onApplicationBootstrap()).toThrow(join(wrong, 'done.hbs'));
    await rm(wrong, { recursive: true });
  });
});
