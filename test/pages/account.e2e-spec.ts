import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACTIONS } from '../../src/events/audit-action.js';
import { AccountSections } from '../../src/pages/account/account.sections.js';
import { GERMAN_ACCOUNT } from '../../src/pages/text/account.text.de.js';
import { ENGLISH_ACCOUNT } from '../../src/pages/text/account.text.en.js';
import { emailOf, newAddress } from '../accounts/email/email-app.js';
import { mailsTo } from '../accounts/mails.js';
import { ageSignIn, sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { account, signedIn, signIn, type AccountOptions, type TestAccount } from '../support/factories.js';
import { ADMIN } from '../support/environment.js';
import { PageBrowser } from './page-browser.js';
import { fieldErrors, open, valueOf } from './page-client.js';

const GOOD = 'Better-horse-8';
const EVIL = { origin: 'https://evil.example.net', 'sec-fetch-site': 'cross-site' };
/** Maximum size of a page, in bytes. */
const MAX_BYTES = 15 * 1024;

let app: TestApp;
let browser: PageBrowser;
let user: TestAccount;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** Signs in a new account in a new browser. */
async function enter(options: AccountOptions = {}): Promise<void> {
  user = await account(app, options);
  browser = new PageBrowser(app);
  await browser.signIn(user);
}
beforeEach(() => enter({ name: 'Jane <Doe>' }));

describe('The page of an account', () => {
  it('shows who is signed in, with a link to each change', async () => {
    const page = await browser.send('/account');
    expect(page.status).toBe(200);
    expect(page.html).toContain('Jane &lt;Doe&gt;</div>');
    expect(page.text).toContain(user.email);
    const links = [...page.html.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href);
    expect(links).toEqual([
      '/sign-out',
      '/account/profile',
      '/account/profile',
      '/account/change-email',
      '/account/change-password',
      '/account/second-factors',
      '/account/passkeys',
    ]);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('etag')).toBeNull();
  });

  it.each(['', '/profile', '/change-password', '/change-email', '/confirm', '/second-factors', '/passkeys'])(
    '/account%s has a link to sign out, in its language',
    async (path) => {
      const header = /<header class="product">.*<a href="\/sign-out">([^<]+)<\/a><\/header>/;
      expect(header.exec((await browser.send(`/account${path}`)).html)?.[1]).toBe('Sign out');
      const german = await browser.send(`/account${path}`, { headers: { 'accept-language': 'de' } });
      expect(header.exec(german.html)?.[1]).toBe('Abmelden');
      expect((await open(app, '/sign-in')).html).not.toContain('sign-out');
    },
  );

  it('is in the language of the account', async () => {
    await app.sql(`UPDATE accounts SET locale = 'de' WHERE id = $1`, [user.id]);
    await browser.signIn(user);
    const page = await browser.send('/account', { headers: { 'accept-language': 'en' } });
    expect(page.text).toContain('Ihr Konto');
    expect(page.text).toContain('Sprache Deutsch');
  });

  it('needs a session', async () => {
    for (const path of ['/account', '/account/profile', '/account/change-password', '/account/change-email']) {
      const page = await new PageBrowser(app).go(path);
      expect([page.status, page.path]).toEqual([200, `/sign-in?return_to=${encodeURIComponent(path)}`]);
    }
  });

  it('stays below 15 KB with many sessions and events', async () => {
    for (let n = 0; n < 15; n++) await signIn(app, user);
    const page = await browser.send('/account', { headers: { 'accept-language': 'de' } });
    expect(page.html.match(/\/account\/sessions\/[\w-]{36}\/end"/g)).toHaveLength(9);
    expect(page.text).toContain('Und 6 weitere.');
    expect(Buffer.byteLength(page.html)).toBeLessThan(MAX_BYTES);
  });

  it('says what was done only by words of its own', async () => {
    expect((await browser.send('/account?notice=email')).text).toContain('A message is on its way');
    for (const notice of ['constructor', '<b>', 'x']) {
      const page = await browser.send(`/account?notice=${encodeURIComponent(notice)}`);
      expect([page.status, page.html.includes('class="notice"')]).toEqual([200, false]);
    }
  });

  it('has the parts that modules register, and none that have nothing to show', async () => {
    const sections = app.nest.get(AccountSections, { strict: false });
    sections.register(({ email }) =>
      Promise.resolve(
        email === user.email
          ? { heading: 'Badges', items: [{ title: 'Door', detail: 'today' }], empty: 'None', link: null }
          : null,
      ),
    );
    expect((await browser.send('/account')).text).toContain('Badges Door today');
    const other = new PageBrowser(app);
    await other.signIn(await account(app));
    expect((await other.send('/account')).text).not.toContain('Badges');
  });
});

describe('The profile', () => {
  it('changes name and language, with an event', async () => {
    const form = await browser.send('/account/profile');
    expect(valueOf(form, 'name')).toBe('Jane &lt;Doe&gt;');
    expect(form.html).toContain('<option value="" selected>That of the browser</option>');
    const done = await browser.send('/account/profile', { form: { name: ' Jane Roe ', locale: 'de' } });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?notice=profile']);
    const page = await browser.send('/account?notice=profile');
    expect(page.text).toContain('Ihr Profil ist gespeichert. Name Jane Roe');
    expect(page.text).toContain('Konto geändert');
    const back = await browser.send('/account/profile', { form: { name: 'Jane Roe', locale: '' } });
    expect(back.status).toBe(303);
    expect(await app.sql('SELECT name, locale FROM accounts WHERE id = $1', [user.id])).toEqual([
      { name: 'Jane Roe', locale: null },
    ]);
  });

  it.each([
    [{ name: ' ', locale: 'de' }, 'name', 'The name must not be empty'],
    [{ name: 'x'.repeat(201), locale: '' }, 'name', 'The name must have at most 200 characters'],
    [{ name: 'Jane', locale: 'xx' }, 'locale', 'The language must be one of de, en'],
  ])('has the rules of the API: %j', async (form, field, error) => {
    const page = await browser.send('/account/profile', { form });
    expect(page.status).toBe(422);
    expect(fieldErrors(page, field)).toEqual([error]);
  });

  it('is not changed by a role that may not', async () => {
    await enter({ role: 'anonymous' });
    const page = await browser.send('/account');
    expect(page.html).not.toContain('/account/profile');
    for (const request of [{}, { form: { name: 'Other', locale: '' } }]) {
      const rejected = await browser.send('/account/profile', request);
      expect([rejected.status, rejected.text.includes('Your role does not allow this')]).toEqual([403, true]);
    }
  });

  it('takes no attribute besides', async () => {
    await browser.send('/account/profile', {
      form: { name: 'Jane', locale: '', role_name: 'admin', enabled: 'false' },
    });
    expect(await app.sql('SELECT role_name, enabled FROM accounts WHERE id = $1', [user.id])).toEqual([
      { role_name: 'user', enabled: true },
    ]);
  });
});

describe('The password', () => {
  it('is changed with the current one, and ends the other sessions', async () => {
    const other = await signIn(app, user);
    const form = { current_password: user.password, new_password: GOOD };
    const done = await browser.send('/account/change-password', { form });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?notice=password']);
    expect(await sessionIds(app, user.id)).toHaveLength(1);
    expect((await browser.send('/account?notice=password')).text).toContain('Password changed');
    await signIn(app, { email: user.email, password: GOOD });
    expect((await send(app, 'GET', '/auth/me', { token: other.token })).status).toBe(401);
  });

  it('has the errors of the API at the fields', async () => {
    const form = { current_password: 'Wrong-horse-1', new_password: 'abc' };
    const page = await browser.send('/account/change-password', { form });
    expect(page.status).toBe(422);
    expect(fieldErrors(page, 'current_password')).toEqual(['The current password is wrong']);
    expect(fieldErrors(page, 'new_password')).toContain('The new password must contain a digit');
    expect(page.html).not.toContain('Wrong-horse-1');
  });
});

describe('The e-mail', () => {
  it('is asked for after a sign-in of late, and a mail is sent', async () => {
    const email = newAddress();
    expect((await browser.send('/account/change-email')).status).toBe(200);
    const done = await browser.send('/account/change-email', { form: { email } });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?notice=email']);
    await mailsTo(app, email);
    expect(await emailOf(app, user.id)).toBe(user.email);
  });

  it('needs the password again an hour later, and goes on to what was asked', async () => {
    await ageSignIn(user.id, app);
    const email = newAddress();
    expect((await browser.send('/account/change-email', { form: { email } })).status).toBe(303);
    const page = await browser.go('/account/change-email');
    expect([page.status, page.path]).toEqual([200, '/account/confirm?return_to=%2Faccount%2Fchange-email']);
    const form = { password: 'Wrong-horse-1', return_to: valueOf(page, 'return_to') ?? '' };
    const wrong = await browser.send('/account/confirm', { form });
    expect([wrong.status, fieldErrors(wrong, 'password')]).toEqual([422, ['The e-mail or the password is wrong']]);
    const done = await browser.go('/account/confirm', { form: { ...form, password: user.password } });
    expect([done.status, done.path]).toEqual([200, '/account/change-email']);
    expect((await browser.send('/account/change-email', { form: { email } })).status).toBe(303);
    await mailsTo(app, email);
  });

  it.each(['https://evil.example.net', '//evil.example.net/account', '/sign-out', ''])(
    'the password leads to pages of the account only: %j',
    async (returnTo) => {
      const form = { password: user.password, return_to: returnTo };
      expect((await browser.send('/account/confirm', { form })).headers.get('location')).toBe('/account');
    },
  );

  it('has the rules of the API, and is the same when it is taken', async () => {
    const wrong = await browser.send('/account/change-email', { form: { email: 'jane' } });
    expect([wrong.status, valueOf(wrong, 'email')]).toEqual([422, 'jane']);
    expect(fieldErrors(wrong, 'email')).toEqual(['The e-mail address must be valid, such as jane@example.com']);
    const { email } = await account(app);
    const taken = await browser.send('/account/change-email', { form: { email } });
    expect([taken.status, taken.headers.get('location')]).toEqual([303, '/account?notice=email']);
  });

  it('of an account without a password asks for a new sign-in', async () => {
    await app.sql('DELETE FROM account_credentials WHERE account_id = $1', [user.id]);
    const page = await browser.send('/account/confirm?return_to=/account/change-email');
    expect(page.text).toContain('Sign in again first');
    expect((await browser.send('/account')).html).toContain('<a href="/forgot-password">');
  });
});

describe('The sessions', () => {
  it('are named by device and address, and one can be ended', async () => {
    const other = new PageBrowser(app);
    const firefox = 'Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0';
    const form = { email: user.email, password: user.password };
    await other.send('/sign-in/password', { form, headers: { 'user-agent': firefox } });
    const page = await browser.send('/account');
    expect(page.text).toMatch(/this device .*127\.0\.0\.1 · since .* UTC · last used .* UTC/);
    expect(page.text).toContain('Firefox, Windows 127.0.0.1');
    const [, end = ''] = /action="(\/account\/sessions\/[\w-]+\/end)"/.exec(page.html) ?? [];
    const done = await browser.send(end, { form: {} });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?notice=session']);
    expect((await other.go('/account')).path).toBe('/sign-in?return_to=%2Faccount');
    expect((await browser.send('/account')).text).toContain('Session ended');
    const again = await browser.send(end, { form: {} });
    expect([again.status, again.text.includes('There is nothing here')]).toEqual([404, true]);
  });

  it('all others can be ended at once', async () => {
    for (let n = 0; n < 3; n++) await signIn(app, user);
    const done = await browser.send('/account/sessions/end-others', { form: {} });
    expect(done.headers.get('location')).toBe('/account?notice=sessions');
    expect(await sessionIds(app, user.id)).toHaveLength(1);
    const page = await browser.send('/account');
    expect([page.status, page.text.includes('End all other sessions')]).toEqual([200, false]);
  });

  it('of others are not shown and cannot be ended, not even by an admin', async () => {
    const stranger = await signedIn(app);
    const [id = ''] = await sessionIds(app, stranger.account.id);
    const boss = new PageBrowser(app);
    await boss.signIn(ADMIN);
    expect((await boss.send('/account')).html).not.toContain(id);
    for (const one of [browser, boss]) {
      for (const target of [id, 'nope', `${id}%00`]) {
        expect((await one.send(`/account/sessions/${target}/end`, { form: {} })).status).toBe(404);
      }
    }
    expect(await sessionIds(app, stranger.account.id)).toEqual([id]);
  });
});

describe('The activity', () => {
  it('is what the account did and what was done to it, without the addresses of others', async () => {
    const stranger = await signedIn(app);
    await open(app, '/sign-in/password', { form: { email: user.email, password: 'Wrong-horse-1' } });
    const boss = new PageBrowser(app);
    await boss.signIn(ADMIN);
    await stranger.post('/account/email', { email: newAddress() });
    const { text } = await browser.send('/account');
    const [, trail = ''] = text.split('Recent activity');
    expect(trail).toMatch(/^ Sign-in failed [^·]+ UTC · 127\.0\.0\.1 Signed in [^·]+ UTC · 127\.0\.0\.1 Sign out$/);
  });

  it('has words for every action, in each language', async () => {
    const { paths } = (await (await fetch(`${app.url}/openapi.json`)).json()) as OpenAPIObject;
    const writes = Object.entries(paths).flatMap(([path, methods]) => {
      const [, name, isOne] = /^\/(\w+)(\/\{resource_id\})?$/.exec(path) ?? [];
      if (name === undefined) return [];
      const verbs = isOne ? { patch: 'updated', delete: 'deleted' } : { post: 'created' };
      return Object.entries(verbs).flatMap(([method, verb]) => (method in methods ? `iam:${name}.${verb}` : []));
    });
    expect(writes).toEqual(expect.arrayContaining(['iam:api_keys.created', 'iam:account_factors.deleted']));
    for (const { actions } of [ENGLISH_ACCOUNT, GERMAN_ACCOUNT]) {
      expect([...ACTIONS, ...writes].filter((action) => !Object.hasOwn(actions, action))).toEqual([]);
    }
  });
});

describe('A form of another site', () => {
  it.each([
    ['/account/profile', { name: 'Evil', locale: '' }],
    ['/account/change-password', { current_password: 'Correct-horse-7', new_password: GOOD }],
    ['/account/change-email', { email: 'evil@example.net' }],
    ['/account/confirm', { password: 'Correct-horse-7' }],
    ['/account/sessions/end-others', {}],
    ['/account/sessions/01900000-0000-7000-8000-000000000000/end', {}],
  ])('changes nothing at %s', async (path, form) => {
    await signIn(app, user);
    const before = await app.sql('SELECT * FROM accounts WHERE id = $1', [user.id]);
    const page = await browser.send(path, { form, headers: EVIL });
    expect([page.status, page.text.includes('This form was sent from another site')]).toEqual([403, true]);
    expect(await app.sql('SELECT * FROM accounts WHERE id = $1', [user.id])).toEqual(before);
    expect(await sessionIds(app, user.id)).toHaveLength(2);
  });
});
