import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf } from '../support/client.js';
import { account, admin, signedIn } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { Browser, exchange, newProvider, PAGE, RETURN_TO, roundTrip } from './round-trip.js';

describe('Signing out of a session that came from an identity provider', () => {
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
  beforeEach(() => {
    fake.mistakes = {};
  });

  /** A person of the provider, who is signed in. */
  const person = async (provider = acme) => {
    const email = `${randomUUID()}@${provider.domain}`;
    fake.said = { sub: randomUUID(), email, email_verified: true, sid: randomUUID() };
    await account(app, { email, joined: false });
    const { body } = await exchange(app, await roundTrip(new Browser(app), fake, provider.slug));
    return as(app, String(body.meta.token));
  };
  /** The same with cookies. */
  const visitor = async () => {
    const browser = new Browser(app);
    const email = `${randomUUID()}@${acme.domain}`;
    fake.said = { sub: randomUUID(), email, email_verified: true };
    await account(app, { email, joined: false });
    await roundTrip(browser, fake, acme.slug, PAGE);
    return browser;
  };

  describe('over the API', () => {
    it('says where the provider ends its own, with the ID token and nothing to come back to', async () => {
      const { post, get } = await person();
      const response = await post('/auth/logout', { provider: true });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/vnd.api+json']);
      const url = new URL(response.body.meta.end_session_url);
      expect(url.origin + url.pathname).toBe(`${fake.issuer}/end`);
      expect(Object.fromEntries(url.searchParams)).toEqual({
        client_id: 'iam',
        id_token_hint: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      });
      expect((await get('/auth/me')).status).toBe(401);
    });

    it('leads back to an allowed address, and to no other', async () => {
      const { post } = await person();
      const rejected = await post('/auth/logout', { provider: true, return_to: 'https://evil.example/' });
      expect(errorsOf(rejected)).toEqual(['422 validation_failed /return_to']);
      const { body } = await post('/auth/logout', { provider: true, return_to: RETURN_TO });
      const { searchParams } = new URL(body.meta.end_session_url);
      expect(searchParams.get('post_logout_redirect_uri')).toBe(RETURN_TO);
    });

    it('is as before without being asked, by password, and where the provider has no such address', async () => {
      expect((await (await person()).post('/auth/logout')).status).toBe(204);
      expect((await (await signedIn(app)).post('/auth/logout', { provider: true })).status).toBe(204);
      fake.mistakes = { metadata: { end_session_endpoint: undefined } };
      const client = await person(await newProvider(root, fake));
      expect((await client.post('/auth/logout', { provider: true })).status).toBe(204);
      expect((await client.get('/auth/me')).status).toBe(401);
    });

    it('goes on while the provider is away', async () => {
      const provider = await newProvider(root, fake);
      const client = await person(provider);
      // The metadata of a provider that has changed are asked for again.
      await root.patch(`/identity_providers/${provider.id}`, {
        data: { type: 'iam:identity_providers', id: provider.id, attributes: { name: 'Renamed' } },
      });
      fake.mistakes = { hangs: true };
      const began = Date.now();
      expect((await client.post('/auth/logout', { provider: true })).status).toBe(204);
      expect(Date.now() - began).toBeLessThan(3_000);
      expect((await client.get('/auth/me')).status).toBe(401);
    });

    it('cannot be asked for while this session goes on', async () => {
      const { post, get } = await person();
      const response = await post('/auth/logout', { provider: true, others: true });
      expect(errorsOf(response)).toEqual(['400 malformed_body /others']);
      expect((await get('/auth/me')).status).toBe(200);
    });

    it('ends every session of the account too, and says it for this one', async () => {
      const { post } = await person();
      const response = await post('/auth/logout', { provider: true, everywhere: true });
      expect(response.body.meta.end_session_url).toContain(`${fake.issuer}/end?`);
      expect((await post('/auth/logout', { provider: true })).status).toBe(401);
    });
  });

  describe('on the pages', () => {
    it('asks where, and leads to the provider', async () => {
      const browser = await visitor();
      const page = await browser.go('/account');
      expect(page.text).toMatch(/<form method="get" action="\/sign-out">/);
      const choice = await browser.go('/sign-out');
      expect(choice.text).toContain('Sign out here and at Acme');
      const response = await fetch(`${app.url}/sign-out`, {
        headers: { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      });
      expect(response.headers.get('content-security-policy')).toContain(`form-action 'self' ${fake.issuer}`);
      const { status, location } = await browser.go('/sign-out', { form: { provider: 'true' } });
      expect([status, location]).toEqual([303, expect.stringContaining(`${fake.issuer}/end?id_token_hint=`)]);
      expect([...browser.cookies.keys()]).not.toContain('auth-token');
    });

    it('ends it here alone by the other button, and after the access cookie has expired', async () => {
      const [one, other] = [await visitor(), await visitor()];
      expect((await one.go('/sign-out', { form: {} })).location).toBe('/sign-out/done');
      other.cookies.delete('auth-token');
      const further = await other.go('/sign-out', { form: { provider: 'true' } });
      expect([further.status, further.location]).toEqual([307, '/auth/sign-out']);
      const { location } = await other.go(further.location, { form: { provider: 'true' } });
      expect(location).toContain(`${fake.issuer}/end?`);
    });

    it('asks nothing for a session by password', async () => {
      const { token } = await signedIn(app);
      const browser = new Browser(app);
      browser.cookies.set('auth-token', token);
      expect((await browser.go('/sign-out')).text).not.toContain('provider');
      expect((await browser.go('/account')).text).toContain('<form method="post" action="/sign-out">');
    });
  });
});
