import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageBrowser } from '../pages/page-browser.js';
import { type PageResult, valueOf } from '../pages/page-client.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, type TestAccount } from '../support/factories.js';
import { Authenticator } from './factors.js';

const PAGE = '/account/second-factors';
const COOKIE = 'trusted-device';
const GERMAN = { 'accept-language': 'de' };

/** A person with an authenticator app, and a browser of theirs. */
interface Person {
  readonly user: TestAccount;
  readonly phone: Authenticator;
  readonly codes: readonly string[];
}

let app: TestApp;
let off: TestApp;

beforeAll(async () => {
  app = await startApp();
  off = await startApp({ beside: app, env: { TRUSTED_DEVICE_DAYS: '0' } });
});
afterAll(async () => {
  await off.stop();
  await app.stop();
});

/** Adds an app and recovery codes on the pages. */
async function person(): Promise<Person> {
  const user = await account(app);
  const browser = new PageBrowser(app);
  await browser.signIn(user);
  const shown = await browser.send(PAGE, { form: { change: 'add', name: 'Phone' } });
  const [id = '', secret = ''] = [valueOf(shown, 'id'), valueOf(shown, 'secret')];
  const phone = new Authenticator(secret);
  await browser.send(PAGE, { form: { change: 'confirm', id, secret, code: phone.code() } });
  const { html } = await browser.send(PAGE, { form: { change: 'codes' } });
  return {
    user,
    phone,
    codes: [...html.matchAll(/<li>([0-9A-Z]{5}-[0-9A-Z]{5})<\/li>/g)].map(([, code = '']) => code),
  };
}

/** The fields of the second step, with these on top. */
const stepForm = (page: PageResult, more: Readonly<Record<string, string>>) => ({
  mfa_token: valueOf(page, 'mfa_token') ?? '',
  factors: valueOf(page, 'factors') ?? '',
  ...more,
});

/** Signs in on the pages with a code, and has the device trusted. */
async function trust({ user, phone }: Person, browser: PageBrowser): Promise<PageResult> {
  const form = stepForm(await browser.signIn(user), { code: phone.code(), trust_device: 'true' });
  return browser.send('/sign-in/second-step', { form });
}

/** The boxes of a page to trust the device: the form, and whether it is ticked. */
const boxes = ({ html }: PageResult): [string | undefined, boolean][] =>
  [...html.matchAll(/<input id="trust_device-(\w+)" name="trust_device" type="checkbox"([^>]*)>/g)].map(
    ([, form, attributes = '']) => [form, attributes.includes('checked')],
  );

describe('The box to trust a device, on the page of the second step', () => {
  it('is not ticked, and says for how long, in English and in German', async () => {
    const { user } = await person();
    const page = await new PageBrowser(app).signIn(user);
    expect(boxes(page)).toEqual([['totp', false]]);
    expect(page.text).toContain('Trust this device for 30 days Your password is then enough here.');
    const { email, password } = user;
    const german = await new PageBrowser(app).send('/sign-in/password', { form: { email, password }, headers: GERMAN });
    expect(german.text).toContain('Diesem Gerät 30 Tage lang vertrauen Hier reicht dann Ihr Passwort.');
  });

  it('has the next sign-in of that browser, and of no other, skip the second step', async () => {
    const jane = await person();
    const browser = new PageBrowser(app);
    const done = await trust(jane, browser);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account']);
    await browser.send('/sign-out', { form: {} });
    const again = await browser.signIn(jane.user);
    expect([again.status, again.headers.get('location')]).toEqual([303, '/account']);
    expect((await new PageBrowser(app).signIn(jane.user)).text).toContain('Second factor');
  });

  it('has no effect unless it is ticked', async () => {
    const { user, phone } = await person();
    const browser = new PageBrowser(app);
    const form = stepForm(await browser.signIn(user), { code: phone.code() });
    expect((await browser.send('/sign-in/second-step', { form })).status).toBe(303);
    expect(browser.cookie(COOKIE)).toBeUndefined();
    expect((await browser.signIn(user)).text).toContain('Second factor');
  });

  it('stays ticked after a wrong code, which trusts nothing', async () => {
    const { user, phone } = await person();
    const browser = new PageBrowser(app);
    const form = stepForm(await browser.signIn(user), { code: phone.wrong(), trust_device: 'true' });
    const page = await browser.send('/sign-in/second-step', { form });
    expect([page.status, boxes(page)]).toEqual([422, [['totp', true]]]);
    expect(browser.cookie(COOKIE)).toBeUndefined();
  });

  it('ends with the password', async () => {
    const jane = await person();
    const browser = new PageBrowser(app);
    await trust(jane, browser);
    const password = 'Better-horse-8';
    const form = { current_password: jane.user.password, new_password: password };
    expect((await browser.send('/account/change-password', { form })).status).toBe(303);
    expect((await browser.signIn({ ...jane.user, password })).text).toContain('Second factor');
  });

  it('has no place beside a recovery code', async () => {
    const { user, codes } = await person();
    const page = await new PageBrowser(app).signIn(user);
    const recovery = page.html.slice(page.html.indexOf('id="recovery_code"'));
    expect(recovery).not.toContain('trust_device');
    expect(codes).toHaveLength(10);
  });

  it('is not there with TRUSTED_DEVICE_DAYS=0', async () => {
    const { user } = await person();
    expect(boxes(await new PageBrowser(off).signIn(user))).toEqual([]);
  });
});

describe('The page of second factors', () => {
  it('lists the trusted devices of the account, and ends the trust in one', async () => {
    const [jane, other] = [await person(), await person()];
    const [browser, stranger] = [new PageBrowser(app), new PageBrowser(app)];
    await trust(jane, browser);
    await trust(other, stranger);
    const page = await browser.send(PAGE);
    expect(page.text).toContain('Trusted devices');
    const [, id = ''] = /value="distrust">\s*<input type="hidden" name="id" value="([^"]+)"/.exec(page.html) ?? [];
    const foreign = await stranger.send(PAGE, { form: { change: 'distrust', id } });
    expect([foreign.status, foreign.text.includes('That did not work.')]).toEqual([422, true]);
    const done = await browser.send(PAGE, { form: { change: 'distrust', id } });
    expect([done.status, done.headers.get('location')]).toEqual([303, `${PAGE}?notice=distrusted`]);
    const after = await browser.send(`${PAGE}?notice=distrusted`);
    expect(after.text).toContain('The device is not trusted any more.');
    expect(after.text).not.toContain('Trusted devices');
    expect((await browser.signIn(jane.user)).text).toContain('Second factor');
    expect((await stranger.signIn(other.user)).status).toBe(303);
  });
});

describe('Behind a proxy with PUBLIC_PATH', () => {
  let behind: TestApp;

  beforeAll(async () => {
    behind = await startApp({ beside: app, env: { PUBLIC_PATH: '/iam', API_PREFIX: 'api/v1' } });
  });
  afterAll(() => behind.stop());

  it('the cookie of a trusted device is for that path, below which pages and operations are', async () => {
    const { user, phone } = await person();
    const browser = new PageBrowser(behind);
    const { email, password } = user;
    const sendTo = (path: string, form: Readonly<Record<string, string>>) => browser.send(`/iam${path}`, { form });
    const step = await sendTo('/sign-in/password', { email, password });
    const done = await sendTo('/sign-in/second-step', stepForm(step, { code: phone.code(), trust_device: 'true' }));
    expect(done.headers.getSetCookie().find((cookie) => cookie.startsWith(COOKIE))).toMatch(
      /^trusted-device=[\w-]{43}; Max-Age=2592000; Path=\/iam; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect((await sendTo('/sign-in/password', { email, password })).status).toBe(303);
    const headers = { 'content-type': 'application/json', cookie: `${COOKIE}=${browser.cookie(COOKIE)}` };
    const body = JSON.stringify({ email, password });
    const login = await fetch(`${behind.url}/iam/api/v1/auth/login`, { method: 'POST', headers, body });
    expect(login.status).toBe(200);
  });
});
