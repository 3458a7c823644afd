import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn, PASSWORD } from '../support/factories.js';
import { settled } from '../events/listeners.js';

describe('Service accounts', () => {
  let app: TestApp;
  let root: ApiClient & { id: string };

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const handle = (): string => `service-${randomUUID()}@example.com`;
  const create = (attributes: object = {}, by: ApiClient = root) =>
    by.post('/accounts', document('iam:accounts', { kind: 'service', email: handle(), ...attributes }));

  it('have joined when they are created, and are not invited', async () => {
    const response = await create();
    expect(response.status).toBe(200);
    const { kind, joined_at, created_at, invitation_expired_at, name, email } = response.body.data.attributes;
    expect({ kind, joined_at, invitation_expired_at }).toEqual({
      kind: 'service',
      joined_at: created_at,
      invitation_expired_at: null,
    });
    expect(email).toBe(`${name}@example.com`);
    const [tokens] = await app.sql<{ count: string }>('SELECT count(*) FROM one_time_tokens WHERE account_id = $1', [
      response.body.data.id,
    ]);
    expect(tokens?.count).toBe('0');
  });

  it('are persons unless a create says otherwise, and stay what they are', async () => {
    const person = await root.post('/accounts', document('iam:accounts', { email: handle() }));
    expect(person.body.data.attributes.kind).toBe('person');
    const { id } = person.body.data;
    const change = (kind: unknown) => root.patch(`/accounts/${id}`, document('iam:accounts', { kind }, id));
    expect(errorsOf(await change('service'))).toEqual(['422 validation_failed /data/attributes/kind']);
    expect((await change('person')).status).toBe(200);
    expect(errorsOf(await create({ kind: 'robot' }))).toEqual(['422 validation_failed /data/attributes/kind']);
    expect(errorsOf(await create({ joined_at: '2026-01-01T00:00:00.000Z' }))).toEqual([
      '422 validation_failed /data/attributes/joined_at',
    ]);
    expect((await create({ invitation_expired_at: null })).status).toBe(200);
  });

  it('are found and sorted by their kind', async () => {
    const org = await organization(app);
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const service = (await create({ role_scope: { org: [org] } }, owner)).body.data.id;
    expect(ids(await owner.get('/accounts?filter[kind]=service'))).toEqual([service]);
    expect(ids(await owner.get('/accounts?filter[kind]=person'))).toEqual([owner.account.id]);
    expect(ids(await owner.get('/accounts?sort=-kind'))).toEqual([service, owner.account.id]);
    expect(errorsOf(await owner.get('/accounts?filter[kind]=robot'))).toEqual(['400 invalid_parameter filter[kind]']);
  });

  it('take the e-mail, which other accounts then cannot have', async () => {
    const email = handle();
    expect((await create({ email })).status).toBe(200);
    for (const kind of ['service', 'person']) {
      expect(errorsOf(await create({ kind, email: email.toUpperCase() }))).toEqual([
        '409 conflict /data/attributes/email',
      ]);
    }
  });

  it('cannot be invited, and no one changes their e-mail', async () => {
    const { id } = (await create()).body.data;
    expect(errorsOf(await root.post(`/accounts/${id}/resend_invitation`))).toEqual(['409 conflict']);
    expect(errorsOf(await root.post(`/accounts/${id}/email`, { email: handle() }))).toEqual(['409 conflict']);
  });

  it('cannot sign in, even where the database has a password or a token of theirs', async () => {
    const reset = { hash: 'a'.repeat(64), expiresAt: new Date(Date.now() + 3_600_000) };
    const service = await account(app, { columns: { kind: 'service' }, reset });
    const login = await as(app).post('/auth/login', { email: service.email, password: PASSWORD });
    expect(login.status).toBe(401);
    const [sessions] = await app.sql<{ count: string }>('SELECT count(*) FROM account_sessions WHERE account_id = $1', [
      service.id,
    ]);
    expect(sessions?.count).toBe('0');
  });

  it('get no mails: of a reset, a changed role or another account that asks for their e-mail', async () => {
    const service = (await create()).body.data;
    const { email } = service.attributes;
    const user = await signedIn(app);
    expect((await as(app).post('/account/passwords/request_reset', { email })).status).toBe(204);
    expect((await user.post('/account/email', { email })).status).toBe(204);
    const promoted = document('iam:accounts', { role_name: 'org_owner' }, service.id);
    expect((await root.patch(`/accounts/${service.id}`, promoted)).status).toBe(200);
    await settled(app);
    expect(app.mails.mails.filter(({ recipients }) => recipients.includes(email))).toEqual([]);
  });

  it('do not count as the last admin, who is a person that can sign in', async () => {
    expect((await create({ role_name: 'admin' })).status).toBe(200);
    const another = await signedIn(app, { role: 'admin' });
    const demote = (by: ApiClient, id: string) =>
      by.patch(`/accounts/${id}`, document('iam:accounts', { role_name: 'user' }, id));
    const both = await Promise.all([demote(root, another.account.id), demote(another, root.id)]);
    const won = both.filter(({ status }) => status === 200);
    expect(both.map(({ status }) => status).filter((status) => status !== 200 && status < 500)).toHaveLength(1);
    expect(won).toHaveLength(1);
  });
});
