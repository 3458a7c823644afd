import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { column, document, errorsOf, ids } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { sweepNow } from '../sweeps/sweep-now.js';

const acme = (name: string) => document('iam:organizations', { name });

describe('Conditional requests', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const tagOf = async (path: string): Promise<string> => (await root.get(path)).headers.get('etag') ?? '';

  it('are answered 304 while the very representation is current', async () => {
    const path = `/organizations/${await organization(app)}`;
    const tag = await tagOf(path);
    expect(tag).toMatch(/^"1-[\w-]+"$/);
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const response = await root.get(path, { 'if-none-match': header });
      expect([response.status, response.text, response.headers.get('etag')]).toEqual([304, '', tag]);
    }
    const sparse = `${path}?fields[iam:organizations]=name`;
    expect((await root.get(sparse, { 'if-none-match': tag })).status).toBe(200);
    await root.patch(path, acme('Changed'));
    expect((await root.get(path, { 'if-none-match': tag })).status).toBe(200);
  });

  it('let a write through only on the version that was read, whatever its representation', async () => {
    const path = `/organizations/${await organization(app)}`;
    const tag = await tagOf(`${path}?fields[iam:organizations]=name`);
    expect((await root.patch(path, acme('A'), { 'if-match': tag })).status).toBe(200);
    for (const header of [tag, `W/${tag}`, '"0"', 'garbage', '']) {
      const rejected = await root.patch(path, acme('B'), { 'if-match': header });
      expect([header, errorsOf(rejected)]).toEqual([header, ['412 precondition_failed If-Match']]);
    }
    expect(errorsOf(await root.delete(path, { 'if-match': tag }))).toEqual(['412 precondition_failed If-Match']);
    const detailFor = async (header: string): Promise<string> =>
      (await root.patch(path, acme('B'), { 'if-match': header })).body.errors[0].detail;
    expect(await detailFor(tag)).toBe('The row was changed since you read it');
    expect(await detailFor('garbage')).toBe('No entity tag of the row stands in the header');
    for (const header of ['"2"', 'W/"2-anything"', '"7", "2"', '*']) {
      expect((await root.patch(path, acme('A'), { 'if-match': header })).status).toBe(200);
    }
    expect((await root.delete(path, { 'if-match': '*' })).status).toBe(204);
    expect(errorsOf(await root.patch(path, acme('A'), { 'if-match': '*' }))).toEqual(['404 not_found']);
  });

  it('take the version of a resource object that was included or paged to', async () => {
    const org = await organization(app);
    const { id } = await account(app, { org: [org] });
    const [included] = (await root.get(`/organizations/${org}?include=accounts`)).body.included;
    const [paged] = (await root.get(`/accounts?page[after]=&filter[id]=${id}`)).body.data;
    expect([included.meta, paged.meta]).toEqual([{ version: 1 }, { version: 1, page: expect.anything() }]);
    const rename = (version: number) =>
      root.patch(`/accounts/${id}`, document('iam:accounts', { name: `Of ${version}` }), {
        'if-match': `"${version}"`,
      });
    const written = await rename(included.meta.version);
    expect([written.status, written.body.data.meta]).toEqual([200, { version: 2 }]);
    expect(errorsOf(await rename(paged.meta.version))).toEqual(['412 precondition_failed If-Match']);
  });

  it('are answered 304 only while what the actor may do is the same, though the row is', async () => {
    const org = await organization(app);
    const { id } = await account(app, { org: [org] });
    const actor = await signedIn(app, { role: 'org_owner', org: [org] });
    const path = `/accounts/${id}?can=true`;
    const first = await actor.get(path);
    const tag = first.headers.get('etag') ?? '';
    expect(first.body.data.meta.can.delete).toBe(true);
    expect((await actor.get(path, { 'if-none-match': tag })).status).toBe(304);
    // The account belongs to another organization too: that decides without a write to its row.
    const other = await organization(app);
    await app.sql('INSERT INTO memberships (account_id, organization_id) VALUES ($1, $2)', [id, other]);
    const second = await actor.get(path, { 'if-none-match': tag });
    expect([second.status, second.body.data.meta]).toEqual([
      200,
      { version: 1, can: { update: true, delete: false, attributes: ['name', 'role_scope', 'picture_url', 'locale'] } },
    ]);
    // Writes compare the version alone.
    const written = await actor.patch(`/accounts/${id}`, document('iam:accounts', { name: 'x' }), { 'if-match': tag });
    expect([written.status, written.body.data.meta]).toEqual([200, { version: 2 }]);
    await root.patch(`/accounts/${actor.account.id}`, document('iam:accounts', { role_name: 'user' }));
    expect((await actor.get(path, { 'if-none-match': second.headers.get('etag') ?? '' })).status).toBe(404);
  });

  it('keep twenty writers from losing an update', async () => {
    const path = `/organizations/${await organization(app, '0')}`;
    const addOne = async (): Promise<void> => {
      for (;;) {
        const read = await root.get(path);
        const name = String(Number(read.body.data.attributes.name) + 1);
        const written = await root.patch(path, acme(name), { 'if-match': read.headers.get('etag') ?? '' });
        if (written.status === 200) return;
        expect(written.status).toBe(412);
      }
    };
    await Promise.all(Array.from({ length: 20 }, addOne));
    expect((await root.get(path)).body.data.attributes.name).toBe('20');
  });

  it('count a write that changes nothing as none', async () => {
    const path = `/organizations/${await organization(app, 'Same')}`;
    const tag = await tagOf(path);
    const response = await root.patch(path, (await root.get(path)).body);
    expect([response.status, response.headers.get('etag')]).toEqual([200, tag]);
  });

  it('see that the organization of an account is gone', async () => {
    const org = await organization(app);
    const path = `/accounts/${(await account(app, { org: [org] })).id}`;
    const tag = await tagOf(path);
    await root.delete(`/organizations/${org}`);
    const body = document('iam:accounts', { name: 'x' });
    expect(errorsOf(await root.patch(path, body, { 'if-match': tag }))).toEqual(['412 precondition_failed If-Match']);
  });
});

describe('An idempotency key', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const key = (value: string) => ({ 'idempotency-key': value });
  const named = async (name: string): Promise<string[]> => ids(await root.get(`/organizations?filter[name]=${name}`));

  it('makes a repeated create answer with the first one, rendered anew', async () => {
    const first = await root.post('/organizations', acme('Once'), key('k1'));
    const { id } = first.body.data;
    await root.patch(`/organizations/${id}`, acme('Renamed'));
    const again = await root.post('/organizations', acme('Once'), key('k1'));
    expect([again.status, again.body.data.id, again.body.data.attributes.name]).toEqual([200, id, 'Renamed']);
    expect(await named('Once')).toEqual([]);
  });

  it('sends no second invitation', async () => {
    const body = document('iam:accounts', { name: 'Jane', email: 'once@example.com' });
    for (let i = 0; i < 2; i++) expect((await root.post('/accounts', body, key('k2'))).status).toBe(200);
    const invited = await root.get('/audit_events?filter[action]=iam:accounts.invited');
    expect(column(invited, 'target_id')).toHaveLength(1);
  });

  it('is rejected with another body, and belongs to one account, method and path', async () => {
    await root.post('/organizations', acme('Mine'), key('k3'));
    expect(errorsOf(await root.post('/organizations', acme('Other'), key('k3')))).toEqual([
      '422 validation_failed Idempotency-Key',
    ]);
    const email = 'second-admin@example.com';
    const other = await signedIn(app, { email, role: 'admin' });
    expect((await other.post('/organizations', acme('Other'), key('k3'))).status).toBe(200);
    const person = document('iam:accounts', { name: 'x', email: 'k3@example.com' });
    expect((await root.post('/accounts', person, key('k3'))).status).toBe(200);
  });

  it('creates once when ten requests come at once', async () => {
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => root.post('/organizations', acme('Ten'), key('k4'))),
    );
    expect(await named('Ten')).toHaveLength(1);
    for (const response of responses) {
      if (response.status === 200) expect(response.body.data.attributes.name).toBe('Ten');
      else expect(errorsOf(response)).toEqual(['409 conflict Idempotency-Key']);
    }
    expect(responses.some(({ status }) => status === 200)).toBe(true);
  });

  it('is free again after a create that failed', async () => {
    expect((await root.post('/organizations', acme(''), key('k5'))).status).toBe(422);
    expect((await root.post('/organizations', acme('Now'), key('k5'))).status).toBe(200);
  });

  it('means nothing after a day', async () => {
    await root.post('/organizations', acme('Daily'), key('k6'));
    await app.sql("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'");
    expect((await root.post('/organizations', acme('Daily'), key('k6'))).status).toBe(200);
    expect(await named('Daily')).toHaveLength(2);
  });

  it('is swept when it has expired', async () => {
    await root.post('/organizations', acme('Old'), key('k7'));
    await app.sql("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'");
    await root.post('/organizations', acme('New'), key('k8'));
    expect(await sweepNow(app)).toBeGreaterThan(0);
    expect(await app.sql('SELECT key FROM idempotency_keys')).toHaveLength(1);
    await root.post('/organizations', acme('New'), key('k8'));
    expect(await named('New')).toHaveLength(1);
  });

  it('has 1 to 255 visible characters', async () => {
    for (const bad of ['a b', 'x'.repeat(256)]) {
      expect(errorsOf(await root.post('/organizations', acme('x'), key(bad)))).toEqual([
        '400 invalid_parameter Idempotency-Key',
      ]);
    }
  });
});
