import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../cli/command-line.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf } from '../support/client.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { admin, PASSWORD, signedIn } from '../support/factories.js';

const TYPE = 'iam:identity_providers';

describe('IDENTITY_PROVIDERS_FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iam-providers-'));
  const file = join(folder, 'providers.yml');
  let app: TestApp;
  let metadata: Server;
  let issuer: string;

  const declare = (text: string) => writeFileSync(file, `identity_providers:\n${text}`);
  const found = async (on: TestApp, slug: string) =>
    (await (await admin(on)).get(`/identity_providers?filter[slug]=${slug}`)).body.data[0];
  const beside = async (work: (other: TestApp) => Promise<void>) => {
    const other = await startApp({ beside: app, env: { IDENTITY_PROVIDERS_FILE: file } });
    try {
      await work(other);
    } finally {
      await other.stop();
    }
  };

  beforeAll(async () => {
    metadata = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` };
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks`, ...endpoints }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => metadata.once('listening', resolve));
    issuer = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`;
    writeFileSync(join(folder, 'secret'), 'the secret\n');
    declare(`  acme:
    name: Acme
    issuer: ${issuer}
    client_id: iam
    client_secret_file: ${join(folder, 'secret')}
    domains: [Acme.example.com]
    join: domain
    default_role: user
  hub: { name: Hub, kind: github, client_id: hub, client_secret: x }
`);
    app = await startApp({ env: { IDENTITY_PROVIDERS_FILE: file } });
  });
  afterAll(async () => {
    await app.stop();
    metadata.close();
    rmSync(folder, { recursive: true });
  });

  it('declares providers with proven domains, which are read-only', async () => {
    const { id, attributes } = await found(app, 'acme');
    expect(attributes).toMatchObject({ declared: true, kind: 'oidc', issuer, verified_domains: ['acme.example.com'] });
    const root = await admin(app);
    const path = `/identity_providers/${id}`;
    expect(errorsOf(await root.patch(path, document(TYPE, { name: 'Mine' }, id)))).toEqual(['403 forbidden']);
    expect(errorsOf(await root.delete(path))).toEqual(['403 forbidden']);
    expect(errorsOf(await root.post(`${path}/verify_domain`, { domain: 'acme.example.com' }))).toEqual([
      '403 forbidden',
    ]);
    expect((await root.get(`${path}?can=true`)).body.data.meta.can).toMatchObject({ update: false, delete: false });
  });

  it('enforces a provider without being asked again, and ends the sessions that did not come from it', async () => {
    const email = 'jane@enforced.example.com';
    const person = await signedIn(app, { email });
    const other = await signedIn(app);
    declare(`  strict:
    { name: Strict, issuer: '${issuer}', client_id: iam, domains: [enforced.example.com], enforced: true }
`);
    await beside(async (second) => {
      expect((await found(second, 'strict')).attributes).toMatchObject({ enforced: true, enabled: true });
      expect(errorsOf(await as(second, person.token).get('/auth/me'))).toEqual(['401 unauthenticated Authorization']);
      expect((await as(second, other.token).get('/auth/me')).status).toBe(200);
      const rejected = await as(app).post('/auth/login', { email, password: PASSWORD });
      expect([errorsOf(rejected), rejected.body.errors[0].meta]).toEqual([
        ['401 sso_required'],
        { provider: 'strict' },
      ]);
    });
    // Taken out of the file, it is lifted.
    declare(`  hub: { name: Hub, kind: github, client_id: hub, client_secret: x }\n`);
    await beside(async () => {
      expect((await as(app).post('/auth/login', { email, password: PASSWORD })).status).toBe(200);
    });
  });

  it('keeps the row of a slug over starts, and switches off what it declares no longer', async () => {
    const before = await found(app, 'hub');
    declare(`  acme: { name: Acme 2, issuer: '${issuer}', client_id: iam }\n`);
    await beside(async (other) => {
      expect((await found(other, 'acme')).attributes).toMatchObject({
        name: 'Acme 2',
        domains: [],
        verified_domains: [],
      });
      const { id, attributes } = await found(other, 'hub');
      expect([id, attributes.enabled, attributes.declared]).toEqual([before.id, false, false]);
      expect((await (await admin(other)).delete(`/identity_providers/${id}`)).status).toBe(204);
    });
  });

  it('leaves a provider alone that was made over the API', async () => {
    const made = { slug: 'own', name: 'Own', kind: 'oidc', issuer, client_id: 'iam' };
    await (await admin(app)).post('/identity_providers', document(TYPE, made));
    declare(`  own: { name: Declared, issuer: '${issuer}', client_id: iam }\n`);
    await beside(async (other) => {
      expect((await found(other, 'own')).attributes).toMatchObject({ name: 'Own', declared: false });
    });
  });

  it('stops the start with all that is wrong in it', async () => {
    declare(
      `  acme: { name: Acme, kind: saml, client_id: iam, colour: red }\n  Upper: { name: A, issuer: 'https://a.example', client_id: 7 }\n`,
    );
    await expect(startApp({ beside: app, env: { IDENTITY_PROVIDERS_FILE: file } })).rejects.toThrow(
      /"colour" is not known[^]*kind: must be one of[^]*identity_providers.Upper: a slug is[^]*client_id: must be text/,
    );
  });

  it('is checked by doctor, which asks every provider', async () => {
    declare(
      `  acme: { name: Acme, issuer: '${issuer}', client_id: iam }\n  away: { name: Away, issuer: 'http://127.0.0.1:9', client_id: iam }\n`,
    );
    await beside(async () => {
      const env = {
        ...TEST_ENVIRONMENT,
        DATABASE_URL: app.databaseUrl,
        MAIL_URL: app.mails.url,
        IDENTITY_PROVIDERS_FILE: file,
      };
      const { out, exitCode } = await command(['doctor'], env);
      const lines = out.split('\n').map((line) => line.replace(/ +/g, ' '));
      expect(lines).toContain('ok providers IDENTITY_PROVIDERS_FILE declares acme, away.');
      expect(lines.filter((line) => line.includes(' providers acme'))).toEqual([
        'ok providers acme has valid metadata.',
      ]);
      expect(lines.find((line) => line.includes('away cannot'))).toMatch(
        /^problem providers away cannot be used: The host could not be reached\. Check its issuer http:\/\/127\.0\.0\.1:9\./,
      );
      expect(exitCode).toBe(1);
    });
  });
});
