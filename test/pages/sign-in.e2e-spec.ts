import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignInWays } from '../../src/pages/sign-in/sign-in.ways.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { account, signedIn } from '../support/factories.js';
import { sessionIds } from '../sign-in/sessions.js';
import { PageBrowser } from './page-browser.js';
import { fieldErrors, open, valueOf, type PageResult } from './page-client.js';

const APP = 'https://app.example.com';
const SHOP = 'https://shop.example.com/signed-in';
const GERMAN = { 'accept-language': 'de' };
const SIGN_IN_AT_ACCOUNT = '/sign-in?return_to=%2Faccount';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { APP_URL: APP, RETURN_URLS: SHOP } });
});
afterAll(() => app.stop());

/** The address that a form carries on. */
const returnToOf = (page: PageResult): string =>
  (valueOf(page, 'return_to') ?? '').replaceAll('&#x3D;', '=').replaceAll('&amp;', '&');

describe('The page to sign in', () => {
  it('asks for the e-mail, then for the password, and sets the cookies of a session', async () => {
    const { id, email, password } = await account(app);
    const browser = new PageBrowser(app);
    const first = await browser.send('/sign-in');
    expect([first.status, valueOf(first, 'email'), valueOf(first, 'password')]).toEqual([200, '', undefined]);
    const second = await browser.send('/sign-in', { form: { email: ` ${email} ` } });
    expect([second.status, valueOf(second, 'email'), valueOf(second, 'password')]).toEqual([200, email, '']);
    expect(second.html).toMatch(/<input id="password" [^>]*type="password" [^>]*autocomplete="current-password"/);
    const done = await browser.signIn({ email, password });
    expect([done.status, done.headers.get('location'), done.html]).toEqual([303, '/account', '']);
    const cookies = done.headers.getSetCookie();
    expect(cookies.map((cookie) => /^[\w-]+/.exec(cookie)?.[0]).sort()).toEqual([
      'auth-token',
      'device',
      'refresh-token',
    ]);
    for (const cookie of cookies) expect(cookie).toMatch(/; HttpOnly.*; SameSite=Lax/);
    const me = await send(app, 'GET', '/auth/me', { token: browser.cookie('auth-token') ?? '' });
    expect(me.body.data.id).toBe(id);
  });

  it('is the same for an e-mail without an account, but for the e-mail', async () => {
    const { email } = await account(app);
    const { email: disabled } = await account(app, { enabled: false });
    const pages = await Promise.all(
      [email, disabled, 'no-account@example.com'].map(async (sent) => {
        const known = await open(app, '/sign-in', { form: { email: sent } });
        const wrong = await open(app, '/sign-in/password', { form: { email: sent, password: 'Wrong-horse-1' } });
        return [known, wrong].map(({ status, html }) => [status, html.replaceAll(sent, 'E-MAIL')]);
      }),
    );
    expect(pages[1]).toEqual(pages[0]);
    expect(pages[2]).toEqual(pages[0]);
  });

  it('says at the password what the API says, and keeps the e-mail and the return_to', async () => {
    const { email, password } = await account(app);
    const form = { email, password: 'Wrong-horse-1', return_to: '/orders' };
    const page = await open(app, '/sign-in/password', { form });
    expect([page.status, valueOf(page, 'email'), valueOf(page, 'return_to')]).toEqual([422, email, `${APP}/orders`]);
    expect(fieldErrors(page, 'password')).toEqual(['The e-mail or the password is wrong']);
    expect(page.html).not.toContain('Wrong-horse-1');
    const german = await open(app, '/sign-in/password', { form, headers: GERMAN });
    expect(fieldErrors(german, 'password')).toEqual(['E-Mail-Adresse oder Passwort ist falsch']);
    const { email: disabled } = await account(app, { enabled: false });
    const locked = await open(app, '/sign-in/password', { form: { email: disabled, password } });
    expect(fieldErrors(locked, 'password')).toEqual(['The account is disabled']);
    expect(locked.headers.getSetCookie()).toEqual([]);
  });

  it.each(['', 'jane', '"><script>alert(1)</script>'])('asks for an e-mail instead of %j', async (email) => {
    const page = await open(app, '/sign-in', { form: { email, return_to: '/orders' } });
    expect([page.status, valueOf(page, 'return_to')]).toEqual([422, `${APP}/orders`]);
    expect(fieldErrors(page, 'email')).toEqual(['The e-mail address must be valid, such as jane@example.com']);
    expect(page.html).not.toContain('<script>alert');
  });

  it.each([
    ['/orders?page=2#top', `${APP}/orders?page=2#top`],
    [`${APP}/orders`, `${APP}/orders`],
    [SHOP, SHOP],
    ['/account/profile?x=1', '/account/profile?x=1'],
    ['//app.example.com/account', `${APP}/account`],
  ])('leads to the application, to listed addresses and to the own account: %s', async (returnTo, location) => {
    const { email, password } = await account(app);
    const query = new URLSearchParams({ return_to: returnTo }).toString();
    const first = await open(app, `/sign-in?${query}`);
    const second = await open(app, '/sign-in', { form: { email, return_to: returnToOf(first) } });
    const form = { email, password, return_to: returnToOf(second) };
    const done = await open(app, '/sign-in/password', { form });
    expect([done.status, done.headers.get('location')]).toEqual([303, location]);
  });

  it.each([
    'https://evil.example.net/account',
    '//evil.example.net/account',
    '\\\\evil.example.net/account',
    '/\\evil.example.net',
    'https://app.example.com@evil.example.net/',
    'https://app.example.com:8443/',
    'javascript:alert(1)',
    'data:text/html,x',
    `${SHOP}/../else`,
    '/account/../../x\u0000',
    '\thttps://evil.example.net',
  ])('leads to no other site, at any step: %j', async (returnTo) => {
    const { email, password } = await account(app);
    const query = new URLSearchParams({ return_to: returnTo }).toString();
    for (const page of [
      await open(app, `/sign-in?${query}`),
      await open(app, '/sign-in', { form: { email, return_to: returnTo } }),
      await open(app, '/sign-in/password', { form: { email, password: 'x', return_to: returnTo } }),
    ]) {
      expect(valueOf(page, 'return_to')).toBeUndefined();
      expect(page.html + page.headers.get('content-security-policy')).not.toContain('evil');
    }
    const done = await open(app, '/sign-in/password', { form: { email, password, return_to: returnTo } });
    expect(done.headers.get('location')).toBe('/account');
  });

  it('lets a browser follow the redirect of its form to a listed site, and to no other', async () => {
    const { email } = await account(app);
    const page = await open(app, '/sign-in', { form: { email, return_to: SHOP } });
    expect(page.headers.get('content-security-policy')).toContain(`form-action 'self' https://shop.example.com;`);
    const own = await open(app, '/sign-in', { form: { email, return_to: '/account' } });
    expect(own.headers.get('content-security-policy')).toContain(`form-action 'self';`);
  });

  it('goes on in a browser that is signed in already', async () => {
    const browser = new PageBrowser(app);
    await browser.signIn(await account(app));
    expect((await browser.send('/sign-in')).headers.get('location')).toBe('/account');
    expect((await browser.send('/sign-in?return_to=/orders')).headers.get('location')).toBe(`${APP}/orders`);
    expect((await browser.send('/sign-in?return_to=//evil.example.net')).headers.get('location')).toBe('/account');
  });

  it.each<Record<string, string>>([
    { origin: 'https://evil.example.net' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site' },
  ])('takes no form of another site: %j', async (headers) => {
    const { id, email, password } = await account(app);
    const page = await open(app, '/sign-in/password', { form: { email, password }, headers });
    expect([page.status, page.headers.getSetCookie()]).toEqual([403, []]);
    expect(await sessionIds(app, id)).toEqual([]);
  });

  it('counts attempts as the API does, with it', async () => {
    const limits = { THROTTLE_DISABLED: 'false', THROTTLE_PER_EMAIL_AND_ADDRESS: '3' };
    const limited = await startApp({ beside: app, env: { APP_URL: APP, ...limits } });
    try {
      const { email } = await account(app);
      const form = { email, password: 'Wrong-horse-1' };
      const pages = [
        await open(limited, '/sign-in/password', { form }),
        await open(limited, '/sign-in/password', { form }),
      ];
      const login = await send(limited, 'POST', '/auth/login', { body: form });
      pages.push(await open(limited, '/sign-in/password', { form }));
      expect([login.status, ...pages.map(({ status }) => status)]).toEqual([401, 422, 422, 429]);
      expect(pages[2]?.text).toContain('Too many attempts Please try again in 15 minutes.');
    } finally {
      await limited.stop();
    }
  });

  it('lets a browser in that signed in before, when strangers have used up the attempts of its owner', async () => {
    const limits = { THROTTLE_DISABLED: 'false', THROTTLE_PER_EMAIL: '2' };
    const limited = await startApp({ beside: app, env: { APP_URL: APP, ...limits } });
    try {
      const user = await account(app);
      const browser = new PageBrowser(limited);
      expect((await browser.signIn(user)).status).toBe(303);
      const form = { email: user.email, password: 'Wrong-horse-1' };
      for (let tries = 0; tries < 3; tries++) await open(limited, '/sign-in/password', { form });
      expect((await new PageBrowser(limited).signIn(user)).status).toBe(429);
      expect((await browser.signIn(user)).status).toBe(303);
    } finally {
      await limited.stop();
    }
  });

  it('offers what modules register, in their order, and goes on after an error as they say', async () => {
    const ways = app.nest.get(SignInWays, { strict: false });
    ways.register(({ email }) =>
      email.endsWith('@sso.example.com')
        ? { action: '/auth/sso/acme', submit: 'Go to Acme', hidden: {}, fields: [] }
        : null,
    );
    ways.registerStep(({ errors: [{ code }] }, { email }, { locale }) => {
      if (code !== 'invalid_credentials' || !email.startsWith('second.step')) return null;
      return { template: 'done', title: 'Second step', data: { heading: `Step (${locale})`, body: email, link: null } };
    });
    const offered = await open(app, '/sign-in', { form: { email: 'jane@sso.example.com' } });
    expect(offered.html.match(/<button type="submit">[^<]+/g)).toEqual([
      '<button type="submit">Sign in',
      '<button type="submit">Go to Acme',
    ]);
    expect((await open(app, '/sign-in', { form: { email: 'jane@example.com' } })).html).not.toContain('Acme');
    const form = { email: 'second.step@example.com', password: 'x' };
    expect((await open(app, '/sign-in/password', { form })).text).toContain('Step (en)');
  });
});

describe('An expired access cookie', () => {
  it('is renewed with the refresh cookie, on the way to the page that was asked for', async () => {
    const browser = new PageBrowser(app);
    await browser.signIn(await account(app));
    const before = browser.cookie('refresh-token');
    browser.expire('auth-token');
    const page = await browser.go('/account?notice=profile');
    expect([page.status, page.path]).toEqual([200, '/account?notice=profile']);
    expect(page.text).toContain('Your profile is saved.');
    expect(browser.cookie('refresh-token')).not.toBe(before);
  });

  it('keeps what a form has sent', async () => {
    const browser = new PageBrowser(app);
    const { id, ...credentials } = await account(app);
    await browser.signIn(credentials);
    browser.expire('auth-token');
    const page = await browser.go('/account/profile', { form: { name: 'Jane Roe', locale: 'de' } });
    expect([page.status, page.path]).toEqual([200, '/account?notice=profile']);
    expect(await app.sql('SELECT name, locale FROM accounts WHERE id = $1', [id])).toEqual([
      { name: 'Jane Roe', locale: 'de' },
    ]);
  });

  it('leads to the page to sign in when the session has ended, and clears the cookies', async () => {
    const browser = new PageBrowser(app);
    const user = await account(app);
    await browser.signIn(user);
    await app.sql('DELETE FROM account_sessions WHERE account_id = $1', [user.id]);
    browser.expire('auth-token');
    const page = await browser.go('/account');
    expect([page.status, page.path]).toEqual([200, SIGN_IN_AT_ACCOUNT]);
    expect(browser.cookie('refresh-token')).toBeUndefined();
    const lost = await browser.go('/account/profile', { form: { name: 'x' } });
    expect([lost.status, lost.path]).toEqual([200, SIGN_IN_AT_ACCOUNT]);
  });

  it('does not lead to another site, nor does another site send its form', async () => {
    for (const target of [
      'https://evil.example.net/account',
      '//evil.example.net',
      '/sign-out',
      '/account/../sign-out',
    ]) {
      const browser = new PageBrowser(app);
      await browser.signIn(await account(app));
      const page = await browser.send(`/auth/continue?${new URLSearchParams({ return_to: target }).toString()}`);
      expect(page.headers.get('location')).toBe('/account');
    }
    const browser = new PageBrowser(app);
    await browser.signIn(await account(app));
    const headers = { origin: 'https://evil.example.net', 'sec-fetch-site': 'cross-site' };
    expect((await browser.send('/auth/continue?return_to=/account/profile', { form: {}, headers })).status).toBe(403);
  });
});

describe('The page to sign out', () => {
  it('ends the session with a button only, and clears the cookies', async () => {
    const user = await account(app);
    const browser = new PageBrowser(app);
    await browser.signIn(user);
    expect((await browser.send('/sign-out')).text).toContain('Sign out?');
    expect(await sessionIds(app, user.id)).toHaveLength(1);
    const page = await browser.go('/sign-out', { form: {} });
    expect([page.status, page.path]).toEqual([200, '/sign-out/done']);
    expect(page.text).toContain('You are signed out');
    expect([await sessionIds(app, user.id), browser.cookie('auth-token'), browser.cookie('refresh-token')]).toEqual([
      [],
      undefined,
      undefined,
    ]);
    expect((await browser.go('/account')).path).toBe(SIGN_IN_AT_ACCOUNT);
  });

  it('ends a session whose access cookie has expired, and is content without one', async () => {
    const user = await account(app);
    const browser = new PageBrowser(app);
    await browser.signIn(user);
    browser.expire('auth-token');
    expect((await browser.go('/sign-out', { form: {} })).path).toBe('/sign-out/done');
    expect(await sessionIds(app, user.id)).toEqual([]);
    expect((await browser.go('/sign-out', { form: {} })).path).toBe('/sign-out/done');
  });

  it('takes no form of another site', async () => {
    const user = await account(app);
    const browser = new PageBrowser(app);
    await browser.signIn(user);
    for (const path of ['/sign-out', '/auth/sign-out']) {
      const page = await browser.send(path, { form: {}, headers: { origin: 'https://evil.example.net' } });
      expect(page.status).toBe(403);
    }
    expect(await sessionIds(app, user.id)).toHaveLength(1);
  });
});

describe('Pages behind a proxy that strips a path, with a prefix of the API', () => {
  it('lead to each other by the public path', async () => {
    const env = { APP_URL: APP, PUBLIC_PATH: '/iam', API_PREFIX: 'api/v1' };
    const proxied = await startApp({ beside: app, env });
    try {
      const start = await open(proxied, '/account');
      expect(start.headers.get('location')).toBe('/iam/api/v1/auth/continue?return_to=%2Fiam%2Faccount');
      const next = await open(proxied, start.headers.get('location') ?? '');
      expect(next.headers.get('location')).toBe('/iam/sign-in?return_to=%2Fiam%2Faccount');
      const { email, password } = (await signedIn(app)).account;
      const form = { email, password, return_to: '/iam/account' };
      const done = await open(proxied, '/sign-in/password', { form });
      expect(done.headers.get('location')).toBe('/iam/account');
    } finally {
      await proxied.stop();
    }
  });
});
