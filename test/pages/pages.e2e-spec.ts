import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newToken } from '../../src/auth/tokens/secrets.js';
import { mailsTo, mailedToken } from '../accounts/mails.js';
import { secretsOf } from '../passwords/tokens.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, send } from '../support/client.js';
import { account, signIn, type AccountOptions } from '../support/factories.js';
import { fieldErrors, open, valueOf } from './page-client.js';

const GOOD = 'Better-horse-8';
const GERMAN = { 'accept-language': 'de-CH, en;q=0.5' };

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** An account that was invited, and the token of its invitation. */
async function invited(options: AccountOptions = {}, expiresAt = new Date(Date.now() + 86_400_000)) {
  const { token, hash } = newToken();
  const made = await account(app, { joined: false, ...options, invitation: { hash, expiresAt } });
  return { ...made, token };
}

/** An account with a reset token. */
async function resettable(options: AccountOptions = {}, expiresAt = new Date(Date.now() + 3_600_000)) {
  const { token, hash } = newToken();
  const made = await account(app, { ...options, reset: { hash, expiresAt } });
  return { ...made, token };
}

describe('The page of an invitation', () => {
  it('shows whom it is for, and spends nothing however often it is opened', async () => {
    const { token, email } = await invited({ name: 'Jane <Doe> & "Co"' });
    for (let i = 0; i < 3; i++) {
      const page = await open(app, `/join?token=${token}`);
      expect(page.status).toBe(200);
      expect(valueOf(page, 'email')).toBe(email);
      expect(valueOf(page, 'name')).toBe('Jane &lt;Doe&gt; &amp; &quot;Co&quot;');
      expect(valueOf(page, 'token')).toBe(token);
    }
    const done = await open(app, '/join', { form: { token, name: 'Jane Roe', password: GOOD } });
    expect([done.status, done.headers.get('location'), done.html]).toEqual([303, 'join/done', '']);
    expect((await open(app, '/join/done')).text).toContain('Your account is ready. You can sign in now.');
    await signIn(app, { email, password: GOOD });
    const [row] = await app.sql('SELECT name FROM accounts WHERE email = $1', [email]);
    expect(row).toEqual({ name: 'Jane Roe' });
  });

  it('says beside each field what is wrong with it, and keeps the token good', async () => {
    const { token, email } = await invited();
    const page = await open(app, '/join', { form: { token, name: ' ', password: 'abc' } });
    expect(page.status).toBe(422);
    expect(fieldErrors(page, 'name')).toEqual(['The name must not be empty']);
    expect(fieldErrors(page, 'password')).toEqual([
      'The password must have at least 8 characters',
      'The password must contain an upper-case letter',
      'The password must contain a digit',
      'The password must contain a special character, such as ! or a space',
    ]);
    expect(page.html).toContain('<title>Error: Accept the invitation – Iam</title>');
    expect(page.html).toMatch(/id="name"[^>]* aria-describedby="name-error" aria-invalid="true" required autofocus>/);
    expect(page.html).toMatch(/id="password"[^>]* aria-describedby="password-error" aria-invalid="true" required>/);
    expect([valueOf(page, 'email'), valueOf(page, 'token')]).toEqual([email, token]);
    expect((await open(app, '/join', { form: { token, name: 'Jane', password: GOOD } })).status).toBe(303);
  });

  it('keeps the name that was typed and forgets the password', async () => {
    const { token } = await invited();
    const form = { token, name: '<b>Jane</b>', password: 'secret-without-digit' };
    const page = await open(app, '/join', { form });
    expect(page.status).toBe(422);
    expect(valueOf(page, 'name')).toBe('&lt;b&gt;Jane&lt;/b&gt;');
    expect(page.html).not.toContain('secret-without-digit');
  });

  it('has a rule that no name is longer than 200 characters, or controls anything', async () => {
    const { token } = await invited();
    const long = await open(app, '/join', { form: { token, name: 'x'.repeat(201), password: GOOD } });
    expect(fieldErrors(long, 'name')).toEqual(['The name must have at most 200 characters']);
    for (const [name, error] of [
      ['Ja\u0000ne', 'The name contains a character that cannot be used'],
      ['Ja\u0007ne', 'The name must not contain control characters'],
    ] as const) {
      const control = await open(app, '/join', { form: { token, name, password: GOOD } });
      expect(fieldErrors(control, 'name')).toEqual([error]);
    }
  });
});

describe('The page of a reset', () => {
  it('sets the password, spends the token and ends the sessions', async () => {
    const { token, email, password } = await resettable();
    const session = await signIn(app, { email, password });
    const page = await open(app, `/reset-password?token=${token}`);
    expect([page.status, valueOf(page, 'email')]).toEqual([200, email]);
    const done = await open(app, '/reset-password', { form: { token, password: GOOD } });
    expect([done.status, done.headers.get('location')]).toEqual([303, 'reset-password/done']);
    expect((await open(app, '/reset-password/done')).text).toContain('Your password is set');
    expect((await send(app, 'GET', '/auth/me', { token: session.token })).status).toBe(401);
    await signIn(app, { email, password: GOOD });
    expect((await open(app, `/reset-password?token=${token}`)).status).toBe(404);
  });

  it('says what is wrong with the password, and keeps the token good', async () => {
    const { token, name } = await resettable({ name: 'Ploughwright' });
    const page = await open(app, '/reset-password', { form: { token, password: `${name}-1` } });
    expect(page.status).toBe(422);
    expect(fieldErrors(page, 'password')).toEqual([
      'The password must not be the e-mail address or the name of the account',
    ]);
    expect((await open(app, `/reset-password?token=${token}`)).status).toBe(200);
  });
});

describe('The page for a forgotten password', () => {
  it('says the same whether or not there is such an account, and mails it in the language of its reader', async () => {
    const { email } = await account(app);
    for (const address of [email, 'nobody@example.com']) {
      const sent = await open(app, '/forgot-password', { form: { email: ` ${address} ` }, headers: GERMAN });
      expect([sent.status, sent.headers.get('location'), sent.html]).toEqual([303, 'forgot-password/sent', '']);
    }
    const [mail] = await mailsTo(app, email);
    expect(mail?.parsed.subject).toBe('Neues Passwort für Iam');
    const token = await mailedToken(app, email);
    expect((await open(app, `/reset-password?token=${token}`)).status).toBe(200);
  });

  it('lets an account join whose invitation has ended', async () => {
    const { token, email } = await invited({}, new Date(Date.now() - 1000));
    const stale = await open(app, `/join?token=${token}`);
    expect(stale.status).toBe(422);
    expect(stale.html).toContain('<a href="forgot-password">Send me a new link</a>');
    await open(app, '/forgot-password', { form: { email } });
    const form = { token: await mailedToken(app, email), password: GOOD };
    expect((await open(app, '/reset-password', { form })).status).toBe(303);
    await signIn(app, { email, password: GOOD });
  });

  it.each(['', 'jane', '"><script>alert(1)</script>'])('asks for an e-mail address instead of %j', async (email) => {
    const page = await open(app, '/forgot-password', { form: { email } });
    expect(page.status).toBe(422);
    expect(fieldErrors(page, 'email')).toEqual(['The e-mail address must be valid, such as jane@example.com']);
    expect(page.html).not.toContain('<script>alert');
  });
});

describe('A link that is no good', () => {
  const stale = 'This link does not work any more';

  it.each([
    ['an unknown token', '?token=nope'],
    ['no token', ''],
    ['an empty token', '?token='],
    ['two tokens', '?token=a&token=b'],
    ['a token full of markup', `?token=${encodeURIComponent('"><script>alert(1)</script>')}`],
    ['a token of a thousand characters', `?token=${'x'.repeat(1000)}`],
    ['a token with a NUL', '?token=%00'],
    ['a token that is no UTF-8', '?token=%ff%fe'],
  ])('leads to a page that says so: %s', async (_, query) => {
    for (const path of ['/join', '/reset-password']) {
      const page = await open(app, path + query);
      expect([page.status, page.text.includes(stale)]).toEqual([404, true]);
      expect(page.html).not.toContain('alert(1)');
    }
  });

  it('is no good for a form either, and changes nothing', async () => {
    const [{ token: join, id }, { token: reset }] = [await invited(), await resettable()];
    for (const [path, token] of [
      ['/join', reset],
      ['/reset-password', join],
      ['/join', ''],
      ['/reset-password', `${reset}x`],
    ] as const) {
      const page = await open(app, path, { form: { token, name: 'Jane', password: GOOD } });
      expect([page.status, page.text.includes(stale)]).toEqual([404, true]);
    }
    expect(await secretsOf(app, id)).toMatchObject({ joinedAt: null, hashedPassword: null });
  });

  it.each([
    ['a disabled account', { enabled: false }, 3_600_000, 404],
    ['an outdated token', {}, -1000, 422],
  ])('may belong to %s', async (_, options, lifeMs, status) => {
    const { token } = await resettable(options, new Date(Date.now() + lifeMs));
    expect((await open(app, `/reset-password?token=${token}`)).status).toBe(status);
    expect((await open(app, '/reset-password', { form: { token, password: GOOD } })).status).toBe(status);
  });
});

describe('Every page', () => {
  const PATHS = ['/join/done', '/reset-password/done', '/forgot-password', '/forgot-password/sent', '/join?token=x'];

  it.each(PATHS)('is not cached, not framed and not sent as a referrer: %s', async (path) => {
    const { headers } = await open(app, path);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('vary')).toBe('Accept-Language');
    expect(headers.has('set-cookie')).toBe(false);
    const policy = headers.get('content-security-policy');
    for (const part of [`default-src 'none'`, `form-action 'self'`, `base-uri 'none'`, `frame-ancestors 'none'`]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  it.each(PATHS)('runs and styles nothing but what its policy names: %s', async (path) => {
    const { headers, html } = await open(app, path);
    const inline = [...html.matchAll(/<(style|script)>([^]*?)<\/\1>/g)];
    expect(inline).toHaveLength(2);
    for (const [, , text = ''] of inline) {
      const hash = createHash('sha256').update(text).digest('base64');
      expect(headers.get('content-security-policy')).toContain(`'sha256-${hash}'`);
    }
    expect(html).not.toMatch(/ style="| on\w+="|javascript:/);
  });

  it.each([
    [undefined, 'en', 'Forgot your password?'],
    ['de-CH, en;q=0.5', 'de', 'Passwort vergessen?'],
    ['fr', 'en', 'Forgot your password?'],
  ])('is in the language of its reader: %s', async (languages, locale, title) => {
    const page = await open(app, '/forgot-password', languages ? { headers: { 'accept-language': languages } } : {});
    expect(page.headers.get('content-language')).toBe(locale);
    expect(page.html).toContain(`<html lang="${locale}">`);
    expect(page.html).toContain(`<h1>${title}</h1>`);
  });

  it('takes what mail programs and campaigns add to links', async () => {
    const { token } = await invited();
    expect((await open(app, `/join?utm_source=mail&token=${token}&fbclid=x[]=`)).status).toBe(200);
  });

  it('does not reveal what failed', async () => {
    const { token } = await invited();
    await app.sql('ALTER TABLE accounts RENAME TO gone');
    try {
      const page = await open(app, `/join?token=${token}`, { headers: GERMAN });
      expect(page.status).toBe(500);
      expect(page.text).toContain('Hier ist etwas schiefgegangen');
      expect(page.text).not.toMatch(/accounts|relation|select/i);
    } finally {
      await app.sql('ALTER TABLE gone RENAME TO accounts');
    }
  });

  it('is no part of the API', async () => {
    const { body } = await send(app, 'GET', '/openapi.json');
    expect(Object.keys(body.paths).filter((path) => /^\/(join|reset|forgot|dev)/.test(path))).toEqual([]);
  });
});

describe('A form', () => {
  const form = { email: 'nobody@example.com' };

  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example.com' }],
    ['another site, without a referrer', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a neighbouring subdomain, without a referrer', { origin: 'null', 'sec-fetch-site': 'same-site' }],
    ['another site, without an origin', { 'sec-fetch-site': 'cross-site' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
  ])('is not taken from %s', async (_, headers) => {
    const page = await open(app, '/forgot-password', { form, headers });
    expect([page.status, page.text.includes('This form was sent from another site')]).toEqual([403, true]);
  });

  it.each<[string, () => Record<string, string>]>([
    ['the page itself', () => ({ origin: app.url, 'sec-fetch-site': 'same-origin' })],
    ['the page itself, without a referrer', () => ({ origin: 'null', 'sec-fetch-site': 'same-origin' })],
    [
      'the page itself, while signed in',
      () => ({ origin: 'null', 'sec-fetch-site': 'same-origin', cookie: 'auth-token=x' }),
    ],
    ['something that is no browser', () => ({})],
  ])('is taken from %s', async (_, headers) => {
    expect((await open(app, '/forgot-password', { form, headers: headers() })).status).toBe(303);
  });

  it('is taken by pages only', async () => {
    for (const path of ['/auth/login', '/account/passwords/reset', '/account/passwords/request_reset']) {
      const page = await open(app, path, { form });
      expect(errorsOf({ ...page, body: JSON.parse(page.html) })).toEqual(['415 unsupported_media_type']);
    }
  });

  it('is all that pages take', async () => {
    const json = await send(app, 'POST', '/forgot-password', { body: '{}' }).catch(() => null);
    expect(json).toBeNull();
    const response = await fetch(`${app.url}/forgot-password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(form),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([415, 'text/html; charset=utf-8']);
  });

  it('of more than 32 KiB is rejected', async () => {
    const page = await open(app, '/forgot-password', { form: { email: 'x'.repeat(40_000) } });
    expect(page.status).toBe(413);
  });
});

describe('Pages of a service with a prefix and limits', () => {
  let limited: TestApp;

  beforeAll(async () => {
    limited = await startApp({
      beside: app,
      env: { API_PREFIX: 'api/v1/iam', THROTTLE_DISABLED: 'false', THROTTLE_PER_ADDRESS: '3' },
    });
  });
  afterAll(() => limited.stop());

  it('stand outside of the prefix', async () => {
    expect((await open(limited, '/forgot-password')).status).toBe(200);
    expect((await open(limited, '/join/done')).status).toBe(200);
    expect((await open(limited, '/api/v1/iam/forgot-password')).status).toBe(404);
  });

  it('say when to try again, after too many attempts', async () => {
    const attempts = [];
    for (let i = 0; i < 4; i++) {
      attempts.push(await open(limited, '/join', { form: { token: `wrong ${i}`, name: 'x', password: GOOD } }));
    }
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 429]);
    const [, , , last] = attempts;
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last?.text).toMatch(/Too many attempts Please try again in 15 minutes\./);
  });
});
