import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, ids, send } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';

/** What the fuzz tests have found, each as small as it gets. */
describe('Found by the fuzz tests:', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  it.each(['filter[email]=null,null', 'filter[email__in][]=null&filter[email__in][]=null'])(
    'a filter that names null twice still filters (%s)',
    async (query) => {
      const { email, id } = await account(app);
      expect(ids(await root.get(`/accounts?${query}`))).toEqual([]);
      expect(ids(await root.get(`/accounts?filter[email]=null,null,${email}`))).toEqual([id]);
    },
  );

  it('an object under a member of a flat body does not choose a constructor', async () => {
    for (const odd of ['{"constructor":true}', '{"constructor":"x"}', '{"a":{"constructor":{}}}']) {
      const response = await send(app, 'POST', '/auth/refresh', { body: `{"refresh_token":${odd}}` });
      expect([odd, errorsOf(response)]).toEqual([odd, ['422 validation_failed /refresh_token']]);
    }
    const scope =
      '{"data":{"type":"iam:accounts","attributes":{"name":"x","email":"x@example.com","role_scope":{"constructor":1}}}}';
    expect(errorsOf(await send(app, 'POST', '/accounts', { token: root.token, body: scope }))).toEqual([
      '422 validation_failed /data/attributes/role_scope',
    ]);
  });

  it('a key of role_scope is no member that objects inherit', async () => {
    const org = [await organization(app)];
    const { id } = await account(app, { org });
    const owner = await signedIn(app, { role: 'org_owner', org });
    for (const key of ['constructor', 'toString', 'valueOf']) {
      const update = document('iam:accounts', { role_scope: { org, [key]: ['x'] } });
      expect(errorsOf(await owner.patch(`/accounts/${id}`, update))).toEqual([
        '403 forbidden /data/attributes/role_scope',
      ]);
      expect(errorsOf(await root.patch(`/accounts/${id}`, update))).toEqual([
        '422 validation_failed /data/attributes/role_scope',
      ]);
    }
  });

  it('a flat body has no member "constructor"', async () => {
    const body = '{"email":"x@example.com","password":"x","constructor":1}';
    expect(errorsOf(await send(app, 'POST', '/auth/login', { body }))).toEqual(['422 validation_failed /constructor']);
  });

  it('half a character is no e-mail', async () => {
    const create = document('iam:accounts', { name: 'x', email: 'x\ud800@example.com' });
    expect(errorsOf(await root.post('/accounts', create))).toEqual(['422 validation_failed /data/attributes/email']);
    const reset = await send(app, 'POST', '/account/passwords/request_reset', {
      body: { email: 'x\ud800@example.com' },
    });
    expect(errorsOf(reset)).toEqual(['422 validation_failed /email']);
  });

  it.each([
    ['an address that cannot be decoded', 'GET', '/accounts/%', undefined],
    ['OPTIONS with a body, where nothing is', 'OPTIONS', '/nope', '{}'],
  ])('%s is rejected with a document', async (_what, method, path, body) => {
    const response = await send(app, method, path, {
      headers: { 'content-type': 'text/plain' },
      ...(body && { body }),
    });
    expect([response.headers.get('content-type'), errorsOf(response)]).toEqual([
      'application/vnd.api+json',
      ['404 not_found'],
    ]);
  });
});
