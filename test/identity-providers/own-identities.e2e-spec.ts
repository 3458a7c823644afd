import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailsTo } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { Browser, newProvider, PAGE, roundTrip } from './round-trip.js';

const PATH = '/account/identity-providers';

describe('The page of the own identity providers', () => {
  let app: TestApp;
  let fake: FakeProvider;
  let root: Awaited<ReturnType<typeof admin>>;
  let acme: Awaited<ReturnType<typeof newProvider>>;

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp();
    root = await admin(app);
    acme = await newProvider(root, fake);
  });
  afterAll(async () => {
    await app.stop();
    await fake.stop();
  });

  /** The browser of an account with a password. */
  const visitor = async (org: readonly string[] = []) => {
    const client = await signedIn(app, { org: [...org] });
    const browser = new Browser(app);
    browser.cookies.set('auth-token', client.token);
    return { ...client, browser };
  };
  const follow = async (browser: Browser, path: string, site: string | null = 'same-origin') => {
    const response = await fetch(app.url + path, {
      redirect: 'manual',
      headers: {
        cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(site !== null && { 'sec-fetch-site': site }),
      },
    });
    return { status: response.status, location: response.headers.get('location') ?? '', text: await response.text() };
  };

  it('links a provider, and unlinks it, with a mail about each', async () => {
    const { browser, account: owner } = await visitor();
    expect((await browser.go(PATH)).text).toMatch(new RegExp(`href="${PATH}/${acme.slug}">Link Acme</a>`));
    const start = await follow(browser, `${PATH}/${acme.slug}`);
    expect(start.status).toBe(303);
    fake.said = { sub: randomUUID(), email: 'ada@elsewhere.example' };
    const back = await browser.go(fake.visit((await browser.go(start.location)).location));
    expect(back.location).toBe(`${PATH}?notice=linked`);
    const page = await browser.go(back.location);
    expect(page.text).toContain('The provider is linked.');
    expect(page.text).toContain('ada@elsewhere.example');
    expect(page.text).not.toContain('Link Acme');
    const id = /name="id" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const unlinked = await browser.go(PATH, { form: { id } });
    expect([unlinked.status, unlinked.location]).toEqual([303, `${PATH}?notice=unlinked`]);
    const subjects = (await mailsTo(app, owner.email, 2)).map(({ parsed }) => parsed.subject);
    expect(subjects.toSorted()).toEqual(
      ['Acme can sign in to your account at Iam now', 'Acme was removed from your account at Iam'].map((subject) =>
        expect.stringContaining(subject.slice(0, 12)),
      ),
    );
  });

  it('says why the last sign-in method stays, in the language of the page', async () => {
    const browser = new Browser(app);
    const email = `${randomUUID()}@${acme.domain}`;
    fake.said = { sub: randomUUID(), email, email_verified: true };
    const { id: accountId } = await account(app, { email, joined: false });
    await roundTrip(browser, fake, acme.slug, PAGE);
    const id = /name="id" value="([^"]+)"/.exec((await browser.go(PATH)).text)?.[1] ?? '';
    const english = await browser.go(PATH, { form: { id } });
    expect([english.status, english.text]).toEqual([422, expect.stringContaining('It is your only way to sign in.')]);
    await app.sql("UPDATE accounts SET locale = 'de' WHERE id = $1", [accountId]);
    await roundTrip(browser, fake, acme.slug, PAGE);
    const german = await browser.go(PATH, { form: { id } });
    expect([german.status, german.text]).toEqual([
      422,
      expect.stringContaining('Anders können Sie sich nicht anmelden.'),
    ]);
  });

  it('begins for a page of this site only, and offers no provider of another organization', async () => {
    const { browser } = await visitor();
    for (const site of [null, 'cross-site', 'none']) {
      expect((await follow(browser, `${PATH}/${acme.slug}`, site)).status).toBe(403);
    }
    const [own, foreign] = [await organization(app), await organization(app)];
    const [ours, theirs] = await Promise.all(
      [own, foreign].map((id) => newProvider(root, fake, { organization_id: id })),
    );
    const member = await visitor([own]);
    const { text } = await member.browser.go(PATH);
    expect([text.includes(ours?.slug ?? '-'), text.includes(theirs?.slug ?? '-')]).toEqual([true, false]);
    expect((await follow(member.browser, `${PATH}/${theirs?.slug ?? ''}`)).status).toBe(404);
  });

  it('removes no identity of another account', async () => {
    const owner = await visitor();
    const start = await follow(owner.browser, `${PATH}/${acme.slug}`);
    fake.said = { sub: randomUUID() };
    await owner.browser.go(fake.visit((await owner.browser.go(start.location)).location));
    const id = /name="id" value="([^"]+)"/.exec((await owner.browser.go(PATH)).text)?.[1] ?? '';
    const stranger = await visitor();
    expect((await stranger.browser.go(PATH, { form: { id } })).status).toBe(404);
    expect(await app.sql('SELECT 1 FROM account_identities WHERE id = $1', [id])).toHaveLength(1);
  });

  it('needs a recent sign-in, which the provider can prove again', async () => {
    const { browser, account: owner } = await visitor();
    const start = await follow(browser, `${PATH}/${acme.slug}`);
    fake.said = { sub: randomUUID() };
    await browser.go(fake.visit((await browser.go(start.location)).location));
    await app.sql("UPDATE account_sessions SET authenticated_at = now() - interval '1 hour' WHERE account_id = $1", [
      owner.id,
    ]);
    const other = await startApp({ beside: app });
    const elsewhere = new Browser(other);
    for (const [name, value] of browser.cookies) elsewhere.cookies.set(name, value);
    for (const form of [undefined, { id: 'x' }]) {
      const { status, location } = await elsewhere.go(PATH, form ? { form } : {});
      expect([status, location]).toEqual([303, `/account/confirm?return_to=${encodeURIComponent(PATH)}`]);
    }
    const confirm = await elsewhere.go(`/account/confirm?return_to=${encodeURIComponent(PATH)}`);
    const href = /href="([^"]+reauthenticate[^"]+)">Confirm with Acme</
      .exec(confirm.text)?.[1]
      ?.replaceAll('&amp;', '&')
      .replaceAll('&#x3D;', '=');
    expect(confirm.text).toContain('name="password"');
    const asked = await elsewhere.go(href ?? '');
    fake.said = { ...fake.said, auth_time: Math.floor(Date.now() / 1000) };
    const back = await elsewhere.go(fake.visit(asked.location));
    expect(back.location).toBe(PATH);
    expect((await elsewhere.go(PATH)).status).toBe(200);
    await other.stop();
  });
});
