import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MAIL_SAMPLES, SAMPLE_SURROUNDINGS } from '../../src/mail/mail.data.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';

/** What a team declares for a mail of its own; see docs/mail.md. */
declare module '../../src/mail/mail.data.js' {
  interface MailData {
    'team-welcome': { name: string; team: string; members: readonly string[] };
  }
}

const SURROUNDINGS = {
  ...SAMPLE_SURROUNDINGS,
  name: 'Jane Doe',
  product: 'Acme',
  forgotPasswordLink: new URL('https://app.example.com/forgot-password'),
};
const WELCOME = { name: 'Jane', team: 'Blue', members: ['Ann', '<b>Bob</b>'] };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iam-templates-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes files below the folder. */
async function write(files: Readonly<Record<string, string>>, below = folder): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(below, name)), { recursive: true });
    await writeFile(join(below, name), text);
  }
}

/** Templates as they are when the service has started. */
function booted(prepare: (templates: MailTemplates) => void = () => undefined): MailTemplates {
  const templates = new MailTemplates({ mailTemplates: folder });
  prepare(templates);
  templates.onApplicationBootstrap();
  return templates;
}

const invitation = (templates: MailTemplates, languages = 'en') =>
  templates.render('invitation', MAIL_SAMPLES.invitation, SURROUNDINGS, languages);

describe('A file in MAIL_TEMPLATES', () => {
  it('replaces that part of that mail in that language, and nothing else', async () => {
    await write({ 'en/invitation/subject.hbs': 'Welcome to {{product}}, {{name}}!' });
    const [changed, original] = [booted(), new MailTemplates({ mailTemplates: null })];
    expect(invitation(changed)).toEqual({ ...invitation(original), subject: 'Welcome to Acme, Jane Doe!' });
    expect(invitation(changed, 'de')).toEqual(invitation(original, 'de'));
  });

  it('replaces the layout of every mail, or the footer of one language', async () => {
    await write({
      'layout.text.hbs': '{{> @partial-block}}\n==\n{{> footer}}',
      'de/footer.text.hbs': 'Acme GmbH, Köln',
    });
    const templates = booted();
    expect(invitation(templates).text).toMatch(/^Hello Jane Doe,[^]*\n==\nThis message was sent/);
    expect(invitation(templates, 'de').text).toMatch(/^Guten Tag Jane Doe,[^]*\n==\nAcme GmbH, Köln\n$/);
  });

  it('may be a layout of one language', async () => {
    await write({ 'de/layout.text.hbs': 'ACME\n{{> @partial-block}}' });
    const templates = booted();
    expect(invitation(templates, 'de').text).toMatch(/^ACME\nGuten Tag/);
    expect(invitation(templates).text).toMatch(/^You are invited\n/);
  });

  it('may belong to a language that did not exist before', async () => {
    await write({
      'fr/footer.html.hbs': 'Envoyé par {{product}}.',
      'fr/footer.text.hbs': 'Envoyé par {{product}}.',
      'fr/invitation/subject.hbs': 'Invitation à {{product}}',
      'fr/invitation/html.hbs':
        '{{#> layout title="Invitation" preheader=""}}{{> button label="Accepter" hint=""}}{{/layout}}',
      'fr/invitation/text.hbs': '{{#> layout title="Invitation"}}\n{{link}} {{date expiresAt}}\n{{/layout}}',
    });
    const templates = booted();
    const { subject, text } = invitation(templates, 'fr-CA, en;q=0.5');
    expect(subject).toBe('Invitation à Acme');
    expect(text).toContain('vendredi 27 novembre 2026');
    // The other mails are not written in it yet.
    const reset = templates.render('password-reset', MAIL_SAMPLES['password-reset'], SURROUNDINGS, 'fr, de;q=0.5');
    expect(reset.locale).toBe('de');
  });

  it('is found as Kubernetes mounts it, through links beside hidden folders', async () => {
    await write({ '..2026_11_24/en/invitation/subject.hbs': 'Mounted' });
    await symlink('..2026_11_24', join(folder, '..data'));
    await symlink('..data/en', join(folder, 'en'));
    expect(invitation(booted()).subject).toBe('Mounted');
  });

  it('that is no template is left alone', async () => {
    await write({ 'README.md': 'Ours', 'en/invitation/subject.hbs.orig': '{{', 'en/.hidden.hbs': '{{' });
    expect(invitation(booted()).subject).toBe('You are invited to Acme');
  });
});

describe('The start stops and names the file', () => {
  it.each([
    ['of a syntax error', 'en/invitation/html.hbs', '{{#if name}}', 'Parse error on line'],
    ['that names what is not in the data', 'de/invitation/text.hbs', 'Hallo\n{{vorname}}', '"vorname" not defined'],
    ['of a layout that does so', 'layout.html.hbs', '\n{{> @partial-block}}\n{{brand}}', '"brand" not defined'],
    ['of a footer that does so', 'en/footer.text.hbs', '{{company}}', '"company" not defined'],
    ['that calls what does not exist', 'en/invitation/text.hbs', '{{shout name}}', 'unknown helper shout'],
    ['that writes to the log', 'en/invitation/text.hbs', '{{log name}}', 'unknown helper log'],
    ['that includes what does not exist', 'en/invitation/html.hbs', '{{> header}}', 'There is no partial header'],
    ['that includes what the data says', 'en/invitation/html.hbs', '{{> (lookup . "name")}}', 'There is no partial'],
    ['of a layout that does so', 'layout.html.hbs', '{{#> frame}}{{/frame}}', 'There is no partial frame'],
    ['that writes a value unescaped', 'en/invitation/html.hbs', '<b>{{{name}}}</b>', 'must not be written unescaped'],
    ['that does so with an ampersand', 'en/footer.html.hbs', '{{&product}}', 'must not be written unescaped'],
    ['that does so inside of a block', 'layout.html.hbs', '{{#if product}}{{{product}}}{{/if}}', 'unescaped - 1:'],
    ['that defines something', 'en/invitation/html.hbs', '{{#*inline "x"}}{{/inline}}', 'no decorators'],
    ['that takes a text for a time', 'en/invitation/html.hbs', '{{date name}}', 'Invalid time value'],
  ])('%s', async (_, name, source, message) => {
    await write({ [name]: source });
    expect(() => booted()).toThrow(message);
    expect(() => booted()).toThrow(`${join(folder, name)}: `);
  });

  it.each([
    ['of an unknown mail', 'en/invitaton/subject.hbs', /en\/invitaton\/html\.hbs is missing beside/],
    ['with a part that no mail has', 'en/invitation/body.hbs', /a template file is called/],
    ['in a folder too many', 'mails/en/invitation/html.hbs', /a template file is called/],
    ['in a folder too few', 'invitation/html.hbs', /a template file is called/],
    ['of a kind that does not exist', 'layout.hbs', /a template file is called/],
    ['in a language that does not exist', 'en_US/footer.text.hbs', /en_US is no language tag/],
  ])('%s', async (_, name, message) => {
    await write({ [name]: 'x' });
    expect(() => booted()).toThrow(message);
    expect(() => booted()).toThrow(join(folder, name));
  });

  it('of an unknown mail, although it is complete', async () => {
    await write({ 'en/welcome/subject.hbs': 'x', 'en/welcome/html.hbs': 'x', 'en/welcome/text.hbs': 'x' });
    expect(() => booted()).toThrow(
      `${join(folder, 'en/welcome/html.hbs')}: there is no mail welcome, only invitation,`,
    );
  });

  it('that is missing in a new language', async () => {
    await write({ 'fr/invitation/subject.hbs': 'x', 'fr/invitation/html.hbs': 'x' });
    expect(() => booted()).toThrow(
      `fr/invitation/text.hbs is missing beside ${join(folder, 'fr/invitation/html.hbs')}`,
    );
  });
});

describe('A team', () => {
  it('adds a mail of its own, with a folder and a sample', async () => {
    const own = join(folder, '.own');
    await write(
      {
        'en/team-welcome/subject.hbs': 'Welcome to {{team}}',
        'en/team-welcome/html.hbs':
          '{{#> layout title="Welcome" preheader=""}}<ul>{{#each members}}<li>{{this}}</li>{{/each}}</ul>{{/layout}}',
        'en/team-welcome/text.hbs': '{{#> layout title="Welcome"}}\n{{#each members}}- {{this}}\n{{/each}}{{/layout}}',
      },
      own,
    );
    const templates = booted((it) => it.add(own, { 'team-welcome': WELCOME }));
    const { subject, html, text } = templates.render('team-welcome', WELCOME, SURROUNDINGS);
    expect(subject).toBe('Welcome to Blue');
    expect(html).toContain('<ul><li>Ann</li><li>&lt;b&gt;Bob&lt;/b&gt;</li></ul>');
    expect(text).toContain('- Ann\n- <b>Bob</b>\n');
  });

  it('fails to start when the mail has no English template', () => {
    expect(() => booted((it) => it.add(folder, { 'team-welcome': WELCOME }))).toThrow(
      'The mail team-welcome has no template en/team-welcome/',
    );
  });

  it('replaces a built-in file, which the folder of the operator replaces in turn', async () => {
    const own = join(folder, '.own');
    await write({ 'en/invitation/subject.hbs': 'Team', 'en/password-reset/subject.hbs': 'Team' }, own);
    await write({ 'en/invitation/subject.hbs': 'Operator' });
    const templates = booted((it) => it.add(own));
    expect(invitation(templates).subject).toBe('Operator');
    expect(templates.render('password-reset', MAIL_SAMPLES['password-reset'], SURROUNDINGS).subject).toBe('Team');
  });
});
