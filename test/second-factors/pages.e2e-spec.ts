import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PageBrowser } from '../pages/page-browser.js';
import { fieldErrors, type PageResult, valueOf } from '../pages/page-client.js';
import { ageSignIn } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, type AccountOptions, type TestAccount } from '../support/factories.js';
import { Authenticator } from './factors.js';
import { REQUIRED, RequiredByName } from './required.js';

const PAGE = '/account/second-factors';
let app: TestApp;
let browser: PageBrowser;
let user: TestAccount;

beforeAll(async () => {
  app = await startApp({ extension: { modules: [RequiredByName] }, env: { APP_URL: 'https://app.example.com' } });
});
afterAll(() => app.stop());

async function enter(options: AccountOptions = {}): Promise<PageResult> {
  user = await account(app, options);
  browser = new PageBrowser(app);
  return browser.signIn(user);
}
beforeEach(() => enter());

const send = (change: string, form: Readonly<Record<string, string>> = {}): Promise<PageResult> =>
  browser.send(PAGE, { form: { change, ...form } });

/** The hidden fields of the page that shows a key. */
const hiddenIn = (page: PageResult) => ({ id: valueOf(page, 'id') ?? '', secret: valueOf(page, 'secret') ?? '' });

/** Adds an app by the forms of the page. */
async function add(name = 'My phone', extra: Readonly<Record<string, string>> = {}) {
  const shown = await send('add', { name, ...extra });
  const hidden = hiddenIn(shown);
  const phone = new Authenticator(hidden.secret);
  const done = await send('confirm', { ...hidden, ...extra, code: phone.code() });
  return { shown, done, phone, id: hidden.id };
}

/** The codes that a page shows. */
const codesIn = ({ html }: PageResult): string[] =>
  [...html.matchAll(/<li>([0-9A-Z]{5}-[0-9A-Z]{5})<\/li>/g)].map(([, code = '']) => code);

describe('The page of second factors', () => {
  it('adds an app with its key as a picture and as text, and lists it', async () => {
    expect((await browser.send('/account')).text).toContain('Second factor No authenticator app yet.');
    const { shown, done } = await add('My <phone>');
    expect(shown.status).toBe(200);
    const { secret } = hiddenIn(shown);
    expect(shown.text).toContain(secret.match(/.{4}/g)?.join(' '));
    expect(shown.html).toContain('<svg class="qr" role="img" aria-label="QR code of the key"');
    expect(shown.html).toContain(`href="otpauth://totp/`);
    expect(shown.headers.get('cache-control')).toBe('no-store');
    expect(shown.headers.get('content-security-policy')).not.toMatch(/unsafe|connect-src/);
    expect([done.status, done.headers.get('location')]).toEqual([303, `${PAGE}?notice=added`]);
    const page = await browser.send(`${PAGE}?notice=added`);
    expect(page.text).toContain('The app is added.');
    expect(page.html).toContain('My &lt;phone&gt;');
    expect(page.html).not.toContain(secret);
    expect((await browser.send('/account')).text).toContain('Recovery codes none left');
  });

  it('shows the key again with a wrong code, and lists no app that was not confirmed', async () => {
    const shown = await send('add', { name: 'My phone' });
    const hidden = hiddenIn(shown);
    const wrong = await send('confirm', { ...hidden, code: new Authenticator(hidden.secret).wrong() });
    expect(wrong.status).toBe(422);
    expect(fieldErrors(wrong, 'code')).toHaveLength(1);
    expect(hiddenIn(wrong)).toEqual(hidden);
    expect(fieldErrors(await send('confirm', { ...hidden, code: 'abc' }), 'code')).toHaveLength(1);
    expect((await browser.send(PAGE)).text).toContain('No authenticator app yet.');
  });

  it.each([
    [
      'en',
      [
        'Code of your authenticator app must be the six digits of a code',
        'Recovery code must be the ten characters of a recovery code',
      ],
      ['Code of your authenticator app is wrong, has expired or was used before'],
    ],
    [
      'de',
      [
        'Code Ihrer Authenticator-App muss aus sechs Ziffern bestehen',
        'Wiederherstellungscode muss aus zehn Zeichen bestehen',
      ],
      ['Code Ihrer Authenticator-App ist falsch, abgelaufen oder wurde schon benutzt'],
    ],
  ] as const)('calls fields in errors what their labels do: %s', async (language, malformed, wrong) => {
    const headers = { 'accept-language': language };
    const { phone } = await add();
    const second = new PageBrowser(app);
    const step = await second.signIn(user);
    const errorsAt = async (field: string, value: string) => {
      const form = { mfa_token: valueOf(step, 'mfa_token') ?? '', factors: 'totp recovery_code', [field]: value };
      return fieldErrors(await second.send('/sign-in/second-step', { form, headers }), field);
    };
    expect([...(await errorsAt('code', 'abc')), ...(await errorsAt('recovery_code', 'abc'))]).toEqual(malformed);
    expect(await errorsAt('code', phone.wrong())).toEqual(wrong);
  });

  it('takes no key but one of its own form, no code of another app, and no app of another account', async () => {
    const hidden = hiddenIn(await send('add', { name: 'My phone' }));
    const forged = await send('confirm', { ...hidden, secret: '"><svg>', code: '000000' });
    expect([forged.status, forged.html.includes('class="qr"')]).toEqual([422, false]);
    await enter();
    const code = new Authenticator(hidden.secret).code();
    const other = await send('confirm', { ...hidden, code });
    expect([other.status, other.text.includes('That did not work.')]).toEqual([422, true]);
  });

  it('asks for a name', async () => {
    const page = await send('add', { name: ' ' });
    expect(page.status).toBe(422);
    expect(fieldErrors(page, 'name')).toHaveLength(1);
  });

  it('makes recovery codes, shown once and as a file, of which each signs in once', async () => {
    expect((await send('codes')).status).toBe(422);
    await add();
    const made = await send('codes');
    const codes = codesIn(made);
    expect(new Set(codes).size).toBe(10);
    const link = /href="data:text\/plain;charset(?:=|&#x3D;)utf-8,([^"]+)" download="recovery-codes.txt"/;
    const [, file = ''] = link.exec(made.html) ?? [];
    expect(decodeURIComponent(file)).toBe(['Your recovery codes', '', ...codes, ''].join('\r\n'));
    const page = await browser.send(PAGE);
    expect(page.text).toContain('10 left');
    expect(codesIn(page)).toEqual([]);

    const second = new PageBrowser(app);
    const step = await second.signIn(user);
    const form = { mfa_token: valueOf(step, 'mfa_token') ?? '', factors: valueOf(step, 'factors') ?? '' };
    const [code = ''] = codes;
    const done = await second.send('/sign-in/second-step', { form: { ...form, recovery_code: code } });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account']);
    expect((await second.send('/account')).text).toContain('Recovery codes 9 left');
  });

  it('removes an app', async () => {
    const { id } = await add();
    const done = await send('remove', { id });
    expect([done.status, done.headers.get('location')]).toEqual([303, `${PAGE}?notice=removed`]);
    expect((await browser.send(PAGE)).text).toContain('No authenticator app yet.');
    expect((await send('remove', { id })).text).toContain('That did not work.');
  });

  it('needs a recent sign-in for everything', async () => {
    await ageSignIn(user.id, app);
    const confirm = `/account/confirm?return_to=${encodeURIComponent(PAGE)}`;
    expect((await browser.send(PAGE)).headers.get('location')).toBe(confirm);
    for (const change of ['add', 'confirm', 'remove', 'codes']) {
      expect((await send(change)).headers.get('location')).toBe(confirm);
    }
  });

  it('is in German, and takes no form of another site', async () => {
    const page = await browser.send(PAGE, { headers: { 'accept-language': 'de' } });
    expect(page.text).toContain('Noch keine Authenticator-App.');
    const headers = { origin: 'https://evil.example.net', 'sec-fetch-site': 'cross-site' };
    expect((await browser.send(PAGE, { form: { change: 'codes' }, headers })).status).toBe(403);
  });
});

describe('An account that must have a second factor and has none', () => {
  it('is led to the page from the sign-in and from every page of the account, and then to where it was going', async () => {
    const signedIn = await enter({ name: REQUIRED });
    expect(signedIn.headers.get('location')).toBe(PAGE);
    for (const path of ['/account', '/account/profile', '/account/change-password', '/account/change-email']) {
      const page = await browser.send(path);
      expect([page.status, page.headers.get('location')]).toEqual([
        303,
        `${PAGE}?return_to=${encodeURIComponent(path)}`,
      ]);
    }
    const page = await browser.send(`${PAGE}?return_to=%2Faccount%2Fprofile`);
    expect(page.text).toContain('Add one to go on.');
    expect([...page.html.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href)).toEqual([
      '/sign-out',
      '/account/passkeys',
    ]);
    const { id, done } = await add('My phone', { return_to: '/account/profile' });
    const next = await browser.send(done.headers.get('location') ?? '');
    expect(next.html).toContain('<a href="/account/profile">Continue</a>');
    expect(next.text).not.toContain('Add one to go on.');
    expect((await browser.send('/account/profile')).status).toBe(200);
    expect((await send('remove', { id })).text).toContain('Add another one before you remove the last.');
  });

  it('goes on to the front end that it signed in for, and to no other site', async () => {
    await enter({ name: REQUIRED });
    const to = (returnTo: string) =>
      browser.send('/sign-in/password', {
        form: { email: user.email, password: user.password, return_to: returnTo },
      });
    const location = `${PAGE}?return_to=${encodeURIComponent('https://app.example.com/orders')}`;
    expect((await to('https://app.example.com/orders')).headers.get('location')).toBe(location);
    expect((await to('https://evil.example.net/')).headers.get('location')).toBe(PAGE);
    await add();
    expect((await browser.send(location)).html).toContain('<a href="https://app.example.com/orders">Continue</a>');
    const evil = await browser.send(`${PAGE}?return_to=${encodeURIComponent('https://evil.example.net/')}`);
    expect(evil.html).not.toContain('evil');
  });
});
