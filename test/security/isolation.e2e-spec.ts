import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { resetToken } from '../passwords/tokens.js';
import { sessionOf } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { column, document, errorsOf, ids, send, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn, type SignedIn, type TestAccount } from '../support/factories.js';
import { pathOf, routesOf } from './routes.js';

const UNKNOWN = '0197a1f0-0000-7000-8000-000000000001';

let app: TestApp;
let root: ApiClient & { id: string };

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
});
afterAll(() => app.stop());

describe('Lesson 9: an organization', () => {
  let own: string;
  let foreign: string;
  let owner: SignedIn;
  let member: SignedIn;
  let colleague: TestAccount;
  /** Belongs to both organizations. */
  let shared: TestAccount;
  let stranger: SignedIn;
  let foreignSession: string;
  let foreignEvent: string;
  let foreignJob: string;
  const foreignCredential = uuidv7();

  beforeAll(async () => {
    [own, foreign] = [await organization(app, 'Own'), await organization(app, 'Foreign')];
    owner = await signedIn(app, { role: 'org_owner', org: [own], name: 'Owner' });
    member = await signedIn(app, { org: [own], name: 'Member' });
    colleague = await account(app, { org: [own], name: 'Colleague' });
    shared = await account(app, { org: [own, foreign], name: 'Shared' });
    stranger = await signedIn(app, {
      org: [foreign],
      name: 'Stranger',
      columns: { picture_url: 'https://strange.example/' },
    });
    foreignSession = (await sessionOf(app, stranger.account.id)).id;
    foreignJob = uuidv7();
    await app.sql(`INSERT INTO jobs (id, kind, input, created_by) VALUES ($1, 'iam:organizations.delete', '{}', $2)`, [
      foreignJob,
      stranger.account.id,
    ]);
    await credentialsOf(stranger.account.id);
    [foreignEvent = ''] = ids(await root.get(`/audit_events?filter[actor_id]=${stranger.account.id}`));
  });

  /** Everything else that signs the stranger in, and the provider of the stranger's organization. All have one id. */
  async function credentialsOf(accountId: string): Promise<void> {
    const rows = [
      `INSERT INTO account_factors (id, account_id, name, secret) VALUES ($1, $2, 'Phone', 'sealed')`,
      `INSERT INTO account_passkeys (id, account_id, name, credential_id, public_key, backup_eligible, backed_up)
       VALUES ($1, $2, 'Laptop', 'credential', 'key', false, false)`,
      `INSERT INTO api_keys (id, account_id, name, permissions, key_label) VALUES ($1, $2, 'CI', '{}', 'iam_0000…0000')`,
      `INSERT INTO trusted_devices (id, account_id, hash, name, password_version, factor_version, expires_at)
       VALUES ($1, $2, repeat('0', 64), 'Firefox', 1, 1, now() + interval '1 day')`,
    ];
    for (const row of rows) await app.sql(row, [foreignCredential, accountId]);
    await app.sql(
      `INSERT INTO identity_providers (id, slug, name, kind, client_id, organization_id)
       VALUES ($1, 'foreign', 'Foreign', 'oidc', 'client', $2)`,
      [foreignCredential, foreign],
    );
    await app.sql(
      `INSERT INTO account_identities (id, account_id, provider_id, issuer, subject, linked_by)
       VALUES ($1, $2, $1, 'https://id.example.com', 'stranger', 'session')`,
      [foreignCredential, accountId],
    );
  }

  const actors = (): [string, SignedIn][] => [
    ['owner', owner],
    ['member', member],
  ];

  /** An answer without the id of its request, and with the row's id as a word. */
  const comparable = ({ status, body }: ApiResponse, id: string) => ({
    status,
    body: JSON.parse(
      JSON.stringify(body ?? null)
        .replaceAll(id, 'ID')
        .replaceAll(/"id":"[^"]*"/g, '"id":"…"'),
    ),
  });

  it('#9 hides its rows from others: each endpoint says the same of them as of none at all, and mostly 404', async () => {
    const rows: Record<string, [id: string, type: string]> = {
      '/accounts/:id': [stranger.account.id, 'iam:accounts'],
      '/accounts/:id/email': [stranger.account.id, 'iam:accounts'],
      '/accounts/:id/erase': [stranger.account.id, 'iam:accounts'],
      '/accounts/:id/factors': [stranger.account.id, 'iam:accounts'],
      '/accounts/:id/resend_invitation': [stranger.account.id, 'iam:accounts'],
      '/account_sessions/:id': [foreignSession, 'iam:account_sessions'],
      '/organizations/:id': [foreign, 'iam:organizations'],
      '/audit_events/:id': [foreignEvent, 'iam:audit_events'],
      '/jobs/:id': [foreignJob, 'iam:jobs'],
      '/account_factors/:id': [foreignCredential, 'iam:account_factors'],
      '/account_factors/:id/confirm': [foreignCredential, 'iam:account_factors'],
      '/account_identities/:id': [foreignCredential, 'iam:account_identities'],
      '/account_passkeys/:id': [foreignCredential, 'iam:account_passkeys'],
      '/api_keys/:id': [foreignCredential, 'iam:api_keys'],
      '/api_keys/:id/revoke': [foreignCredential, 'iam:api_keys'],
      '/api_keys/:id/rotate': [foreignCredential, 'iam:api_keys'],
      '/trusted_devices/:id': [foreignCredential, 'iam:trusted_devices'],
      '/identity_providers/:id': [foreignCredential, 'iam:identity_providers'],
      '/identity_providers/:id/verify_domain': [foreignCredential, 'iam:identity_providers'],
    };
    // Those of a token, of roles and of slugs, which are no rows; and pages, which test/pages/account.e2e-spec.ts asks.
    const others = /\/(join|invitation)$|^\/roles\/|^\/account\/|^\/auth\/sso\//;
    const routes = routesOf(app).filter(({ pattern }) => pattern.includes(':id') && !others.test(pattern));
    expect([...new Set(routes.map(({ pattern }) => pattern))].sort()).toEqual(Object.keys(rows).sort());
    const statuses = new Set<string>();
    for (const [name, actor] of actors()) {
      for (const route of routes.filter(({ method }) => ['GET', 'PATCH', 'POST', 'DELETE'].includes(method))) {
        const [id, type] = rows[route.pattern] ?? ['', ''];
        const ask = async (asked: string) => {
          const body = ['PATCH', 'POST'].includes(route.method)
            ? { body: document(type, { name: 'Taken over' }, asked) }
            : {};
          return comparable(
            await send(app, route.method, pathOf(route, asked), { token: actor.token, ...body }),
            asked,
          );
        };
        const response = await ask(id);
        expect([name, route, response]).toEqual([name, route, await ask(UNKNOWN)]);
        if (response.status !== 405) statuses.add(`${name} ${route.method} ${route.pattern} ${response.status}`);
      }
    }
    expect([...statuses].filter((line) => !line.endsWith('404')).sort()).toEqual([
      // No right to this on any row.
      'member DELETE /accounts/:id 403',
      'member DELETE /identity_providers/:id 403',
      'member DELETE /organizations/:id 403',
      'member GET /audit_events/:id 403',
      'member GET /identity_providers/:id 403',
      'member PATCH /identity_providers/:id 403',
      'member PATCH /organizations/:id 403',
      'member POST /accounts/:id/erase 403',
      'member POST /accounts/:id/resend_invitation 403',
      // A body is wrong whatever the row.
      'member POST /api_keys/:id/rotate 422',
      'member POST /identity_providers/:id/verify_domain 403',
      'owner DELETE /organizations/:id 403',
      'owner GET /audit_events/:id 403',
      'owner POST /api_keys/:id/rotate 422',
      'owner POST /identity_providers/:id/verify_domain 422',
    ]);
    const names = await app.sql<{ name: string }>('SELECT name FROM accounts UNION SELECT name FROM organizations');
    expect(names.map(({ name }) => name)).not.toContain('Taken over');
  });

  it('#9 does not show through a list, its count, its pages or its order', async () => {
    const visible = [owner.account.id, member.account.id, colleague.id, shared.id].sort();
    const attributes = Object.keys((await owner.get('/accounts')).body.data[0].attributes).filter(
      (a) => a !== 'role_scope',
    );
    for (const sort of ['id', ...attributes].flatMap((name) => [name, `-${name}`])) {
      const response = await owner.get(`/accounts?sort=${sort}&count=true&page[size]=2`);
      expect(response.body.meta.count).toBe(visible.length);
      const second = await owner.get(`/accounts?sort=${sort}&page[size]=2&page[number]=2`);
      expect([...ids(response), ...ids(second)].sort()).toEqual(visible);
      expect(second.body.links.next).toBeNull();
    }
    expect(ids(await member.get('/accounts'))).toEqual([member.account.id]);
    expect(ids(await owner.get('/organizations'))).toEqual([own]);
    expect((await member.get('/organizations?count=true')).body.meta.count).toBe(1);
  });

  it('#9 does not show through any filter', async () => {
    const { id, email, name } = stranger.account;
    const [row] = (await root.get(`/accounts?filter[id]=${id}`)).body.data;
    const filters = [
      `filter[id]=${id}`,
      `filter[id__in]=${id}`,
      `filter[email]=${email}`,
      `filter[email__in]=${email}`,
      `filter[email__match]=${email.split('@')[0]}`,
      `filter[name]=${name}`,
      `filter[name__match]=${name}`,
      `filter[search]=${name}`,
      `filter[picture_url]=https://strange.example/`,
      `filter[created_at]=${row.attributes.created_at}`,
      `filter[joined_at__gte]=${row.attributes.joined_at}&filter[joined_at__lte]=${row.attributes.joined_at}`,
      `filter[with_role_scope]={"org":["${foreign}"]}`,
      `filter[with_role_scope][org][]=${foreign}`,
      `filter[role_scope]={"org":["${foreign}"]}`,
      `filter[role_scope]=${JSON.stringify({ org: [own, foreign].sort() })}`,
    ];
    for (const filter of filters) {
      for (const [, actor] of actors()) {
        const response = await actor.get(`/accounts?${filter}&count=true`);
        expect([filter, response.status, response.body.data, response.body.meta]).toEqual([
          filter,
          200,
          [],
          { count: 0 },
        ]);
      }
    }
    const secret = await resetToken(app, id);
    for (const filter of [`password_reset_token]=${secret}`, 'password_reset_token_expires_at]=2099-01-01']) {
      expect(errorsOf(await owner.get(`/accounts?filter[${filter}`))[0]).toMatch(/^403 forbidden/);
    }
    const { nonce } = await sessionOf(app, id);
    for (const filter of [`filter[nonce]=${nonce}`, `filter[account_id]=${id}`, `filter[id]=${foreignSession}`]) {
      expect(ids(await owner.get(`/account_sessions?${filter}`))).toEqual([]);
    }
    expect(ids(await owner.get(`/organizations?filter[id]=${foreign}`))).toEqual([]);
    expect(ids(await owner.get('/organizations?filter[name__match]=Foreign'))).toEqual([]);
  });

  it('#9 does not show through the account that is in both', async () => {
    for (const path of [
      `/accounts/${shared.id}`,
      `/accounts?filter[id]=${shared.id}`,
      `/accounts/${shared.id}?included=organizations`,
    ]) {
      const response = await owner.get(path);
      expect(response.status).toBe(200);
      expect(response.text).toContain(own);
      expect(response.text).not.toContain(foreign);
    }
    const listed = await owner.get('/organizations?included=accounts');
    expect(listed.body.included.map(({ id }: { id: string }) => id).sort()).toEqual(
      [owner.account.id, member.account.id, colleague.id, shared.id].sort(),
    );
    expect(listed.text).not.toContain(stranger.account.id);
    expect(listed.text).not.toContain(foreign);
    const sessions = await owner.get('/accounts?included=account_sessions');
    expect(
      sessions.body.included.every(
        (row: { attributes: { account_id: string } }) => row.attributes.account_id === owner.account.id,
      ),
    ).toBe(true);
  });

  it('#9 does not show through a cursor of an actor who sees it', async () => {
    const page = await root.get('/accounts?page[after]=&sort=name');
    const visible = new Set([owner.account.id, member.account.id, colleague.id, shared.id]);
    for (const { meta } of page.body.data) {
      for (const direction of ['after', 'before']) {
        const response = await owner.get(`/accounts?sort=name&page[${direction}]=${meta.page.cursor}`);
        expect(ids(response).filter((id) => !visible.has(id))).toEqual([]);
      }
    }
  });

  it('#9 does not show in the error of a rejected request', async () => {
    const rejection = async (org: string): Promise<unknown> => {
      const attributes = { name: 'New', email: `${uuidv7()}@example.com`, role_scope: { org: [org] } };
      const create = comparable(await owner.post('/accounts', document('iam:accounts', attributes)), org);
      const update = await owner.patch(
        `/accounts/${colleague.id}`,
        document('iam:accounts', { role_scope: { org: [own, org] } }, colleague.id),
      );
      return [create, comparable(update, org)];
    };
    expect(await rejection(foreign)).toEqual(await rejection(UNKNOWN));
    const scopes = column(await root.get(`/accounts?filter[id]=${colleague.id}`), 'role_scope');
    expect(scopes).toEqual([{ org: [own] }]);
  });

  it('#9 is not chosen by a header, a parameter or a path', async () => {
    for (const name of ['x-organization-id', 'x-tenant', 'x-scope']) {
      expect(ids(await owner.get('/organizations', { [name]: foreign }))).toEqual([own]);
    }
    expect(ids(await owner.get('/organizations', { 'x-original-url': `/organizations/${foreign}` }))).toEqual([own]);
    expect((await owner.get(`/organizations?org=${foreign}`)).status).toBe(400);
    for (const path of [
      `/organizations/${own}/../${foreign}`,
      `/organizations/${own}%2f..%2f${foreign}`,
      `/organizations/${foreign}/`,
    ]) {
      expect((await owner.get(path)).status).toBe(404);
    }
  });
});
