import { randomUUID } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DNS_SERVERS } from '../../src/identity-providers/providers/domain-proofs.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids } from '../support/client.js';
import { DnsServer } from '../support/dns-server.js';
import { admin, organization, signedIn } from '../support/factories.js';

const TYPE = 'iam:identity_providers';
const SECRET = 'a secret of a provider';

const attributesOf = (changes: object = {}) => ({
  slug: `p-${randomUUID()}`,
  name: 'Acme',
  kind: 'oidc',
  issuer: 'https://id.example.com',
  client_id: 'iam',
  ...changes,
});

describe('Identity providers', () => {
  let app: TestApp;
  let dns: DnsServer;
  let root: Awaited<ReturnType<typeof admin>>;
  const owner = async () => {
    const org = await organization(app);
    return { ...(await signedIn(app, { role: 'org_owner', org: [org] })), org };
  };
  const create = (client: Pick<typeof root, 'post'>, changes: object = {}) =>
    client.post('/identity_providers', document(TYPE, attributesOf(changes)));

  beforeAll(async () => {
    dns = await DnsServer.start();
    @Global()
    @Module({ providers: [{ provide: DNS_SERVERS, useValue: [dns.address] }], exports: [DNS_SERVERS] })
    class Dns {}
    app = await startApp({ extension: { modules: [Dns] } });
    root = await admin(app);
  });
  afterAll(async () => {
    await app.stop();
    await dns.stop();
  });

  describe('secrets', () => {
    it('are stored sealed, and in no response', async () => {
      const made = await create(root, { client_secret: SECRET });
      expect(made.status).toBe(200);
      const { id } = made.body.data;
      const changed = await root.patch(
        `/identity_providers/${id}`,
        document(TYPE, { client_secret: `${SECRET} 2` }, id),
      );
      const listed = await root.get('/identity_providers');
      for (const { text } of [made, changed, listed]) expect(text).not.toMatch(/secret/);
      const [row] = await app.sql<{ client_secret: string }>(
        'SELECT client_secret FROM identity_providers WHERE id = $1',
        [id],
      );
      expect(row?.client_secret).toMatch(/^v1\./);
      expect(row?.client_secret).not.toContain(SECRET);
      const events = await app.sql('SELECT details FROM audit_events WHERE target_id = $1', [id]);
      expect(JSON.stringify(events)).not.toContain(SECRET);
    });

    it('can be removed, for a public client', async () => {
      const { body } = await create(root, { client_secret: SECRET });
      const { id } = body.data;
      expect((await root.patch(`/identity_providers/${id}`, document(TYPE, { client_secret: null }, id))).status).toBe(
        200,
      );
      expect(await app.sql('SELECT client_secret FROM identity_providers WHERE id = $1', [id])).toEqual([
        { client_secret: null },
      ]);
    });
  });

  describe('of an organization', () => {
    it('are made, read, changed and deleted by its owner, and by no other', async () => {
      const [mine, other] = [await owner(), await owner()];
      const made = await create(mine, { organization_id: mine.org });
      expect([made.status, errorsOf(made)]).toEqual([200, []]);
      const { id } = made.body.data;
      const path = `/identity_providers/${id}`;
      expect(ids(await other.get('/identity_providers'))).toEqual([]);
      for (const response of [
        await other.get(path),
        await other.patch(path, document(TYPE, { name: 'Mine' }, id)),
        await other.delete(path),
      ]) {
        expect(errorsOf(response)).toEqual(['404 not_found']);
      }
      expect((await mine.patch(path, document(TYPE, { name: 'Ours' }, id))).body.data.attributes.name).toBe('Ours');
      expect((await mine.delete(path)).status).toBe(204);
    });

    it('never trust more than who may update all providers decides', async () => {
      const mine = await owner();
      const rejected: [object, string][] = [
        [{ trust_email: true }, 'trust_email'],
        [{ trust_mfa: true }, 'trust_mfa'],
        [{ userinfo_endpoint: 'https://id.example.com/me' }, 'userinfo_endpoint'],
        [{ organization_id: null }, 'organization_id'],
        [{ organization_id: await organization(app) }, 'organization_id'],
        [{ default_role: 'admin' }, 'default_role'],
      ];
      for (const [changes, attribute] of rejected) {
        const response = await create(mine, { organization_id: mine.org, ...changes });
        expect([attribute, errorsOf(response)]).toEqual([attribute, [`403 forbidden /data/attributes/${attribute}`]]);
      }
      const plain = { kind: 'oauth2', organization_id: mine.org };
      expect(errorsOf(await create(mine, plain))).toEqual(['403 forbidden /data/attributes/kind']);
      const made = await create(mine, { organization_id: mine.org });
      const { id } = made.body.data;
      for (const name of ['trust_email', 'trust_mfa']) {
        const response = await mine.patch(`/identity_providers/${id}`, document(TYPE, { [name]: true }, id));
        expect(errorsOf(response)).toEqual([`403 forbidden /data/attributes/${name}`]);
      }
      const { meta } = (await mine.get(`/identity_providers/${id}?can=true`)).body.data;
      expect(meta.can.attributes).toContain('name');
      expect(meta.can.attributes).not.toContain('trust_email');
    });

    it('are nothing for users', async () => {
      const user = await signedIn(app, { org: [await organization(app)] });
      expect(errorsOf(await user.get('/identity_providers'))).toEqual(['403 forbidden']);
      expect(errorsOf(await create(user))).toEqual(['403 forbidden']);
    });
  });

  it('are written after a fresh sign-in only', async () => {
    const someone = await signedIn(app, { role: 'admin' });
    await app.sql("UPDATE account_sessions SET authenticated_at = now() - interval '1 hour' WHERE account_id = $1", [
      someone.account.id,
    ]);
    const stale = await startApp({ beside: app });
    try {
      const response = await create(as(stale, someone.token));
      expect(errorsOf(response)).toEqual(['403 reauthentication_required']);
    } finally {
      await stale.stop();
    }
  });

  describe('domains', () => {
    const verify = (client: Pick<typeof root, 'post'>, id: string, domain: string) =>
      client.post(`/identity_providers/${id}/verify_domain`, { domain });

    it('are proven by the TXT record that only this provider has', async () => {
      const [mine, other] = [await owner(), await owner()];
      const domain = `${randomUUID()}.example.com`;
      const made = await create(mine, { organization_id: mine.org, domains: [domain.toUpperCase()] });
      const { id, attributes } = made.body.data;
      expect([attributes.domains, attributes.verified_domains]).toEqual([[domain], []]);
      const [record] = made.body.meta.records;
      expect(record).toEqual({ domain, type: 'TXT', name: `_iam-challenge.${domain}`, value: expect.any(String) });
      expect(errorsOf(await verify(mine, id, domain))).toEqual(['422 validation_failed /domain']);

      const rival = await create(other, { organization_id: other.org, domains: [domain] });
      dns.records.set(record.name, ['v=spf1 -all', rival.body.meta.records[0].value]);
      expect(errorsOf(await verify(mine, id, domain))).toEqual(['422 validation_failed /domain']);

      dns.records.set(record.name, ['v=spf1 -all', record.value]);
      const proven = await verify(mine, id, domain);
      expect([proven.status, proven.body.data.attributes.verified_domains, proven.body.meta]).toEqual([
        200,
        [domain],
        undefined,
      ]);
      dns.records.set(record.name, [rival.body.meta.records[0].value]);
      expect(errorsOf(await verify(other, rival.body.data.id, domain))).toEqual([
        '409 conflict /data/attributes/domains',
      ]);

      await mine.patch(`/identity_providers/${id}`, document(TYPE, { domains: [] }, id));
      const again = await mine.patch(`/identity_providers/${id}`, document(TYPE, { domains: [domain] }, id));
      expect(again.body.data.attributes.verified_domains).toEqual([]);
    });

    it('that are none of the provider are not asked for', async () => {
      const mine = await owner();
      const { body } = await create(mine, { organization_id: mine.org });
      const asked = dns.asked.length;
      expect(errorsOf(await verify(mine, body.data.id, 'example.org'))).toEqual(['422 validation_failed /domain']);
      expect(dns.asked.length).toBe(asked);
    });

    it('of who may update all providers are proven at once', async () => {
      const domain = `${randomUUID()}.example.com`;
      const made = await create(root, { domains: [domain] });
      expect(made.body.data.attributes.verified_domains).toEqual([domain]);
      const rival = await create(root, { domains: [domain] });
      expect(errorsOf(rival)).toEqual(['409 conflict /data/attributes/domains']);
    });

    it('let people join when one is proven', async () => {
      const mine = await owner();
      const domain = `${randomUUID()}.example.com`;
      const joining = { organization_id: mine.org, domains: [domain], join: 'domain' };
      expect(errorsOf(await create(mine, joining))).toEqual(['422 validation_failed /data/attributes/join']);
      expect((await create(root, joining)).status).toBe(200);
    });
  });

  it('say what is wrong with them', async () => {
    const wrong: [object, string][] = [
      [{ slug: 'Acme' }, 'slug'],
      [{ slug: '-a' }, 'slug'],
      [{ issuer: 'http://id.example.com' }, 'issuer'],
      [{ issuer: 'https://10.0.0.1' }, 'issuer'],
      [{ issuer: 'https://id.example.com:8443' }, 'issuer'],
      [{ issuer: null }, 'issuer'],
      [{ kind: 'google', issuer: 'https://id.example.com' }, 'issuer'],
      [{ kind: 'microsoft', issuer: null }, 'issuer'],
      [{ claims: { sub: 'id' } }, 'claims'],
      [{ claims: { email: 7 } }, 'claims'],
      [{ domains: ['com'] }, 'domains'],
      [{ domains: ['exa mple.com'] }, 'domains'],
      [{ domains: Array.from({ length: 51 }, (_, n) => `d${n}.example.com`) }, 'domains'],
      [{ scopes: ['open id'] }, 'scopes'],
      [{ default_role: 'admin' }, 'default_role'],
      [{ default_role: 'nobody' }, 'default_role'],
      [{ join: 'everybody' }, 'join'],
      [{ organization_id: randomUUID() }, 'organization_id'],
      [{ client_secret: 'x'.repeat(2_001) }, 'client_secret'],
    ];
    for (const [changes, attribute] of wrong) {
      const response = await create(root, changes);
      expect([changes, errorsOf(response)]).toEqual([changes, [`422 validation_failed /data/attributes/${attribute}`]]);
    }
  });

  it('of a preset have its issuer', async () => {
    const issuers: Record<string, string> = {};
    for (const kind of ['google', 'github', 'gitlab']) {
      const made = await create(root, { kind, issuer: undefined });
      issuers[kind] = made.body.data?.attributes.issuer ?? errorsOf(made);
    }
    expect(issuers).toEqual({
      google: 'https://accounts.google.com',
      github: 'https://github.com',
      gitlab: 'https://gitlab.com',
    });
  });
});
