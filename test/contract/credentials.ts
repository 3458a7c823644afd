import { randomUUID } from 'node:crypto';
import type { TestApp } from '../support/app.js';
import { document as body } from '../support/client.js';
import { account, PASSWORD, signIn } from '../support/factories.js';
import { newDevice } from '../passkeys/passkeys.js';
import { Authenticator } from '../second-factors/factors.js';
import type { CheckedClient } from './openapi.js';

const KEY = 'iam:api_keys';
const PROVIDER = 'iam:identity_providers';

/** Adds an authenticator app and signs in with it, then with recovery codes. */
export async function useFactors(client: CheckedClient, app: TestApp, token: string): Promise<void> {
  const user = await account(app);
  const { token: own } = await signIn(app, user);
  const added = await client.send('POST /account_factors', [], {
    token: own,
    body: body('iam:account_factors', { name: 'Phone' }),
  });
  await client.send('POST /account_factors', [], { token: own, body: body('iam:account_factors', { name: '' }) });
  const { id } = added.body.data;
  const device = new Authenticator(added.body.meta.secret);
  await client.send('POST /account_factors/{id}/confirm', [id], { token: own, body: { code: '000000' } });
  await client.send('POST /account_factors/{id}/confirm', [id], { token: own, body: { code: device.code() } });
  await client.send('POST /account/recovery_codes', [], { token: own });
  await client.send('POST /account/recovery_codes', []);
  const credentials = { email: user.email, password: PASSWORD };
  const first = await client.send('POST /auth/login', [], { body: credentials });
  const { mfa_token: mfaToken } = first.body.errors[0].meta;
  await client.send('POST /auth/mfa', [], { body: { mfa_token: mfaToken, code: '000000' } });
  await client.send('POST /auth/mfa', [], { body: { mfa_token: mfaToken, code: device.code(), trust_device: true } });
  await client.send('POST /auth/mfa', [], { body: {} });
  const devices = await client.send('GET /trusted_devices', [], { token: own });
  const { id: trusted } = devices.body.data[0];
  await client.send('GET /trusted_devices/{resource_id}', [trusted], { token: own });
  await client.send('DELETE /trusted_devices/{resource_id}', [trusted], { token: own });
  await client.send('GET /account_factors', [], { token: own });
  await client.send('GET /account_factors/{resource_id}', [id], { token: own });
  await client.send('DELETE /account_factors/{resource_id}', [id], { token: own });
  await client.send('DELETE /accounts/{id}/factors', [user.id], { token });
  await client.send('DELETE /accounts/{id}/factors', [randomUUID()], { token });
}

/** Adds a passkey, signs in with it, renames and removes it. */
export async function usePasskeys(client: CheckedClient, app: TestApp): Promise<void> {
  const { token } = await signIn(app, await account(app));
  const device = newDevice();
  const options = await client.send('POST /account_passkeys/options', [], { token });
  const { transaction, options: creation } = options.body.meta;
  await client.send('POST /account_passkeys', [], { token, body: { transaction: 'no', name: 'Key', response: {} } });
  const made = await client.send('POST /account_passkeys', [], {
    token,
    body: { transaction, name: 'Key', response: device.create(creation) },
  });
  const { id } = made.body.data;
  const asked = await client.send('POST /auth/passkey/options', [], { body: { purpose: 'sign_in' } });
  await client.send('POST /auth/passkey/options', [], { body: { purpose: 'nope' } });
  const response = device.get(asked.body.meta.options);
  await client.send('POST /auth/passkey', [], { body: { transaction: asked.body.meta.transaction, response } });
  await client.send('POST /auth/passkey', [], { body: { transaction: asked.body.meta.transaction, response } });
  await client.send('GET /account_passkeys', [], { token, query: '?count=true' });
  await client.send('GET /account_passkeys/{resource_id}', [id], { token });
  const renamed = body('iam:account_passkeys', { name: 'Laptop' }, id);
  await client.send('PATCH /account_passkeys/{resource_id}', [id], { token, body: renamed });
  await client.send('DELETE /account_passkeys/{resource_id}', [id], { token });
}

/** Makes a key, uses it, exchanges it for a token, rotates, revokes and deletes it. */
export async function useKeys(client: CheckedClient, app: TestApp): Promise<void> {
  const { token } = await signIn(app, await account(app));
  const attributes = { name: 'CI', permissions: ['iam:accounts.read.own'] };
  const made = await client.send('POST /api_keys', [], { token, body: body(KEY, attributes) });
  await client.send('POST /api_keys', [], { token, body: body(KEY, { ...attributes, permissions: ['*.*.*'] }) });
  const { id } = made.body.data;
  const { key } = made.body.meta;
  await client.send('GET /auth/me', [], { token: key });
  await client.send('GET /api_keys', [], { token: key });
  await client.send('GET /.well-known/oauth-authorization-server');
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: key });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  await client.send('POST /auth/token', [], { headers, body: String(form) });
  await client.send('POST /auth/token', [], { headers, body: 'grant_type=password' });
  await client.send('GET /api_keys', [], { token, query: '?include=account' });
  await client.send('GET /api_keys/{resource_id}', [id], { token });
  await client.send('PATCH /api_keys/{resource_id}', [id], { token, body: body(KEY, { name: 'Build' }, id) });
  await client.send('POST /api_keys/{id}/rotate', [id], { token, body: { overlap_seconds: 60 } });
  await client.send('POST /api_keys/{id}/rotate', [id], { token, body: { overlap_seconds: -1 } });
  await client.send('POST /api_keys/{id}/revoke', [id], { token });
  await client.send('DELETE /api_keys/{resource_id}', [id], { token });
}

/** Declares an identity provider, and what can be asked of it without one. */
export async function useProviders(client: CheckedClient, app: TestApp, token: string): Promise<void> {
  const attributes = { slug: 'acme', name: 'Acme', kind: 'google', client_id: 'client', client_secret: 'secret' };
  const made = await client.send('POST /identity_providers', [], {
    token,
    body: body(PROVIDER, { ...attributes, domains: ['example.org'] }),
  });
  await client.send('POST /identity_providers', [], { token, body: body(PROVIDER, { name: '' }) });
  const { id } = made.body.data;
  await client.send('GET /identity_providers', [], { token });
  await client.send('GET /identity_providers/{resource_id}', [id], { token });
  await client.send('PATCH /identity_providers/{resource_id}', [id], {
    token,
    body: body(PROVIDER, { name: 'B' }, id),
  });
  await client.send('POST /identity_providers/{resource_id}/verify_domain', [id], { token, body: { domain: 'x.org' } });
  await client.send('GET /auth/providers', [], { query: '?email=jane@example.org' });
  await client.send('GET /auth/providers', [], { query: '?nope=1' });
  await client.send('POST /auth/sso/exchange', [], { body: { code: 'no', code_verifier: 'v'.repeat(43) } });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const rubbish = { headers, body: 'logout_token=rubbish' };
  await client.send('POST /auth/sso/{slug}/backchannel_logout', ['missing'], rubbish);
  await client.send('POST /account/identities/{slug}', ['missing'], { token });
  await app.sql(
    `INSERT INTO account_identities (id, account_id, provider_id, issuer, subject, linked_by)
     SELECT $1, id, $1, 'https://accounts.google.com', 'subject', 'session' FROM accounts ORDER BY id LIMIT 1`,
    [id],
  );
  await client.send('GET /account_identities', [], { token });
  await client.send('GET /account_identities/{resource_id}', [id], { token });
  await client.send('DELETE /account_identities/{resource_id}', [id], { token });
  await client.send('DELETE /identity_providers/{resource_id}', [id], { token });
}
