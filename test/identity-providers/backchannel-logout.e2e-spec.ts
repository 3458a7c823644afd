import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as } from '../support/client.js';
import { account, admin, signedIn } from '../support/factories.js';
import { FakeProvider, type Mistakes } from '../support/fake-provider.js';
import { Browser, exchange, newProvider, roundTrip } from './round-trip.js';

describe('Back-channel logout', () => {
  let app: TestApp;
  let other: TestApp;
  let fake: FakeProvider;
  let acme: Awaited<ReturnType<typeof newProvider>>;

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp();
    other = await startApp({ beside: app });
    acme = await newProvider(await admin(app), fake);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
    await fake.stop();
  });
  beforeEach(() => {
    fake.mistakes = {};
  });

  const send = async (
    token: string | URLSearchParams,
    { slug, instance }: { slug: string; instance: TestApp } = { slug: acme.slug, instance: app },
  ) => {
    const response = await fetch(`${instance.url}/auth/sso/${slug}/backchannel_logout`, {
      method: 'POST',
      body: typeof token === 'string' ? new URLSearchParams({ logout_token: token }) : token,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  };
  /** An account of the provider. */
  const person = async () => {
    const email = `${randomUUID()}@${acme.domain}`;
    const { id } = await account(app, { email, joined: false });
    return { id, sub: randomUUID(), email, email_verified: true };
  };
  /** A session of it. @param sid of the session there */
  const session = async ({ sub, email }: Awaited<ReturnType<typeof person>>, sid: string | undefined = undefined) => {
    fake.said = { sub, email, email_verified: true, ...(sid !== undefined && { sid }) };
    const { body } = await exchange(app, await roundTrip(new Browser(app), fake, acme.slug));
    const token = String(body.meta.token);
    return { ...as(app, token), token };
  };
  const statuses = (...sessions: { get: (path: string) => Promise<{ status: number }> }[]) =>
    Promise.all(sessions.map(async ({ get }) => (await get('/auth/me')).status));

  it('ends the session of that id, on every instance within a second, with its line in the audit trail', async () => {
    const ada = await person();
    const [sid, sidOfOther] = [randomUUID(), randomUUID()];
    const [one, two] = [await session(ada, sid), await session(ada, sidOfOther)];
    const elsewhere = as(other, one.token);
    expect(await statuses(one, two, elsewhere)).toEqual([200, 200, 200]);
    const response = await send(await fake.logoutToken({ sub: ada.sub, sid }));
    const end = Date.now() + 1_000;
    expect([response.status, response.headers.get('cache-control'), response.body]).toEqual([200, 'no-store', null]);
    while ((await elsewhere.get('/auth/me')).status === 200) expect(Date.now()).toBeLessThan(end);
    expect(await statuses(one, two)).toEqual([401, 200]);
    const trail = await app.sql(
      `SELECT actor_id, details FROM audit_events
       WHERE target_id = $1 AND action = 'iam:account_auths.signed_out_by_provider'`,
      [ada.id],
    );
    expect(trail).toEqual([{ actor_id: null, details: { provider: acme.slug, sessions: 1 } }]);
    expect((await send(await fake.logoutToken({ sid: sidOfOther }))).status).toBe(200);
    expect(await statuses(two)).toEqual([401]);
  });

  it('ends every session of that subject, and none that came from elsewhere', async () => {
    const [ada, grace] = [await person(), await person()];
    const sessions = [await session(ada, randomUUID()), await session(ada)];
    const foreign = await session(grace);
    const byPassword = await signedIn(app);
    expect((await send(await fake.logoutToken({ sub: ada.sub }))).status).toBe(200);
    expect(await statuses(...sessions, foreign, byPassword)).toEqual([401, 401, 200, 200]);
  });

  it('of a session whose id the provider did not say before goes by the subject', async () => {
    const ada = await person();
    const [without, known] = [await session(ada), await session(ada, randomUUID())];
    expect((await send(await fake.logoutToken({ sub: ada.sub, sid: randomUUID() }))).status).toBe(200);
    expect(await statuses(without, known)).toEqual([401, 200]);
    // Someone else's subject with the id of this session is a contradiction.
    const sid = randomUUID();
    const one = await session(ada, sid);
    expect((await send(await fake.logoutToken({ sub: randomUUID(), sid }))).status).toBe(200);
    expect(await statuses(one)).toEqual([200]);
  });

  it('stops a sign-in that is under way', async () => {
    const ada = await person();
    await session(ada);
    const url = await roundTrip(new Browser(app), fake, acme.slug);
    await send(await fake.logoutToken({ sub: ada.sub }));
    expect((await exchange(app, url)).status).toBe(401);
  });

  it('leaves the sessions that came from another provider', async () => {
    const second = await newProvider(await admin(app), fake);
    const ada = await person();
    const one = await session(ada, 'the same id');
    expect((await send(await fake.logoutToken({ sub: ada.sub }), { slug: second.slug, instance: app })).status).toBe(
      200,
    );
    expect(await statuses(one)).toEqual([200]);
  });

  it('is right, and ends nothing, for a subject that is not known', async () => {
    expect((await send(await fake.logoutToken({ sub: randomUUID() }))).status).toBe(200);
  });

  it('follows the keys of the provider without a restart', async () => {
    const second = await newProvider(await admin(app), fake);
    const at = { slug: second.slug, instance: app };
    expect((await send(await fake.logoutToken({ sub: 'x' }), at)).status).toBe(200);
    fake.rotate();
    // A moment ago these keys were fetched.
    expect((await send(await fake.logoutToken({ sub: 'x' }), { slug: second.slug, instance: other })).status).toBe(200);
  });

  describe('rejects', () => {
    const now = () => Math.floor(Date.now() / 1000);
    const SID = { sid: 'a session' };
    it.each<[string, () => Record<string, unknown>, Mistakes?, (string | null)?]>([
      ['another issuer', () => ({ iss: 'https://evil.example' })],
      ['another audience', () => ({ aud: 'another client' })],
      ['no audience', () => ({ aud: undefined })],
      ['one that was issued long ago', () => ({ iat: now() - 900 })],
      ['one of the future', () => ({ iat: now() + 300 })],
      ['no time of issue', () => ({ iat: undefined })],
      ['one that has expired', () => ({ exp: now() - 120 })],
      ['one that never expires', () => ({ exp: undefined })],
      ['no id', () => ({ jti: undefined })],
      ['an id that is no text', () => ({ jti: 7 })],
      ['no events', () => ({ events: undefined })],
      ['another event', () => ({ events: { 'http://schemas.openid.net/event/other': {} } })],
      ['an event that is no object', () => ({ events: { 'http://schemas.openid.net/event/backchannel-logout': 1 } })],
      ['events that are a list', () => ({ events: ['http://schemas.openid.net/event/backchannel-logout'] })],
      ['a nonce', () => ({ nonce: 'n' })],
      ['a nonce that is null', () => ({ nonce: null })],
      ['neither a session nor a subject', () => ({ sid: undefined })],
      ['a session that is no text', () => ({ sid: ['a session'] })],
      ['a session of 256 characters', () => ({ sid: 'x'.repeat(256) })],
      ['an empty subject', () => ({ sub: '' })],
      ['a key that is not published', () => ({}), { wrongKey: true }],
      ['an unknown key', () => ({}), { kid: 'unknown' }],
      ['another algorithm', () => ({}), { alg: 'RS256' }],
      ['a shared secret', () => ({}), { alg: 'HS256' }],
      ['no signature', () => ({}), { alg: 'none' }],
      ['an access token', () => ({}), {}, 'at+jwt'],
    ])('%s', async (_name, claims, mistakes = {}, typ = 'logout+jwt') => {
      fake.mistakes = mistakes;
      const { status, headers, body } = await send(await fake.logoutToken({ ...SID, ...claims() }, typ));
      expect([status, headers.get('cache-control')]).toEqual([400, 'no-store']);
      expect(body).toEqual({ error: 'invalid_request', error_description: expect.stringContaining('logout token') });
    });

    it('an ID token, a text, nothing, two, a provider that is unknown, switched off, or not of OpenID Connect', async () => {
      const ada = await person();
      const one = await session(ada);
      const [row] = await app.sql('SELECT count(*)::int AS n FROM one_time_tokens');
      const { body } = await one.post('/auth/logout', { provider: true });
      const idToken = new URL(body.meta.end_session_url).searchParams.get('id_token_hint') ?? '';
      for (const sent of [idToken, 'rubbish', 'a.b.c', new URLSearchParams(), '']) {
        expect((await send(sent)).status).toBe(400);
      }
      const token = await fake.logoutToken({ sub: 'x' });
      const twice = await send(
        new URLSearchParams(['logout_token', 'logout_token'].map((name): [string, string] => [name, token])),
      );
      expect(twice.status).toBe(400);
      expect((await send(token, { slug: 'missing', instance: app })).status).toBe(400);
      const root = await admin(app);
      const off = await newProvider(root, fake, { enabled: false });
      const github = await newProvider(root, fake, { kind: 'github', issuer: undefined, client_secret: 'secret' });
      for (const { slug } of [off, github]) expect((await send(token, { slug, instance: app })).status).toBe(400);
      expect(await app.sql('SELECT count(*)::int AS n FROM one_time_tokens')).toEqual([row]);
    });

    it('what is no form, or too large', async () => {
      const post = (body: string, type: string) =>
        fetch(`${app.url}/auth/sso/${acme.slug}/backchannel_logout`, {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        });
      const responses = [
        await post('{"logout_token":"x"}', 'application/json'),
        await post(`logout_token=${'x'.repeat(40_000)}`, 'application/x-www-form-urlencoded'),
      ];
      expect(responses.map(({ status }) => status)).toEqual([415, 413]);
      for (const response of responses) expect(await response.json()).toHaveProperty('error', 'invalid_request');
    });

    it('one that was sent before, of any number at once, on any instance', async () => {
      const token = await fake.logoutToken({ sub: randomUUID() });
      const sent = await Promise.all(
        Array.from({ length: 12 }, (_, i) => send(token, { slug: acme.slug, instance: i % 2 === 0 ? app : other })),
      );
      expect(sent.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 400)]);
    });
  });

  describe('is no way to make the service work', () => {
    const asked = (path: string) => fake.requests.filter((one) => one === path).length;

    it.each<[string, Mistakes, string, number]>([
      ['unknown keys', { kid: 'unknown' }, '/jwks', 400],
      ['keys that cannot be read', { keys: 'rubbish' }, '/jwks', 503],
      [
        'metadata that are wrong',
        { metadata: { issuer: 'https://evil.example' } },
        '/.well-known/openid-configuration',
        400,
      ],
    ])('with %s: the provider is asked no more than twice', async (_name, mistakes, path, status) => {
      const provider = await newProvider(await admin(app), fake);
      fake.mistakes = mistakes;
      const before = asked(path);
      const token = await fake.logoutToken({ sub: 'x' });
      const sent: number[] = [];
      for (let i = 0; i < 20; i++) {
        const round = Array.from({ length: 10 }, () => send(token, { slug: provider.slug, instance: app }));
        sent.push(...(await Promise.all(round)).map((response) => response.status));
      }
      expect([...new Set(sent)]).toContain(status);
      expect(asked(path) - before).toBeLessThanOrEqual(2);
    });

    it('beyond a limit by address, which tokens that are right do not count against', async () => {
      const limited = await startApp({
        beside: app,
        env: { THROTTLE_DISABLED: 'false', THROTTLE_PER_ADDRESS: '1' },
      });
      const at = { slug: acme.slug, instance: limited };
      for (let i = 0; i < 15; i++) {
        expect((await send(await fake.logoutToken({ sub: randomUUID() }), at)).status).toBe(200);
      }
      const sent: Awaited<ReturnType<typeof send>>[] = [];
      for (let i = 0; i < 12; i++) sent.push(await send('rubbish', at));
      await limited.stop();
      expect(sent.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 400), 429, 429]);
      expect(sent.at(-1)?.body).toEqual({ error: 'temporarily_unavailable', error_description: 'Try again later' });
      expect(Number(sent.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    });
  });
});
