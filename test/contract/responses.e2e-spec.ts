import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailedToken } from '../accounts/mails.js';
import { resetToken } from '../passwords/tokens.js';
import { addMembers } from '../organizations/members.js';
import { startApp, type TestApp } from '../support/app.js';
import { document as body, send } from '../support/client.js';
import { account, admin, organization, PASSWORD, signIn } from '../support/factories.js';
import { useFactors, useKeys, usePasskeys, useProviders } from './credentials.js';
import { CheckedClient, ENDPOINTS, operations } from './openapi.js';

const ACCOUNT = 'iam:accounts';
const ORGANIZATION = 'iam:organizations';

/** Uses every operation, with valid and invalid requests, and validates every response against its OpenAPI schema. */
describe('Answers are what the OpenAPI document promises', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let client: CheckedClient;
  let token: string;

  beforeAll(async () => {
    app = await startApp();
    document = (await send(app, 'GET', '/openapi.json')).body;
    client = new CheckedClient(app, document);
    ({ token } = await admin(app));
  });
  afterAll(() => app.stop());

  it('for accounts', async () => {
    const org = await organization(app);
    const attributes = { name: 'Jane Doe', email: `${randomUUID()}@example.com`, role_scope: { org: [org] } };
    const created = await client.send('POST /accounts', [], { token, body: body(ACCOUNT, attributes) });
    const { id } = created.body.data;
    await client.send('POST /accounts', [], { token, body: body(ACCOUNT, { email: 'no' }) });
    await client.send('POST /accounts', [], { token, body: body(ACCOUNT, attributes) });
    await client.send('POST /accounts', [], { body: body(ACCOUNT, attributes) });
    const query = '?included=organizations,account_sessions&count=true&page[size]=2&sort=-name';
    await client.send('GET /accounts', [], { token, query });
    await client.send('GET /accounts', [], { token, query: '?page[after]=&fields[iam:accounts]=name,role_scope' });
    await client.send('GET /accounts', [], { token, query: '?filter[nope]=1&page[size]=0' });
    await client.send('GET /accounts', [], { token, headers: { accept: 'application/vnd.api+json; charset=utf-8' } });
    const plain = await client.send('GET /accounts', [], { token, headers: { accept: 'application/json' } });
    expect(plain.headers.get('content-type')).toBe('application/json');
    const shown = await client.send('GET /accounts/{resource_id}', [id], { token, query: '?include=organizations' });
    const etag = shown.headers.get('etag') ?? '';
    const conditions = { token, query: '?include=organizations', headers: { 'if-none-match': etag } };
    await client.send('GET /accounts/{resource_id}', [id], conditions);
    await client.send('GET /accounts/{resource_id}', [randomUUID()], { token });
    const change = body(ACCOUNT, { name: 'Jane Roe', picture_url: 'https://example.com/jane.png' }, id);
    await client.send('PATCH /accounts/{resource_id}', [id], { token, body: change });
    await client.send('PATCH /accounts/{resource_id}', [id], { token, body: body(ORGANIZATION, {}, id) });
    await client.send('PATCH /accounts/{resource_id}', [id], { token, body: change, headers: { 'if-match': etag } });
    await client.send('POST /accounts/{id}/resend_invitation', [id], { token });
    await client.send('POST /accounts/{id}/resend_invitation', [randomUUID()], { token });
    await client.send('DELETE /accounts/{resource_id}', [id], { token });
    await client.send('DELETE /accounts/{resource_id}', [id], { token });
  });

  it('for joining', async () => {
    const email = `${randomUUID()}@example.com`;
    await client.send('POST /accounts', [], { token, body: body(ACCOUNT, { name: 'Jane', email }) });
    const invitation = await mailedToken(app, email);
    await client.send('GET /accounts/{token}/invitation', [invitation]);
    await client.send('GET /accounts/{token}/invitation', ['unknown']);
    await client.send('PATCH /accounts/{token}/join', [invitation], { body: { password: 'short' } });
    const headers = { prefer: 'return=representation' };
    await client.send('PATCH /accounts/{token}/join', [invitation], { headers, body: { name: 'Jane Doe' } });
    await client.send('PATCH /accounts/{token}/join', [invitation], { body: {} });
    await client.send('POST /accounts', [], { token, body: body(ACCOUNT, { name: 'J', email: `2${email}` }) });
    await client.send('PATCH /accounts/{token}/join', [await mailedToken(app, `2${email}`)]);
  });

  it('for sessions', async () => {
    const user = await account(app);
    const { token: own } = await signIn(app, user);
    const list = await client.send('GET /account_sessions', [], { token: own, query: '?included=account&count=true' });
    const { id } = list.body.data[0];
    await client.send('GET /account_sessions/{resource_id}', [id], { token: own, query: '?include=account' });
    await client.send('DELETE /account_sessions/{resource_id}', [id], { token: own });
    await client.send('GET /account_sessions/{resource_id}', [id], { token: own });
    await client.send('DELETE /account_sessions/{resource_id}', [id], { token });
  });

  it('for organizations', async () => {
    const created = await client.send('POST /organizations', [], { token, body: body(ORGANIZATION, { name: 'Acme' }) });
    const { id } = created.body.data;
    await account(app, { org: [id] });
    await client.send('GET /organizations', [], { token, query: '?included=accounts&page[before]=' });
    await client.send('GET /organizations/{resource_id}', [id], { token, query: '?included=accounts' });
    const change = body(ORGANIZATION, { name: 'Acme Ltd' }, id);
    await client.send('PATCH /organizations/{resource_id}', [id], { token, body: change });
    await client.send('PATCH /organizations/{resource_id}', [id], { token, body: body(ORGANIZATION, { name: '' }) });
    await client.send('DELETE /organizations/{resource_id}', [id], { token });
    await client.send('POST /organizations', [], { token, body: '{' });
    await client.send('POST /organizations', [], { token, body: '{}', headers: { 'content-type': 'text/plain' } });
    await client.send('POST /organizations', [], { token, body: { data: 'x'.repeat(1024 * 1024) } });
  });

  it('for passwords', async () => {
    const user = await account(app);
    const { email } = user;
    const { token: own } = await signIn(app, user);
    await client.send('POST /account/passwords/request_reset', [], { body: { email } });
    await client.send('POST /account/passwords/request_reset', [], { body: {} });
    const reset = await mailedToken(app, email);
    await client.send('GET /account/passwords/token_valid', [], { query: `?token=${reset}` });
    await client.send('GET /account/passwords/token_valid');
    await client.send('GET /account/passwords/policy');
    await client.send('GET /account/passwords/policy', [], { query: '?nope=1' });
    const change = { current_password: PASSWORD, new_password: 'Another-horse-8' };
    await client.send('POST /account/passwords/change', [], { token: own, body: { ...change, new_password: 'a' } });
    await client.send('POST /account/passwords/change', [], { token: own, body: change });
    await client.send('POST /account/passwords/change', [], { body: change });
    await client.send('POST /account/passwords/reset', [], { body: { token: reset, password: PASSWORD } });
    const fresh = await resetToken(app, user.id);
    await client.send('POST /account/passwords/reset', [], { body: { token: fresh, password: 'a' } });
    await client.send('POST /account/passwords/reset', [], { body: { token: fresh, password: 'Third-horse-9' } });
  });

  it('for the e-mail of an account', async () => {
    const user = await account(app);
    const { token: own } = await signIn(app, user);
    const [email, next] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`];
    await client.send('POST /account/email', [], { body: { email } });
    await client.send('POST /account/email', [], { token: own, body: { email: 'no' } });
    await client.send('POST /account/email', [], { token: own, body: { email } });
    const proof = await mailedToken(app, email);
    await client.send('POST /account/email/confirm', [], { body: {} });
    await client.send('POST /account/email/confirm', [], { body: { token: proof } });
    await client.send('POST /account/email/confirm', [], { body: { token: proof } });
    const revert = await mailedToken(app, user.email);
    await client.send('POST /accounts/{id}/email', [user.id], { token, body: { email: next } });
    await client.send('POST /accounts/{id}/email', [user.id], { token: own, body: { email: next } });
    await client.send('POST /accounts/{id}/email', [randomUUID()], { token, body: { email: next } });
    await client.send('POST /account/email/revert', [], { body: { token: revert } });
    await client.send('POST /account/email/revert', [], { body: { token: revert } });
  });

  it('for what is stored about a person', async () => {
    const user = await account(app);
    const { token: own } = await signIn(app, user);
    await client.send('GET /account/export', [], { token: own });
    await client.send('GET /account/export');
    await client.send('POST /accounts/{id}/erase', [user.id], { token: own });
    await client.send('POST /accounts/{id}/erase', [user.id], { token });
    await client.send('POST /accounts/{id}/erase', [user.id], { token });
  });

  it('for signing in and out', async () => {
    const { email, password } = await account(app);
    const login = await client.send('POST /auth/login', [], { body: { email, password } });
    const { token: own, refresh_token: refreshToken } = login.body.meta;
    await client.send('POST /auth/login', [], { body: { email, password: 'wrong' } });
    await client.send('POST /auth/login', [], { body: { email } });
    await client.send('GET /auth/me', [], { token: own });
    await client.send('GET /auth/me');
    await client.send('POST /auth/reauthenticate', [], { body: { password } });
    await client.send('POST /auth/reauthenticate', [], { token: own, body: { password: 'wrong' } });
    await client.send('POST /auth/refresh', [], { body: { refresh_token: refreshToken } });
    await client.send('POST /auth/refresh', [], { body: { refresh_token: 'wrong' } });
    await client.send('POST /auth/reauthenticate', [], { token: own, body: { password } });
    const inCookies = await client.send('POST /auth/login', [], { body: { email, password, cookie: true } });
    const cookie = inCookies.headers.getSetCookie().map((one) => one.split(';', 1)[0]);
    const headers = { cookie: cookie.join('; '), 'sec-fetch-site': 'same-origin' };
    const refreshed = await client.send('GET /auth/refresh', [], { headers });
    const fresh = refreshed.headers.getSetCookie().map((one) => one.split(';', 1)[0]);
    await client.send('GET /auth/refresh', [], { headers: { ...headers, 'sec-fetch-site': 'cross-site' } });
    await client.send('GET /auth/logout', [], { headers: { ...headers, cookie: fresh.join('; ') } });
    await client.send('POST /auth/logout', [], { token: own });
  });

  it('for second factors', () => useFactors(client, app, token));

  it('for passkeys', () => usePasskeys(client, app));

  it('for API keys', () => useKeys(client, app));

  it('for identity providers', () => useProviders(client, app, token));

  it('for the rest', async () => {
    const list = await client.send('GET /audit_events', [], { token, query: '?page[size]=3' });
    await client.send('GET /audit_events/{resource_id}', [list.body.data[0].id], { token });
    const organizationId = await organization(app);
    await addMembers(app, organizationId, 10_001);
    const { body } = await client.send('DELETE /organizations/{resource_id}', [organizationId], { token });
    await client.send('GET /jobs/{resource_id}', [body.data.id], { token });
    await client.send('GET /jobs', [], { token });
    const roles = await client.send('GET /roles', [], { token });
    await client.send('GET /roles', [], { token, headers: { 'if-none-match': roles.headers.get('etag') ?? '' } });
    await client.send('GET /roles/{name}', ['user'], { token });
    await client.send('GET /roles/{name}', ['missing'], { token });
    await client.send('GET /roles', [], { token, query: '?nope=1' });
    await client.send('GET /.well-known/jwks.json');
    await client.send('GET /health/live');
    await client.send('GET /health/ready');
    await client.send('GET /health/ready', [], { query: '?nope=1' });
  });

  it('and not one operation was left out', () => {
    const statusesOf = (name: string): number[] => [...(client.seen.get(name) ?? [])];
    for (const name of operations(document).keys()) expect([name, statusesOf(name)]).not.toEqual([name, []]);
    for (const { method, path, status } of ENDPOINTS) {
      expect([path, statusesOf(`${method} ${path}`)]).toEqual([path, expect.arrayContaining([status])]);
    }
  });
});
