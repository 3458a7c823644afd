import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { mailedToken, mailsTo } from '../accounts/mails.js';
import { addPasskey, newDevice } from '../passkeys/passkeys.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf } from '../support/client.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { API, begin, Browser, exchange, newProvider, outcome, PAGE, RETURN_TO, roundTrip } from './round-trip.js';

describe('Signing in with an identity provider', () => {
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
    fake.userinfo = null;
  });

  /** A person at the provider. */
  const person = (domain = acme.domain) => ({
    sub: randomUUID(),
    email: `${randomUUID()}@${domain}`,
    email_verified: true,
  });
  const failures = async () =>
    (
      await app.sql<{ reason: string }>(
        "SELECT details ->> 'reason' AS reason FROM audit_events WHERE action = 'iam:account_auths.sign_in_failed' ORDER BY id DESC LIMIT 1",
      )
    )[0]?.reason;
  const identities = (accountId: string) =>
    app.sql<{ subject: string; linked_by: string }>(
      'SELECT subject, linked_by FROM account_identities WHERE account_id = $1',
      [accountId],
    );
  /** An invited account whose owner has signed in with the provider. */
  const joined = async (browser = new Browser(app)) => {
    fake.said = person();
    const { id } = await account(app, { email: String(fake.said['email']), joined: false });
    const response = await exchange(app, await roundTrip(browser, fake, acme.slug));
    expect([response.status, response.body.data?.id]).toEqual([200, id]);
    return { id, said: fake.said, token: String(response.body.meta.token) };
  };

  it('accepts the invitation of the address that the provider vouches for, and spends it', async () => {
    const { id, said, token } = await joined();
    const [row] = await app.sql('SELECT joined_at, sso_channel FROM accounts WHERE id = $1', [id]);
    expect(row).toEqual({ joined_at: expect.any(Date), sso_channel: acme.slug });
    expect(await app.sql('SELECT 1 FROM one_time_tokens WHERE account_id = $1', [id])).toEqual([]);
    expect(decodeJwt(token)).toMatchObject({ sub: id, amr: ['fed'] });
    const mine = await as(app, token).get('/account_identities');
    expect(mine.body.data.map(({ attributes }: { attributes: object }) => attributes)).toMatchObject([
      { provider: acme.slug, issuer: fake.issuer, subject: said.sub, email: said['email'], linked_by: 'invitation' },
    ]);
    expect((await mailsTo(app, String(said['email'])))[0]?.parsed.subject).toContain('Acme can sign in');
  });

  it('finds the account by its identity from then on, whatever its e-mail is', async () => {
    const { id, said } = await joined();
    fake.said = { sub: said.sub, email: `${randomUUID()}@elsewhere.example`, email_verified: false };
    const again = await exchange(app, await roundTrip(new Browser(app), fake, acme.slug));
    expect([again.status, again.body.data.id]).toEqual([200, id]);
  });

  it('sends PKCE, nonce and state, and comes back to PUBLIC_URL', async () => {
    const url = new URL(await begin(new Browser(app), acme.slug));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'iam',
      scope: 'openid email profile',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `https://app.example.com/auth/sso/${acme.slug}/callback`,
    });
  });

  it('enters a page of the service with cookies, and without a code', async () => {
    const browser = new Browser(app);
    fake.said = person();
    await account(app, { email: String(fake.said['email']), joined: false });
    const url = await roundTrip(browser, fake, acme.slug, PAGE);
    expect([url.pathname, url.search]).toEqual(['/account', '']);
    expect([...browser.cookies.keys()].sort()).toEqual(['auth-token', 'device', 'refresh-token', 'sso']);
    const page = await browser.go('/account');
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('Identity providers')]);
    expect(page.text).toContain(`${String(fake.said['email'])} · `);
  });

  describe('leads nowhere but', () => {
    it.each([
      ['https://evil.example/', 'return_to must be'],
      ['//evil.example/account', 'return_to must be'],
      ['javascript:alert(1)', 'return_to must be'],
    ])('to allowed addresses, so not to %s', async (returnTo) => {
      const { status } = await new Browser(app).go(
        `/auth/sso/${acme.slug}?${new URLSearchParams({ ...API, return_to: returnTo }).toString()}`,
      );
      expect(status).toBe(400);
    });

    it('to a front end with a PKCE challenge', async () => {
      for (const challenge of [undefined, '', 'short', `${'x'.repeat(43)}=`]) {
        const query = { return_to: RETURN_TO, ...(challenge !== undefined && { code_challenge: challenge }) };
        const { status } = await new Browser(app).go(`/auth/sso/${acme.slug}?${new URLSearchParams(query).toString()}`);
        expect([challenge, status]).toEqual([challenge, 400]);
      }
    });
  });

  describe('a code', () => {
    it('is good once, and spent by a wrong verifier', async () => {
      await joined();
      const [one, other] = [
        await roundTrip(new Browser(app), fake, acme.slug),
        await roundTrip(new Browser(app), fake, acme.slug),
      ];
      expect((await exchange(app, one)).status).toBe(200);
      expect(errorsOf(await exchange(app, one))).toEqual(['401 invalid_credentials']);
      expect(errorsOf(await exchange(app, other, 'w'.repeat(43)))).toEqual(['401 invalid_credentials']);
      expect(errorsOf(await exchange(app, other))).toEqual(['401 invalid_credentials']);
    });

    it('expires after a minute', async () => {
      await joined();
      const url = await roundTrip(new Browser(app), fake, acme.slug);
      await app.sql("UPDATE one_time_tokens SET expires_at = now() WHERE purpose = 'sso_code'");
      expect(errorsOf(await exchange(app, url))).toEqual(['401 invalid_credentials']);
    });

    it('of a disabled account, and of one whose identity is gone, starts no session', async () => {
      for (const change of [
        'UPDATE accounts SET enabled = false WHERE id = $1',
        'DELETE FROM account_identities WHERE account_id = $1',
      ]) {
        const { id } = await joined();
        const url = await roundTrip(new Browser(app), fake, acme.slug);
        await app.sql('DELETE FROM account_sessions WHERE account_id = $1', [id]);
        await app.sql(change, [id]);
        expect((await exchange(app, url)).status).toBe(401);
        expect(await app.sql('SELECT 1 FROM account_sessions WHERE account_id = $1', [id])).toEqual([]);
      }
    });
  });

  describe('the callback starts no session', () => {
    const attempt = async (mistakes: FakeProvider['mistakes'] = {}) => {
      fake.said = person();
      await account(app, { email: String(fake.said['email']), joined: false });
      fake.mistakes = mistakes;
      const browser = new Browser(app);
      const back = fake.visit(await begin(browser, acme.slug));
      return { browser, back };
    };

    it.each<[string, FakeProvider['mistakes'], string]>([
      ['with a wrong issuer in the response', { iss: 'https://evil.example' }, 'provider_error'],
      ['with a wrong issuer in the ID token', { idToken: { iss: 'https://evil.example' } }, 'provider_error'],
      ['with another audience', { idToken: { aud: 'another' } }, 'provider_error'],
      ['with another nonce', { idToken: { nonce: 'another' } }, 'provider_error'],
      ['without a nonce', { idToken: { nonce: undefined } }, 'provider_error'],
      ['with an ID token that has expired', { idToken: { exp: 1 } }, 'provider_error'],
      ['with an ID token of an unknown key', { wrongKey: true }, 'provider_error'],
      ['with an ID token without a signature', { alg: 'none' }, 'provider_error'],
      ['with an ID token that is signed with the secret', { alg: 'HS256' }, 'provider_error'],
      ['with an algorithm that the metadata do not list', { alg: 'RS256' }, 'provider_error'],
      ['with an empty subject', { idToken: { sub: '' } }, 'provider_error'],
      ['with a subject of 256 characters', { idToken: { sub: 'x'.repeat(256) } }, 'provider_error'],
      ['without a subject', { idToken: { sub: undefined } }, 'provider_error'],
      ['when the user declines', { error: 'access_denied' }, 'access_denied'],
      ['when the provider fails', { error: 'server_error' }, 'provider_error'],
      ['when the code is not known', { status: 400 }, 'provider_error'],
      ['when the provider is broken', { status: 500 }, 'provider_unavailable'],
    ])('%s', async (_case, mistakes, error) => {
      const { browser, back } = await attempt(mistakes);
      const { location } = await browser.go(back);
      expect([new URL(location).origin, outcome(new URL(location))]).toEqual([new URL(RETURN_TO).origin, error]);
      expect(await failures()).toBe(error);
    });

    const invalid = async ({ status, location }: { status: number; location: string }) => {
      expect([status, location]).toEqual([303, '/sign-in/provider?error=invalid_state']);
      const page = await new Browser(app).go(location);
      expect([page.status, page.text]).toEqual([403, expect.stringContaining('Please sign in again')]);
      expect(await failures()).toBe('invalid_state');
    };

    it('when it is replayed', async () => {
      const { browser, back } = await attempt();
      expect(outcome(new URL((await browser.go(back)).location))).toBe('code');
      await invalid(await browser.go(back));
    });

    it('in another browser', async () => {
      const { browser, back } = await attempt();
      await invalid(await new Browser(app).go(back));
      const other = new Browser(app);
      await begin(other, acme.slug);
      await invalid(await other.go(back));
      expect(outcome(new URL((await browser.go(back)).location))).toBe('code');
    });

    it('after ten minutes', async () => {
      const { browser, back } = await attempt();
      await app.sql(
        "UPDATE one_time_tokens SET expires_at = expires_at - interval '10 minutes' WHERE purpose = 'sso_state'",
      );
      await invalid(await browser.go(back));
    });

    it("with another provider's state", async () => {
      const other = await newProvider(root, fake);
      const { browser, back } = await attempt();
      await invalid(await browser.go(back.replace(acme.slug, other.slug)));
    });

    it('with a token of another purpose for its state', async () => {
      const { browser, back } = await attempt();
      const { email } = await account(app);
      await as(app).post('/account/passwords/request_reset', { email });
      const url = new URL(back);
      url.searchParams.set('state', await mailedToken(app, email));
      await invalid(await browser.go(url.href));
    });

    it('with a code that was stolen from another browser', async () => {
      const { back } = await attempt();
      const thief = new Browser(app);
      const own = new URL(fake.visit(await begin(thief, acme.slug)));
      own.searchParams.set('code', new URL(back).searchParams.get('code') ?? '');
      // The code belongs to another verifier and nonce.
      expect(outcome(new URL((await thief.go(own.href)).location))).toBe('provider_error');
    });
  });

  it('takes e-mail and verification from one place', async () => {
    const { email } = person();
    await account(app, { email, joined: false });
    fake.said = { sub: randomUUID(), email_verified: true };
    fake.userinfo = { email };
    expect(outcome(await roundTrip(new Browser(app), fake, acme.slug))).toBe('email_not_verified');
    fake.userinfo = { email, email_verified: true };
    expect(outcome(await roundTrip(new Browser(app), fake, acme.slug))).toBe('code');
  });

  it('follows the keys of the provider without a restart', async () => {
    await joined();
    fake.rotate();
    expect(outcome(await roundTrip(new Browser(app), fake, acme.slug))).toBe('code');
  });

  it('says within 3 seconds that the provider is away, and passwords go on', async () => {
    const away = await newProvider(root, fake);
    fake.mistakes = { hangs: true };
    const began = Date.now();
    const { location } = await new Browser(app).go(`/auth/sso/${away.slug}?${new URLSearchParams(API).toString()}`);
    expect(outcome(new URL(location))).toBe('provider_unavailable');
    expect(Date.now() - began).toBeLessThan(3_000);
    expect(await signIn(app, await account(app))).toHaveProperty('token');
  });

  describe('by domain', () => {
    it('makes an account in the organization of the provider, once for concurrent sign-ins', async () => {
      const org = await organization(app);
      const provider = await newProvider(root, fake, { organization_id: org, join: 'domain', default_role: 'user' });
      fake.said = { ...person(provider.domain), name: 'Ada Lovelace' };
      const ends = await Promise.all(Array.from({ length: 5 }, () => roundTrip(new Browser(app), fake, provider.slug)));
      expect(ends.map(outcome)).toEqual(['code', 'code', 'code', 'code', 'code']);
      const made = await Promise.all(ends.map((url) => exchange(app, url)));
      expect(made.map((one) => [one.status, ...errorsOf(one)])).toEqual(made.map(() => [200]));
      expect(new Set(made.map(({ body }) => body.data.id)).size).toBe(1);
      expect(made[0]?.body.data.attributes).toMatchObject({
        name: 'Ada Lovelace',
        role_name: 'user',
        role_scope: { org: [org] },
      });
      expect(await identities(made[0]?.body.data.id)).toEqual([{ subject: fake.said.sub, linked_by: 'domain' }]);
    });

    it('never makes an account above the ceiling of who chose the role', async () => {
      const org = await organization(app);
      const provider = await newProvider(root, fake, {
        organization_id: org,
        join: 'domain',
        default_role: 'org_owner',
      });
      await app.sql('UPDATE identity_providers SET role_ceiling = 10 WHERE id = $1', [provider.id]);
      fake.said = person(provider.domain);
      expect(outcome(await roundTrip(new Browser(app), fake, provider.slug))).toBe('not_invited');
      await app.sql("UPDATE identity_providers SET role_ceiling = 99, default_role = 'admin' WHERE id = $1", [
        provider.id,
      ]);
      expect(outcome(await roundTrip(new Browser(app), fake, provider.slug))).toBe('not_invited');
      expect(await app.sql('SELECT 1 FROM accounts WHERE email = $1', [fake.said['email']])).toEqual([]);
    });
  });

  describe('a joined account', () => {
    const proof = async () => {
      fake.said = person();
      const email = String(fake.said['email']);
      const { id } = await account(app, { email });
      const browser = new Browser(app);
      const end = outcome(await roundTrip(browser, fake, acme.slug));
      return { id, email, browser, end };
    };

    it('is linked by the link in a mail to its address, in the same browser only', async () => {
      const { id, email, browser, end } = await proof();
      expect([end, await identities(id)]).toEqual(['confirmation_sent', []]);
      const token = await mailedToken(app, email);
      const page = await browser.go(`/confirm-identity?token=${token}`);
      expect([page.status, page.text]).toEqual([200, expect.stringContaining(email)]);

      const other = new Browser(app);
      await begin(other, acme.slug);
      for (const stranger of [new Browser(app), other]) {
        const rejected = await stranger.go('/auth/confirm-identity', { form: { token } });
        expect([rejected.status, rejected.text]).toEqual([403, expect.stringContaining('other browser')]);
      }
      expect(await identities(id)).toEqual([]);

      expect((await browser.go('/auth/confirm-identity', { form: { token } })).location).toContain(
        '/confirm-identity/done',
      );
      expect(await identities(id)).toEqual([{ subject: fake.said.sub, linked_by: 'mail' }]);
      expect((await exchange(app, await roundTrip(browser, fake, acme.slug))).body.data.id).toBe(id);
      expect((await browser.go('/auth/confirm-identity', { form: { token } })).status).toBe(404);
    });

    it('is linked to the very identity that signed in, whatever signs in meanwhile', async () => {
      const { id, email, browser } = await proof();
      const token = await mailedToken(app, email);
      const { sub } = fake.said;
      fake.said = { ...person(), email };
      await roundTrip(browser, fake, acme.slug);
      await browser.go('/auth/confirm-identity', { form: { token } });
      expect(await identities(id)).toEqual([{ subject: sub, linked_by: 'mail' }]);
    });

    it('with every right by then is not linked by mail any more', async () => {
      const { id, email, browser } = await proof();
      await app.sql("UPDATE accounts SET role_name = 'admin' WHERE id = $1", [id]);
      const rejected = await browser.go('/auth/confirm-identity', { form: { token: await mailedToken(app, email) } });
      expect([rejected.status, await identities(id)]).toEqual([409, []]);
    });

    it('is linked from its own fresh session, over the API', async () => {
      const client = await signedIn(app, { role: 'admin' });
      fake.said = { sub: randomUUID() };
      const start = await client.post(`/account/identities/${acme.slug}`, API_BODY);
      const browser = new Browser(app);
      const { location } = await browser.go(start.body.meta.url);
      const back = await browser.go(fake.visit(location));
      const url = new URL(back.location);
      const stranger = await signedIn(app);
      const linked = await exchange(app, url, undefined, client.token);
      expect([linked.status, linked.body.meta]).toEqual([200, undefined]);
      expect(await identities(client.account.id)).toEqual([{ subject: fake.said.sub, linked_by: 'session' }]);
      expect((await exchange(app, await roundTrip(browser, fake, acme.slug))).body.data.id).toBe(client.account.id);

      const again = await client.post(`/account/identities/${acme.slug}`, API_BODY);
      const second = await browser.go(again.body.meta.url);
      fake.said = { sub: randomUUID() };
      const third = new URL((await browser.go(fake.visit(second.location))).location);
      expect(errorsOf(await exchange(app, third, undefined, stranger.token))).toEqual(['401 unauthenticated']);
      expect(await identities(stranger.account.id)).toEqual([]);
    });

    it('is not linked to an identity of another account', async () => {
      const { said } = await joined();
      const client = await signedIn(app);
      fake.said = said;
      const start = await client.post(`/account/identities/${acme.slug}`, API_BODY);
      const browser = new Browser(app);
      const { location } = await browser.go(start.body.meta.url);
      expect(outcome(new URL((await browser.go(fake.visit(location))).location))).toBe('identity_taken');
      expect(await identities(client.account.id)).toEqual([]);
    });

    it('begins to link after a recent sign-in only', async () => {
      const client = await signedIn(app);
      await app.sql("UPDATE account_sessions SET authenticated_at = now() - interval '1 hour' WHERE account_id = $1", [
        client.account.id,
      ]);
      const other = await startApp({ beside: app });
      const response = await as(other, client.token).post(`/account/identities/${acme.slug}`, {});
      await other.stop();
      expect(errorsOf(response)).toEqual(['403 reauthentication_required']);
    });
  });

  describe('proves again who the account is', () => {
    const stale = async (id: string) =>
      app.sql("UPDATE account_sessions SET authenticated_at = now() - interval '1 hour' WHERE account_id = $1", [id]);
    const AGAIN = { ...API, reauthenticate: 'true' };

    it('by a new sign-in at the provider, in the same session', async () => {
      const { id, token } = await joined();
      await stale(id);
      const browser = new Browser(app);
      const asked = await begin(browser, acme.slug, AGAIN);
      expect(Object.fromEntries(new URL(asked).searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
      const now = Math.floor(Date.now() / 1000);
      fake.said = { ...fake.said, auth_time: now - 3_600 };
      expect(outcome(new URL((await browser.go(fake.visit(asked))).location))).toBe('provider_error');
      fake.said = { ...fake.said, auth_time: now };
      const url = await roundTrip(browser, fake, acme.slug, AGAIN);
      const stranger = await signedIn(app);
      const again = await exchange(app, url, undefined, token);
      expect([again.status, decodeJwt(again.body.meta.token)['sid']]).toEqual([200, decodeJwt(token)['sid']]);
      const { rows } = {
        rows: await app.sql(
          "SELECT 1 FROM account_sessions WHERE account_id = $1 AND authenticated_at > now() - interval '1 minute'",
          [id],
        ),
      };
      expect(rows).toHaveLength(1);
      const foreign = await roundTrip(browser, fake, acme.slug, AGAIN);
      expect(errorsOf(await exchange(app, foreign, undefined, stranger.token))).toEqual(['401 unauthenticated']);
    });

    it('and is named among the methods, beside the password', async () => {
      const { id, token } = await joined();
      await stale(id);
      const other = await startApp({ beside: app });
      const response = await as(other, token).post(`/account/identities/${acme.slug}`, {});
      await other.stop();
      expect(response.body.errors[0].meta.methods).toEqual([acme.slug]);
    });
  });

  describe('an identity', () => {
    it('is removed by its account, which is mailed, unless it is the last sign-in method', async () => {
      const { id, said, token } = await joined();
      const client = as(app, token);
      const path = `/account_identities/${(await client.get('/account_identities')).body.data[0].id}`;
      expect(errorsOf(await client.delete(path))).toEqual(['409 conflict']);
      await app.sql("INSERT INTO account_credentials (account_id, hashed_password) VALUES ($1, 'x')", [id]);
      expect((await client.delete(path)).status).toBe(204);
      const mails = await mailsTo(app, String(said['email']), 2);
      expect(mails.map(({ parsed }) => parsed.subject)).toContain('Acme was removed from your account at Iam');
    });

    it('is a sign-in method beside a passkey, and the other way round', async () => {
      const { token } = await joined();
      const client = as(app, token);
      const device = newDevice();
      const added = await addPasskey(client, device);
      expect((await client.delete(`/account_passkeys/${added.body.data.id}`)).status).toBe(204);
      const again = await addPasskey(client, newDevice());
      expect(again.status).toBe(200);
      const path = `/account_identities/${(await client.get('/account_identities')).body.data[0].id}`;
      expect((await client.delete(path)).status).toBe(204);
      expect(errorsOf(await client.delete(`/account_passkeys/${again.body.data.id}`))).toEqual(['409 conflict']);
    });

    it('is seen by who may update the account, and by no other', async () => {
      const { id } = await joined();
      const stranger = await signedIn(app);
      expect((await stranger.get(`/account_identities?filter[account_id]=${id}`)).body.data).toEqual([]);
      expect((await root.get(`/account_identities?filter[account_id]=${id}`)).body.data).toHaveLength(1);
      const org = await organization(app);
      const owner = await signedIn(app, { role: 'org_owner', org: [org] });
      expect((await owner.get(`/account_identities?filter[account_id]=${id}`)).body.data).toEqual([]);
      await app.sql('INSERT INTO memberships (account_id, organization_id) VALUES ($1, $2)', [id, org]);
      expect((await owner.get(`/account_identities?filter[account_id]=${id}`)).body.data).toHaveLength(1);
    });
  });
});

const API_BODY = API;
