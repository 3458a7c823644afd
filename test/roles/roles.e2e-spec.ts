import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { column, document, errorsOf, ids, MEDIA_TYPE, send } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

const folder = mkdtempSync(join(tmpdir(), 'iam-roles-'));
afterAll(() => rmSync(folder, { recursive: true }));

function rolesFile(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const ROLES = `
extends: default
scope_aliases: { as_org_owner: org }
resources:
  dataset:projects: { actions: [read, submit], scopes: [as_user, '*'] }
roles:
  user:
    rights: [dataset:projects.read.as_user]
  researcher:
    title: Researcher
    description: Submits projects.
    rank: 15
    rights: [iam:accounts.read.as_org_owner, iam:accounts.update.as_org_owner, dataset:projects.*.as_user]
`;

describe('Roles', () => {
  let app: TestApp;

  beforeAll(async () => {
    const ROLES_FILE = rolesFile('roles.yml', ROLES);
    app = await startApp({ env: { ROLES_FILE, ACCESS_TOKEN_CLAIMS: 'rights,email,name' } });
  });
  afterAll(() => app.stop());

  it('are listed with what the actor may assign, lowest rank first', async () => {
    const { get } = await signedIn(app, { role: 'org_owner', org: [await organization(app)] });
    const response = await get('/roles');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, MEDIA_TYPE]);
    expect(ids(response)).toEqual(['anonymous', 'user', 'researcher', 'org_owner', 'admin', 'system']);
    expect(column(response, 'assignable')).toEqual([false, true, true, true, false, false]);
    expect(response.body.data[2]).toEqual({
      type: 'iam:roles',
      id: 'researcher',
      attributes: {
        title: 'Researcher',
        description: 'Submits projects.',
        rank: 15,
        assignable: true,
        rights: ['iam:accounts.read.as_org_owner', 'iam:accounts.update.as_org_owner', 'dataset:projects.*.as_user'],
      },
      links: { self: '/roles/researcher' },
    });
    expect(response.body.links).toEqual({ self: '/roles' });
  });

  it('are shown one by one', async () => {
    const { get } = await admin(app);
    const response = await get('/roles/researcher');
    expect(response.body).toEqual({
      jsonapi: { version: '1.1' },
      data: (await get('/roles')).body.data.find(({ id }: { id: string }) => id === 'researcher'),
      links: { self: '/roles/researcher' },
    });
    for (const name of ['missing', 'constructor', '__proto__', 'x'.repeat(300)]) {
      expect(errorsOf(await get(`/roles/${name}`))).toEqual(['404 not_found']);
    }
  });

  it('of others are hidden from who may assign none', async () => {
    // The second one may write the accounts of its organizations, and has none.
    for (const options of [{ role: 'user', org: [await organization(app)] }, { role: 'org_owner' }]) {
      const { get } = await signedIn(app, options);
      const response = await get('/roles');
      expect(ids(response)).toEqual([options.role]);
      expect(column(response, 'assignable')).toEqual([false]);
      expect((await get(`/roles/${options.role}`)).status).toBe(200);
      expect(errorsOf(await get('/roles/admin'))).toEqual(['404 not_found']);
    }
  });

  it('are listed as assignable exactly where a write is accepted', async () => {
    const org = await organization(app);
    const everyRole = ids(await (await admin(app)).get('/roles'));
    for (const role of ['user', 'researcher', 'org_owner', 'admin']) {
      const actor = await signedIn(app, { role, org: [org] });
      const listed = (await actor.get('/roles')).body.data;
      for (const name of everyRole) {
        // A role that is no longer in the file, so that each of them is a change.
        const target = await account(app, { role: 'removed', org: [org] });
        const response = await actor.patch(`/accounts/${target.id}`, document('iam:accounts', { role_name: name }));
        const found = listed.find(({ id }: { id: string }) => id === name);
        expect([role, name, response.status === 200]).toEqual([role, name, found?.attributes.assignable ?? false]);
      }
    }
  });

  it('have an entity tag, and are read by HEAD too', async () => {
    const { get, token } = await admin(app);
    for (const path of ['/roles', '/roles/user']) {
      const tag = (await get(path)).headers.get('etag') ?? '';
      expect(tag).toMatch(/^"[\w-]{43}"$/);
      const again = await get(path, { 'if-none-match': tag });
      expect([again.status, again.text]).toEqual([304, '']);
      const head = await send(app, 'HEAD', path, { token });
      expect([head.status, head.headers.get('etag'), head.text]).toEqual([200, tag, '']);
    }
    const { get: getAsUser } = await signedIn(app);
    const tag = (await get('/roles')).headers.get('etag') ?? '';
    expect((await getAsUser('/roles', { 'if-none-match': tag })).status).toBe(200);
  });

  it('are negotiated like every document, and take no parameters and no writes', async () => {
    const { get, post, patch } = await admin(app);
    const json = await get('/roles', { accept: 'application/json' });
    expect(json.headers.get('content-type')).toBe('application/json');
    expect(errorsOf(await get('/roles', { accept: `${MEDIA_TYPE};x=1` }))).toEqual(['406 not_acceptable Accept']);
    expect(errorsOf(await get('/roles?fields[iam:roles]=title&page[size]=1'))).toEqual([
      '400 invalid_parameter fields[iam:roles]',
      '400 invalid_parameter page[size]',
    ]);
    expect(errorsOf(await get('/roles/user?sort=rank'))).toEqual(['400 invalid_parameter sort']);
    expect(errorsOf(await post('/roles', {}))).toEqual(['405 method_not_allowed']);
    expect(errorsOf(await patch('/roles/user', {}))).toEqual(['405 method_not_allowed']);
    expect(errorsOf(await send(app, 'GET', '/roles'))).toEqual(['401 unauthenticated Authorization']);
  });

  it('publish rights on resources of other services, which open nothing here', async () => {
    const { get, token, refreshToken, account: owner } = await signedIn(app, { role: 'researcher' });
    const rights = (await get('/roles/researcher')).body.data.attributes.rights;
    expect((await get('/auth/me')).body.data.attributes.role_rights).toEqual(rights);
    const refreshed = await send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
    for (const one of [token, refreshed.body.meta.token]) {
      const { name, email } = owner;
      expect(decodeJwt(one)).toMatchObject({ rights, name, email, role_name: 'researcher' });
    }
    expect(errorsOf(await get('/organizations'))).toEqual(['403 forbidden']);
  });

  it('called anonymous are given to no account', async () => {
    const { post, patch } = await admin(app);
    const values = { name: 'Jane', email: 'jane@example.com', role_name: 'anonymous' };
    const rejected = ['422 validation_failed /data/attributes/role_name'];
    expect(errorsOf(await post('/accounts', document('iam:accounts', values)))).toEqual(rejected);
    const { id } = await account(app);
    const change = document('iam:accounts', { role_name: 'anonymous' });
    expect(errorsOf(await patch(`/accounts/${id}`, change))).toEqual(rejected);
  });

  it('are rejected at the start where no module declares what they name', async () => {
    const wrong = `
extends: default
resources: { iam:accounts: { actions: [read], scopes: ['*'] } }
roles: { lead: { rank: 1, rights: [iam:acounts.read.own, iam:jobs.assign.own, data:sets.read.all] } }`;
    const started = startApp({ beside: app, env: { ROLES_FILE: rolesFile('wrong.yml', wrong) } });
    await expect(started).rejects.toThrow(
      /wrong\.yml cannot be used:\n.*roles\.lead\.rights\[2\].*data:sets\.read\.all/,
    );
    const undeclared = rolesFile('undeclared.yml', wrong.replace('read.all', 'read.own'));
    await expect(startApp({ beside: app, env: { ROLES_FILE: undeclared } })).rejects.toThrow(
      [
        `The roles file ${undeclared} cannot be used:`,
        '  - resources.iam:accounts: this service has this resource itself; its modules declare its actions',
        '  - roles.lead.rights: "iam:acounts.read.own": no module serves iam:acounts, and "resources" does not declare it',
        '  - roles.lead.rights: "iam:jobs.assign.own": no module declares the action "assign" on iam:jobs; known are create, read, update, delete and *',
        '  - roles.lead.rights: "data:sets.read.own": no module serves data:sets, and "resources" does not declare it',
      ].join('\n'),
    );
  });

  it('are rejected at the start where they require a second factor and do not allow adding one', async () => {
    const role = (...rights: readonly string[]) => `{ rank: 15, mfa: required, rights: [${rights.join(', ')}] }`;
    const file = rolesFile(
      'factors.yml',
      `
extends: default
roles:
  auditor: ${role('iam:accounts.read.org')}
  cashier: ${role('iam:account_factors.create.own', 'iam:account_passkeys.read.own')}
  treasurer: ${role('iam:account_passkeys.*.own')}`,
    );
    const start = (env: Record<string, string> = {}) => startApp({ beside: app, env: { ROLES_FILE: file, ...env } });
    const sentence = (name: string, rights: string) =>
      `  - roles.${name}.mfa: required, but the rights of the role do not allow adding a second factor; add ${rights}`;
    const [phone, passkey] = ['iam:account_factors', 'iam:account_passkeys'].map((type) =>
      ['create', 'read'].map((action) => `${type}.${action}.own`),
    ) as [string[], string[]];
    await expect(start()).rejects.toThrow(
      [
        `The roles file ${file} cannot be used:`,
        sentence('auditor', `${phone.join(' and ')}, or ${passkey.join(' and ')}`),
        sentence('cashier', `${phone[1]}, or ${passkey[0]}`),
      ].join('\n'),
    );
    // An address of digits has no passkeys.
    await expect(start({ APP_URL: 'https://192.0.2.7' })).rejects.toThrow(sentence('treasurer', phone.join(' and ')));
  });
});
