import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf } from '../support/client.js';
import { account, admin, organization } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { enrolled } from '../second-factors/factors.js';
import { Browser, exchange, newProvider, PAGE, roundTrip } from './round-trip.js';

describe('The page to sign in', () => {
  let app: TestApp;
  let fake: FakeProvider;
  let acme: Awaited<ReturnType<typeof newProvider>>;

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp();
    const root = await admin(app);
    acme = await newProvider(root, fake, { organization_id: await organization(app), name: 'Acme & Co.' });
    const open = { slug: 'open', name: 'Open', kind: 'oidc', issuer: fake.issuer, client_id: 'iam' };
    await root.post('/identity_providers', document('iam:identity_providers', open));
    await root.post(
      '/identity_providers',
      document('iam:identity_providers', { ...open, slug: 'off', enabled: false }),
    );
  });
  afterAll(async () => {
    await app.stop();
    await fake.stop();
  });

  const offered = async (email?: string) => {
    const response = await as(app).get(
      `/auth/providers${email === undefined ? '' : `?email=${encodeURIComponent(email)}`}`,
    );
    return [response.status, ...(response.body.data ?? []).map(({ id }: { id: string }) => id), ...errorsOf(response)];
  };

  it('knows which providers to offer by the domain alone', async () => {
    const { email } = await account(app, { email: `${randomUUID()}@${acme.domain}` });
    expect(await offered()).toEqual([200, 'open']);
    expect(await offered(`nobody@${acme.domain.toUpperCase()}`)).toEqual([200, acme.slug, 'open']);
    expect(await offered(email)).toEqual([200, acme.slug, 'open']);
    expect(await offered(`nobody@sub.${acme.domain}`)).toEqual([200, 'open']);
    expect(await offered('nonsense')).toEqual([400, '400 invalid_parameter email']);
    const { body } = await as(app).get(`/auth/providers?email=nobody@${acme.domain}`);
    expect(body.data[0]).toEqual({
      type: 'iam:sign_in_providers',
      id: acme.slug,
      attributes: { name: 'Acme & Co.', kind: 'oidc', enforced: false },
    });
  });

  it('offers those for all at once, and those of the domain after the e-mail, beside the password', async () => {
    const browser = new Browser(app);
    const first = await browser.go('/sign-in?return_to=/account/profile');
    expect(first.text).toContain('<a href="/auth/sso/open?return_to=%2Faccount%2Fprofile">Sign in with Open</a>');
    expect(first.text).not.toContain('Acme');
    const second = await browser.go('/sign-in', { form: { email: `nobody@${acme.domain}` } });
    expect(second.text).toContain(`<a href="/auth/sso/${acme.slug}">Sign in with Acme &amp; Co.</a>`);
    expect(second.text).toContain('name="password"');
  });

  it('is followed by the second factor of the account, and the session knows its identity', async () => {
    const { account: owner, app: authenticator } = await enrolled(app);
    await app.sql(
      `INSERT INTO account_identities (id, account_id, provider_id, issuer, subject, linked_by) VALUES ($1, $2, $3, $4, $5, 'session')`,
      [randomUUID(), owner.id, acme.id, fake.issuer, `subject of ${owner.id}`],
    );
    fake.said = { sub: `subject of ${owner.id}` };
    const page = new Browser(app);
    const began = await page.go(`/auth/sso/${acme.slug}?return_to=/account`);
    const step = await page.go(fake.visit(began.location));
    expect([step.status, step.text]).toEqual([200, expect.stringContaining('name="mfa_token"')]);
    expect(page.cookies.has('auth-token')).toBe(false);

    const rejected = await exchange(app, await roundTrip(new Browser(app), fake, acme.slug));
    expect(errorsOf(rejected)).toEqual(['401 mfa_required']);
    const { mfa_token: token } = rejected.body.errors[0].meta;
    const proved = await as(app).post('/auth/mfa', { mfa_token: token, code: authenticator.code() });
    expect([proved.status, errorsOf(proved)]).toEqual([200, []]);
    expect(await app.sql('SELECT 1 FROM identity_provider_sessions WHERE provider_id = $1', [acme.id])).toHaveLength(1);
    fake.said = { ...fake.said, amr: ['pwd', 'mfa'] };
    expect(errorsOf(await exchange(app, await roundTrip(new Browser(app), fake, acme.slug)))).toEqual([
      '401 mfa_required',
    ]);
    await app.sql('UPDATE identity_providers SET trust_mfa = true, version = version + 1 WHERE id = $1', [acme.id]);
    const trusted = await exchange(app, await roundTrip(new Browser(app), fake, acme.slug));
    expect([trusted.status, errorsOf(trusted)]).toEqual([200, []]);
    expect((await roundTrip(new Browser(app), fake, acme.slug, PAGE)).pathname).toBe('/account');
    const sessions = await app.sql('SELECT 1 FROM identity_provider_sessions WHERE provider_id = $1', [acme.id]);
    expect(sessions).toHaveLength(3);
  });

  it('says what went wrong in English and German', async () => {
    for (const [language, text] of [
      ['en', 'The provider does not respond'],
      ['de', 'Der Anbieter antwortet nicht'],
    ] as const) {
      const response = await fetch(`${app.url}/sign-in/provider?error=provider_unavailable`, {
        headers: { 'accept-language': language },
      });
      expect([response.status, await response.text()]).toEqual([403, expect.stringContaining(text)]);
    }
  });
});
