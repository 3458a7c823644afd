import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminAccounts } from '../../src/accounts/admins/admin-accounts.js';
import { MAX_ENDED } from '../../src/account-sessions/session-ends.repository.js';
import { newToken } from '../../src/auth/tokens/secrets.js';
import { addPasskey, newDevice, request } from '../passkeys/passkeys.js';
import { enrolled, mfaToken, secondStep } from '../second-factors/factors.js';
import { startApp, type TestApp } from '../support/app.js';
import { type ApiResponse, as, document, errorsOf } from '../support/client.js';
import { account, admin, organization, PASSWORD, signedIn, signIn } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { begin, Browser, exchange, newProvider, PAGE, roundTrip } from './round-trip.js';

const TYPE = 'iam:identity_providers';
const FAR = '2999-01-01';

describe('An enforced identity provider', () => {
  let app: TestApp;
  let other: TestApp;
  let fake: FakeProvider;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp();
    other = await startApp({ beside: app });
    root = await admin(app);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
    await fake.stop();
  });

  type Provider = Awaited<ReturnType<typeof newProvider>>;
  const change = (
    { id }: Provider,
    attributes: Record<string, unknown>,
    query = '',
    client: Pick<typeof root, 'patch'> = root,
  ) => client.patch(`/identity_providers/${id}${query}`, document(TYPE, attributes, id));
  const enforce = async (provider: Provider) => {
    const response = await change(provider, { enforced: true }, '?confirm=true');
    expect([response.status, response.body.data?.attributes.enforced]).toEqual([200, true]);
  };
  const enforced = async (changes: Record<string, unknown> = {}) => {
    const provider = await newProvider(root, fake, changes);
    await enforce(provider);
    return provider;
  };
  const at = ({ domain }: Provider) => ({ email: `${randomUUID()}@${domain}` });
  const login = (email: string, password = PASSWORD, instance = app) =>
    as(instance).post('/auth/login', { email, password });
  const refresh = (refreshToken: string, instance = other) =>
    as(instance).post('/auth/refresh', { refresh_token: refreshToken });
  const toBe = (provider: Provider) => ({ errors: ['401 sso_required'], meta: { provider: provider.slug } });
  const seen = (response: ApiResponse) => ({ errors: errorsOf(response), meta: response.body.errors?.[0].meta });
  /** An invited account that joined by signing in with the provider. */
  const federated = async (provider: Provider) => {
    const { email } = at(provider);
    fake.said = { sub: randomUUID(), email, email_verified: true };
    const { id } = await account(app, { email, joined: false });
    const response = await exchange(app, await roundTrip(new Browser(app), fake, provider.slug));
    expect(response.status).toBe(200);
    const { token, refresh_token: refreshToken } = response.body.meta;
    return { id, email, token: String(token), refreshToken: String(refreshToken) };
  };

  it('rejects passwords of its domains alike, whether the account is known, unknown or disabled, right or wrong', async () => {
    const provider = await enforced();
    const known = await account(app, at(provider));
    const gone = await account(app, { ...at(provider), enabled: false });
    const tries = [
      [known.email],
      [known.email, 'wrong'],
      [gone.email],
      [at(provider).email],
      [known.email.toUpperCase()],
    ];
    for (const [email = '', password] of tries) expect(seen(await login(email, password))).toEqual(toBe(provider));
    expect(errorsOf(await login(`${randomUUID()}@sub.${provider.domain}`))).toEqual(['401 invalid_credentials']);
  });

  it('lets its own sessions start and go on, on every instance', async () => {
    const provider = await enforced();
    const person = await federated(provider);
    const next = await refresh(person.refreshToken);
    expect(next.status).toBe(200);
    expect((await refresh(next.body.meta.refresh_token, app)).status).toBe(200);
  });

  it('is asked for with how many accounts it concerns, and ends their other sessions everywhere within a second', async () => {
    const provider = await newProvider(root, fake);
    const linked = await federated(provider);
    const person = await signedIn(app, at(provider));
    await account(app, { ...at(provider), enabled: false });
    const outside = await signedIn(app);
    for (const { token } of [person, outside]) expect((await as(other, token).get('/auth/me')).status).toBe(200);

    const asked = await change(provider, { enforced: true });
    expect(errorsOf(asked)).toEqual(['409 confirmation_required /data/attributes/enforced']);
    expect(asked.body.errors[0].meta).toEqual({ affected: { accounts: 2, without_identity: 1 } });
    expect((await refresh(person.refreshToken, app)).status).toBe(200);

    await enforce(provider);
    const end = Date.now() + 1_000;
    while ((await as(other, person.token).get('/auth/me')).status === 200) expect(Date.now()).toBeLessThan(end);
    expect(errorsOf(await as(other, person.token).get('/auth/me'))).toEqual(['401 unauthenticated Authorization']);
    for (const { token } of [linked, outside]) expect((await as(other, token).get('/auth/me')).status).toBe(200);
    const [event] = await app.sql(`SELECT count(*)::int AS sessions FROM account_sessions WHERE account_id = $1`, [
      person.account.id,
    ]);
    expect(event).toEqual({ sessions: 0 });
  });

  it('stops the refresh of a session that it did not end, and of none else, with the provider to go to', async () => {
    const provider = await enforced();
    const person = await signedIn(app);
    // The address changes: the session stays, and was never checked against this domain.
    const { email } = at(provider);
    await app.sql('UPDATE accounts SET email = $2, email_key = $2 WHERE id = $1', [person.account.id, email]);
    expect(seen(await refresh(person.refreshToken))).toEqual(toBe(provider));
    // Once it is lifted, the same token is good: nothing was used up.
    expect((await change(provider, { enforced: false })).status).toBe(200);
    expect((await refresh(person.refreshToken)).status).toBe(200);
  });

  it('rejects passkeys', async () => {
    const provider = await newProvider(root, fake);
    const person = await signedIn(app, at(provider));
    const device = newDevice();
    expect((await addPasskey(person, device)).status).toBe(200);
    const use = async () => {
      const { transaction, options } = await request(as(app), 'sign_in');
      return as(app).post('/auth/passkey', { transaction, response: device.get(options) });
    };
    expect((await use()).status).toBe(200);
    await enforce(provider);
    expect(seen(await use())).toEqual(toBe(provider));
  });

  it('rejects the second step of a sign-in that began before', async () => {
    const provider = await newProvider(root, fake);
    const person = await enrolled(app, at(provider));
    const token = await mfaToken(app, person.account);
    await enforce(provider);
    expect(seen(await secondStep(app, token, { code: person.app.code() }))).toEqual(toBe(provider));
  });

  it('rejects other providers, whose identity is linked already', async () => {
    const [provider, second] = [await newProvider(root, fake), await newProvider(root, fake)];
    const person = await federated(second);
    const said = fake.said;
    const { email } = at(provider);
    await app.sql('UPDATE accounts SET email = $2, email_key = $2 WHERE id = $1', [person.id, email]);
    await enforce(provider);
    fake.said = said;
    const response = await exchange(app, await roundTrip(new Browser(app), fake, second.slug));
    expect(seen(response)).toEqual(toBe(provider));
    // On the pages too, with the way to the right one.
    const browser = new Browser(app);
    const page = await browser.go(fake.visit(await begin(browser, second.slug, PAGE)));
    expect([page.status, page.text.includes(`/auth/sso/${provider.slug}?`)]).toEqual([401, true]);
    expect((await browser.go('/auth/me')).status).toBe(401);
  });

  it('rejects invitations and resets, and those that are asked for, whether the address is known or not', async () => {
    const provider = await newProvider(root, fake);
    const [invitation, reset] = [newToken(), newToken()];
    const stored = ({ hash }: { hash: string }) => ({ hash, expiresAt: FAR });
    const invited = await account(app, { ...at(provider), joined: false, invitation: stored(invitation) });
    const person = await account(app, { ...at(provider), reset: stored(reset) });
    await enforce(provider);
    const password = 'Another-horse-8';
    expect(seen(await as(app).patch(`/accounts/${invitation.token}/join`, { password }))).toEqual(toBe(provider));
    expect(seen(await as(app).post('/account/passwords/reset', { token: reset.token, password }))).toEqual(
      toBe(provider),
    );
    for (const email of [person.email, at(provider).email]) {
      expect(seen(await as(app).post('/account/passwords/request_reset', { email }))).toEqual(toBe(provider));
    }
    const rows = await app.sql('SELECT joined_at FROM accounts WHERE id = $1', [invited.id]);
    expect(rows).toEqual([{ joined_at: null }]);
    expect(await app.sql('SELECT purpose FROM one_time_tokens WHERE account_id = $1', [person.id])).toHaveLength(1);
    // Lifted, both tokens are good still.
    await change(provider, { enforced: false });
    expect((await as(app).patch(`/accounts/${invitation.token}/join`, { password })).status).toBe(204);
    expect((await as(app).post('/account/passwords/reset', { token: reset.token, password })).status).toBe(204);
  });

  it.each([
    ['switching it off', (provider: Provider) => change(provider, { enforced: false })],
    ['disabling the provider', (provider: Provider) => change(provider, { enabled: false })],
    ['deleting the provider', ({ id }: Provider) => root.delete(`/identity_providers/${id}`)],
    ['removing the domain', (provider: Provider) => change(provider, { enforced: false, domains: [] })],
  ])('is lifted by %s', async (_name, lift) => {
    const provider = await enforced();
    const { email } = await account(app, at(provider));
    expect(seen(await login(email))).toEqual(toBe(provider));
    expect((await lift(provider)).status).toBeLessThan(300);
    expect((await login(email)).status).toBe(200);
  });

  it('is the last sign-in method, though there is a password, which does not count then', async () => {
    const provider = await newProvider(root, fake);
    const { id, token } = await federated(provider);
    await app.sql(
      `INSERT INTO account_credentials (account_id, hashed_password)
       SELECT $1, hashed_password FROM account_credentials WHERE account_id = $2
       ON CONFLICT (account_id) DO UPDATE SET hashed_password = excluded.hashed_password`,
      [id, root.id],
    );
    const me = as(app, token);
    const { body } = await me.get('/account_identities');
    await enforce(provider);
    expect(errorsOf(await me.delete(`/account_identities/${body.data[0].id}`))).toEqual(['409 conflict']);
    expect((await change(provider, { enforced: false })).status).toBe(200);
    expect((await me.delete(`/account_identities/${body.data[0].id}`)).status).toBe(204);
  });

  it('leaves the break-glass admin the password, and the session', async () => {
    const provider = await newProvider(root, fake);
    const { email } = at(provider);
    const admins = app.nest.get(AdminAccounts, { strict: false });
    await admins.create({ name: 'Ada', email, breakGlass: true }, PASSWORD);
    const { refreshToken } = await signIn(app, { email, password: PASSWORD });
    const asked = await change(provider, { enforced: true });
    expect(asked.body.errors[0].meta).toEqual({ affected: { accounts: 0, without_identity: 0 } });
    await enforce(provider);
    expect((await login(email)).status).toBe(200);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('needs a proven domain, and is asked for again when it is enabled again or gets another', async () => {
    const bare = await newProvider(root, fake, { domains: [] });
    expect(errorsOf(await change(bare, { enforced: true }, '?confirm=true'))).toEqual([
      '422 validation_failed /data/attributes/enforced',
    ]);
    const provider = await enforced();
    expect((await change(provider, { name: 'Renamed' })).status).toBe(200);
    await change(provider, { enabled: false });
    const asked = ['409 confirmation_required /data/attributes/enforced'];
    expect(errorsOf(await change(provider, { enabled: true }))).toEqual(asked);
    expect((await change(provider, { enabled: true }, '?confirm=true')).status).toBe(200);
    const domains = [provider.domain, `${randomUUID()}.example.com`];
    const person = await signedIn(app, { email: `${randomUUID()}@${domains[1] ?? ''}` });
    expect(errorsOf(await change(provider, { domains }))).toEqual(asked);
    expect((await change(provider, { domains }, '?confirm=true')).status).toBe(200);
    expect(errorsOf(await refresh(person.refreshToken))).toEqual(['401 invalid_refresh_token']);
  });

  it('is asked for before another domain is proven for it, whose sessions end then', async () => {
    const org = await organization(app);
    const provider = await enforced({ organization_id: org });
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const domain = `${randomUUID()}.example.com`;
    const added = await change(provider, { domains: [provider.domain, domain] }, '', owner);
    expect([added.status, added.body.data?.attributes.verified_domains]).toEqual([200, [provider.domain]]);
    const person = await signedIn(app, { email: `${randomUUID()}@${domain}` });
    const prove = (query = '') => root.post(`/identity_providers/${provider.id}/verify_domain${query}`, { domain });
    const asked = await prove();
    expect([errorsOf(asked)[0]?.slice(0, 25), asked.body.errors[0].meta]).toEqual([
      '409 confirmation_required',
      { affected: { accounts: 1, without_identity: 1 } },
    ]);
    expect((await person.get('/auth/me')).status).toBe(200);
    const proven = await prove('?confirm=true');
    expect([proven.status, proven.body.data.attributes.verified_domains.toSorted()]).toEqual([
      200,
      [provider.domain, domain].toSorted(),
    ]);
    expect((await person.get('/auth/me')).status).toBe(401);
    expect(seen(await login(person.account.email))).toEqual(toBe(provider));
  });

  it('ends more sessions than one statement does, the rest right after the response', async () => {
    const provider = await newProvider(root, fake);
    const person = await account(app, at(provider));
    const outside = await signedIn(app);
    const sessions = (id: string) =>
      app.sql<{ n: number }>('SELECT count(*)::int AS n FROM account_sessions WHERE account_id = $1', [id]);
    await app.sql(
      `INSERT INTO account_sessions (id, account_id, refresh_seq, nonce, ip, amr, authenticated_at, refreshed_at, created_at,
         updated_at, expires_at, version)
       SELECT gen_random_uuid(), $1, 0, 'n' || n, '127.0.0.1', '{pwd}', now(), now(), now(), now(), now() + interval '1 day', 1
       FROM generate_series(1, $2) n`,
      [person.id, 2 * MAX_ENDED + 1],
    );
    await enforce(provider);
    expect((await sessions(person.id))[0]?.n).toBeLessThanOrEqual(MAX_ENDED + 1);
    const end = Date.now() + 20_000;
    while ((await sessions(person.id))[0]?.n !== 0) {
      expect(Date.now()).toBeLessThan(end);
      await sleep(50);
    }
    expect((await outside.get('/auth/me')).status).toBe(200);
  }, 40_000);

  it('is what the pages of an invitation and a reset lead to, in their language, and the one that asks for a reset', async () => {
    const provider = await newProvider(root, fake);
    const [invitation, reset] = [newToken(), newToken()];
    const stored = ({ hash }: { hash: string }) => ({ hash, expiresAt: FAR });
    await account(app, { ...at(provider), joined: false, invitation: stored(invitation) });
    await account(app, { ...at(provider), reset: stored(reset) });
    const open = async (path: string, form: Record<string, string> | null, language: string) => {
      const response = await fetch(app.url + path, {
        method: form ? 'POST' : 'GET',
        headers: { 'accept-language': language },
        ...(form && { body: new URLSearchParams(form) }),
      });
      return { status: response.status, text: await response.text() };
    };
    const [joinPath, resetPath] = [`/join?token=${invitation.token}`, `/reset-password?token=${reset.token}`];
    for (const path of [joinPath, resetPath]) expect((await open(path, null, 'en')).status).toBe(200);
    await enforce(provider);
    const password = 'Another-horse-8';
    for (const [language, sentence, button] of [
      ['en', 'For your address no other way to sign in is allowed.', 'Sign in with Acme'],
      ['de', 'Für Ihre Adresse ist keine andere Anmeldung erlaubt.', 'Mit Acme anmelden'],
    ] as const) {
      for (const page of [
        await open(joinPath, null, language),
        await open(resetPath, null, language),
        await open('/join', { token: invitation.token, name: 'Ada', password }, language),
        await open('/reset-password', { token: reset.token, password }, language),
        await open('/forgot-password', at(provider), language),
        await open('/sign-in/password', { ...at(provider), password }, language),
      ]) {
        expect(page).toEqual({ status: 401, text: expect.stringContaining(sentence) });
        expect(page.text).toContain(`/auth/sso/${provider.slug}">${button}</a>`);
      }
    }
  });

  it('is asked for by an owner, whose domain counts once it is proven', async () => {
    const org = await organization(app);
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const provider = await newProvider(owner, fake, { organization_id: org });
    const denied = await change(provider, { enforced: true }, '?confirm=true', owner);
    expect(errorsOf(denied)).toEqual(['422 validation_failed /data/attributes/enforced']);
    const { email } = await account(app, at(provider));
    expect((await login(email)).status).toBe(200);
    await root.post(`/identity_providers/${provider.id}/verify_domain`, { domain: provider.domain });
    expect((await change(provider, { enforced: true }, '?confirm=true', owner)).status).toBe(200);
    expect(seen(await login(email))).toEqual(toBe(provider));
  });

  it('ends a session that starts while it is switched on', async () => {
    const provider = await newProvider(root, fake);
    const people = await Promise.all(Array.from({ length: 6 }, () => account(app, at(provider))));
    const [switched, ...started] = await Promise.all([
      change(provider, { enforced: true }, '?confirm=true'),
      ...people.map(({ email }, i) => login(email, PASSWORD, i % 2 === 0 ? app : other)),
    ]);
    expect(switched.status).toBe(200);
    for (const response of started.filter(({ status }) => status === 200)) {
      expect((await refresh(response.body.meta.refresh_token)).status).toBe(401);
    }
    const alive = await app.sql('SELECT 1 FROM account_sessions WHERE account_id = ANY($1)', [
      people.map(({ id }) => id),
    ]);
    expect(alive).toEqual([]);
  });
});
