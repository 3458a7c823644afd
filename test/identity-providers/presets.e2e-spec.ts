import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OutboundClient, type OutboundRequest } from '../../src/outbound/outbound.client.js';
import { startApp, type TestApp } from '../support/app.js';
import { as } from '../support/client.js';
import { account, admin } from '../support/factories.js';
import { FakeProvider, type Said } from '../support/fake-provider.js';
import { begin, Browser, exchange, newProvider, outcome, RETURN_TO } from './round-trip.js';

const recorded = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8'));

/** Where the paths of a provider are on this machine, by the members of its metadata. */
const LOCAL = { token_endpoint: '/token', userinfo_endpoint: '/userinfo', jwks_uri: '/jwks' } as const;

describe('A preset, with what its provider publishes', () => {
  let app: TestApp;
  let fake: FakeProvider;
  let root: Awaited<ReturnType<typeof admin>>;
  /** What is at an address of the internet: a document, or a path of the provider of the tests. */
  const internet = new Map<string, string | object>();

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp();
    root = await admin(app);
    const outbound = app.nest.get(OutboundClient, { strict: false });
    const send = outbound.send.bind(outbound);
    outbound.send = async (message: OutboundRequest) => {
      const found = internet.get(message.url);
      if (typeof found === 'string') return send({ ...message, url: fake.issuer + found });
      if (found === undefined) throw new Error(`Nothing is at ${message.url}`);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(found)) };
    };
  });
  afterAll(async () => {
    await app.stop();
    await fake.stop();
  });
  beforeEach(() => internet.clear());

  /** Puts a provider of OpenID Connect into the internet, as it was recorded. */
  const publish = (name: string) => {
    const { metadata, claims } = recorded(name);
    internet.set(`${metadata.issuer}/.well-known/openid-configuration`, metadata);
    for (const [member, path] of Object.entries(LOCAL)) internet.set(metadata[member], path);
    fake.mistakes = { alg: 'RS256', iss: metadata.issuer };
    return { metadata, claims };
  };
  const secret = { client_secret: 'secret' };
  /** Signs in for the first time, as an invited account with that e-mail. */
  const signIn = async (slug: string, email: string, said: Said) => {
    const browser = new Browser(app);
    const invited = await account(app, { email, joined: false });
    fake.said = said;
    const asked = new URL(await begin(browser, slug));
    const back = new URL((await browser.go(fake.visit(asked.href))).location, RETURN_TO);
    const end = outcome(back);
    if (end !== 'code') return { asked, end };
    const { body } = await exchange(app, back);
    expect(body.data?.id).toBe(invited.id);
    const [identity] = (await as(app, body.meta.token).get('/account_identities')).body.data;
    return { asked, end, identity: identity.attributes };
  };

  it('Google: endpoints, claims and the verified e-mail', async () => {
    const { metadata, claims } = publish('google');
    const { slug, domain } = await newProvider(root, fake, { kind: 'google', issuer: undefined, ...secret });
    const email = `ada@${domain}`;
    const { asked, end, identity } = await signIn(slug, email, { ...claims, email, iss: metadata.issuer });
    expect(asked.origin + asked.pathname).toBe(metadata.authorization_endpoint);
    expect(asked.searchParams.get('scope')).toBe('openid email profile');
    expect(asked.searchParams.get('code_challenge_method')).toBe('S256');
    expect([end, identity]).toEqual([
      'code',
      expect.objectContaining({ issuer: metadata.issuer, subject: claims.sub, email }),
    ]);
    const other = await signIn(slug, `grace@${domain}`, {
      ...{ ...claims, sub: '2', email: `grace@${domain}`, iss: metadata.issuer },
      email_verified: false,
    });
    expect(other.end).toBe('email_not_verified');
  });

  it('Microsoft Entra: the issuer of the tenant, and an e-mail that proves nothing unless the tenant is trusted', async () => {
    const { metadata, claims } = publish('microsoft');
    const { issuer } = metadata;
    const tenant = await newProvider(root, fake, { kind: 'microsoft', issuer, ...secret });
    const email = `ada@${tenant.domain}`;
    const first = await signIn(tenant.slug, email, { ...claims, email, iss: issuer });
    expect(first.asked.origin + first.asked.pathname).toBe(metadata.authorization_endpoint);
    expect(first.end).toBe('email_not_verified');

    const trusted = await newProvider(root, fake, { kind: 'microsoft', issuer, trust_email: true, ...secret });
    const own = `ada@${trusted.domain}`;
    const { identity } = await signIn(trusted.slug, own, { ...claims, email: own, iss: issuer });
    expect(identity).toMatchObject({ issuer: expect.stringContaining(claims.tid), subject: claims.sub, email: own });
    // Of another tenant, with the keys that all of them share.
    const foreign = `https://login.microsoftonline.com/${randomUUID()}/v2.0`;
    const other = await signIn(trusted.slug, `eve@${trusted.domain}`, { ...claims, sub: '2', iss: foreign });
    expect(other.end).toBe('provider_error');
  });

  it('Microsoft Entra: the issuer that all tenants share is not accepted', async () => {
    const issuer = 'https://login.microsoftonline.com/common/v2.0';
    internet.set(`${issuer}/.well-known/openid-configuration`, recorded('microsoft').common);
    const { slug } = await newProvider(root, fake, { kind: 'microsoft', issuer, ...secret });
    const { location } = await new Browser(app).go(`/auth/sso/${slug}?return_to=/account`);
    expect(location).toContain('error=provider_error');
  });

  it('GitLab: gitlab.com by default, and a server of its own', async () => {
    const { metadata, claims } = publish('gitlab');
    const { slug, domain } = await newProvider(root, fake, { kind: 'gitlab', issuer: undefined, ...secret });
    const email = `ada@${domain}`;
    const { asked, identity } = await signIn(slug, email, { ...claims, email, iss: metadata.issuer });
    expect(asked.origin + asked.pathname).toBe(metadata.authorization_endpoint);
    expect(identity).toMatchObject({ issuer: 'https://gitlab.com', subject: '4711', email });
    const own = await newProvider(root, fake, { kind: 'gitlab', issuer: 'https://git.example.com', ...secret });
    const shown = await root.get(`/identity_providers/${own.id}`);
    expect(shown.body.data.attributes.issuer).toBe('https://git.example.com');
  });

  it('GitHub: OAuth 2.0, the numeric id, and the primary e-mail if it is verified', async () => {
    const { endpoints, token, user, emails } = recorded('github');
    const { slug, domain } = await newProvider(root, fake, { kind: 'github', issuer: undefined, ...secret });
    const email = `ada@${domain}`;
    fake.mistakes = { iss: 'https://github.com' };
    const say = (verified: boolean, id = user.id) => {
      internet.set(endpoints.token, token);
      internet.set(endpoints.user, { ...user, id });
      internet.set(
        endpoints.emails,
        emails.map((one: { primary: boolean }) => (one.primary ? { ...one, email, verified } : one)),
      );
    };
    say(false, 1);
    expect((await signIn(slug, `x${email}`, {})).end).toBe('email_not_verified');
    say(true);
    const { asked, end, identity } = await signIn(slug, email, {});
    expect(asked.origin + asked.pathname).toBe(endpoints.authorization);
    expect(asked.searchParams.get('scope')).toBe('read:user user:email');
    expect(asked.searchParams.has('nonce')).toBe(false);
    expect([end, identity]).toEqual([
      'code',
      expect.objectContaining({ issuer: 'https://github.com', subject: String(user.id), email }),
    ]);
  });
});
