import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, ids, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';

const TYPE = 'iam:accounts';

/** A response without what differs in every response, so that two can be compared. */
function comparable({ status, body, headers }: ApiResponse): unknown {
  const errors = body?.errors?.map(({ id: _id, ...error }: Record<string, unknown>) => error);
  return { status, body: errors ?? body, etag: headers.get('etag'), location: headers.get('location') };
}

/** Rows out of the actor's scope are indistinguishable from rows that do not exist: by parameters, errors and counts. */
describe('An owner of one organization', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** An owner, and an account of another organization with all attributes set. */
  const strangers = async (role = 'org_owner') => {
    const [red, blue] = [await organization(app, 'Red'), await organization(app, `Blue ${randomUUID()}`)];
    const actor = await signedIn(app, { role, org: [red] });
    const hidden = await account(app, {
      name: `Hidden ${randomUUID()}`,
      email: `${randomUUID()}@hidden.example.com`,
      role: 'org_owner',
      org: [blue],
      columns: {
        sso_channel: `channel-${randomUUID()}`,
        picture_url: `https://example.com/${randomUUID()}`,
        locale: 'de',
        joined_at: '2001-01-01T00:00:00.001Z',
        invitation_expired_at: '2001-01-02T00:00:00.002Z',
        created_at: '2001-01-03T00:00:00.003Z',
        updated_at: '2001-01-04T00:00:00.004Z',
        role_scope_extra: '{"region":["blue"]}',
      },
    });
    await signIn(app, hidden);
    const [session] = await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1', [
      hidden.id,
    ]);
    const root = await admin(app);
    const attributes: Record<string, unknown> = (await root.get(`/accounts/${hidden.id}`)).body.data.attributes;
    return { actor, root, red, blue, hidden, attributes, session: session?.id ?? '' };
  };

  it('finds by no filter what only the other organization has', async () => {
    const { actor, root, hidden, blue, attributes } = await strangers();
    const scope = JSON.stringify(attributes['role_scope']);
    const queries = [
      `filter[id]=${hidden.id}`,
      `filter[id__in]=${hidden.id},${randomUUID()}`,
      ...[
        'name',
        'email',
        'sso_channel',
        'picture_url',
        'locale',
        'joined_at',
        'invitation_expired_at',
        'created_at',
        'updated_at',
      ].map((name) => `filter[${name}]=${encodeURIComponent(String(attributes[name]))}`),
      `filter[email__in]=${hidden.email}`,
      `filter[name__match]=${hidden.name.slice(7)}`,
      'filter[email__match]=@hidden.example.com',
      `filter[search]=${hidden.email}`,
      'filter[joined_at__lte]=2001-01-01',
      'filter[created_at__lte]=2001-01-03',
      `filter[with_role_scope]={"org":["${blue}"]}`,
      `filter[with_role_scope][org][]=${blue}`,
      'filter[with_role_scope][region][]=blue',
      `filter[role_scope]=${encodeURIComponent(scope)}`,
    ];
    for (const query of queries) {
      const { body } = await actor.get(`/accounts?${query}&count=true`);
      expect([query, body.data, body.meta]).toEqual([query, [], { count: 0 }]);
      expect(ids(await root.get(`/accounts?${query}`))).toContain(hidden.id);
    }
  });

  it('counts, sorts and pages their own rows only', async () => {
    const { actor, red } = await strangers();
    const mate = await account(app, { org: [red], name: 'Mate' });
    const own = [actor.account.id, mate.id].sort();
    for (const sort of ['id', 'name', '-email', 'created_at', '-updated_at', 'role_name', 'enabled', '-joined_at']) {
      const response = await actor.get(`/accounts?sort=${sort}&count=true`);
      expect([sort, ids(response).sort(), response.body.meta]).toEqual([sort, own, { count: 2 }]);
      const second = await actor.get(`/accounts?sort=${sort}&page[size]=1&page[number]=2`);
      expect([ids(second).length, second.body.links.next]).toEqual([1, null]);
    }
  });

  it('gets no further by the cursor of a row that they may not see', async () => {
    const { actor, root, hidden, red } = await strangers();
    const mates = [await account(app, { org: [red] }), await account(app, { org: [red] })];
    const found = await root.get(`/accounts?filter[id]=${hidden.id}&page[after]=`);
    const cursor = encodeURIComponent(found.body.data[0].meta.page.cursor);
    const after = await actor.get(`/accounts?page[after]=${cursor}&count=true`);
    expect(ids(after)).toEqual(mates.map(({ id }) => id));
    expect(after.body.meta.count).toBe(3);
    expect(after.text).not.toContain(hidden.id);
  });

  it('gets the same response for an account of another organization and for an unknown one', async () => {
    const { actor, hidden, attributes } = await strangers();
    const requests: ((id: string) => Promise<ApiResponse>)[] = [
      (id) => actor.get(`/accounts/${id}`),
      (id) => actor.get(`/accounts/${id}?included=organizations,account_sessions`),
      (id) => actor.get(`/accounts/${id}`, { 'if-none-match': '*' }),
      (id) => actor.patch(`/accounts/${id}`, document(TYPE, { name: 'Mine' }, id)),
      (id) => actor.patch(`/accounts/${id}`, document(TYPE, { ...attributes }, id)),
      (id) => actor.patch(`/accounts/${id}`, document(TYPE, { name: '', enabled: 'x' }, randomUUID())),
      (id) => actor.patch(`/accounts/${id}`, document(TYPE, { role_name: 'admin' }), { 'if-match': '"0-x"' }),
      (id) => actor.delete(`/accounts/${id}`),
      (id) => actor.delete(`/accounts/${id}`, { 'if-match': '"0-x"' }),
      (id) => actor.post(`/accounts/${id}/resend_invitation`),
      (id) => actor.get(`/organizations?filter[account_id]=${id}&fields[iam:organizations]=name`),
      (id) => actor.get(`/account_sessions?filter[account_id]=${id}`),
    ];
    const unknown = randomUUID();
    for (const request of requests) {
      const [elsewhere, nowhere] = [comparable(await request(hidden.id)), comparable(await request(unknown))];
      expect(elsewhere).toEqual(JSON.parse(JSON.stringify(nowhere).replaceAll(unknown, hidden.id)));
    }
  });

  it.each(['org_owner', 'user'])(
    'and a %s alike: the same of an organization and of a session elsewhere and nowhere',
    async (role) => {
      const { actor, blue, session } = await strangers(role);
      const requests: [real: string, request: (id: string) => Promise<ApiResponse>][] = [
        [blue, (id) => actor.get(`/organizations/${id}`)],
        [blue, (id) => actor.get(`/organizations/${id}?included=accounts`)],
        [blue, (id) => actor.patch(`/organizations/${id}`, document('iam:organizations', { name: 'Mine' }))],
        [blue, (id) => actor.delete(`/organizations/${id}`)],
        [blue, (id) => actor.get(`/organizations?filter[id]=${id}&count=true`)],
        [blue, (id) => actor.get(`/accounts?filter[with_role_scope][org][]=${id}&count=true`)],
        [session, (id) => actor.get(`/account_sessions/${id}`)],
        [session, (id) => actor.delete(`/account_sessions/${id}`)],
        [session, (id) => actor.get(`/account_sessions?filter[id]=${id}&count=true`)],
      ];
      for (const [real, request] of requests) {
        const nothing = randomUUID();
        const [elsewhere, nowhere] = [comparable(await request(real)), comparable(await request(nothing))];
        expect(elsewhere).toEqual(JSON.parse(JSON.stringify(nowhere).replaceAll(nothing, real)));
      }
    },
  );

  it('gets the same response for another organization and for an unknown one', async () => {
    const { actor, red, blue } = await strangers();
    const mate = await account(app, { org: [red] });
    const email = `${randomUUID()}@example.com`;
    const requests: ((org: string[]) => Promise<ApiResponse>)[] = [
      (org) => actor.post('/accounts', document(TYPE, { name: 'Ada', email, role_name: 'user', role_scope: { org } })),
      (org) => actor.patch(`/accounts/${mate.id}`, document(TYPE, { role_scope: { org } })),
      (org) => actor.patch(`/accounts/${mate.id}`, document(TYPE, { role_scope: { org: [red, ...org] } })),
      (org) => actor.patch(`/accounts/${actor.account.id}`, document(TYPE, { role_scope: { org } })),
    ];
    for (const request of requests) {
      const elsewhere = await request([blue]);
      expect(errorsOf(elsewhere)).toEqual(['403 forbidden /data/attributes/role_scope']);
      expect(comparable(elsewhere)).toEqual(comparable(await request([randomUUID()])));
    }
  });

  it('sees of a shared account nothing of the others: no organization, no session, no link', async () => {
    const { actor, red, blue } = await strangers();
    const shared = await account(app, { org: [red, blue] });
    await signIn(app, shared);
    const alone = await account(app, { org: [red] });
    const looks: ((actor: ApiClient) => Promise<ApiResponse>)[] = [
      ({ get }) => get('/accounts?included=organizations,account_sessions'),
      ({ get }) => get(`/accounts/${shared.id}?included=organizations,account_sessions`),
      ({ get }) => get(`/organizations?filter[account_id]=${shared.id}&included=accounts`),
      ({ patch }) => patch(`/accounts/${shared.id}`, document(TYPE, { name: 'Shared' })),
      ({ get }) => get('/account_sessions?included=account'),
    ];
    for (const look of looks) {
      const response = await look(actor);
      expect(response.status).toBe(200);
      expect(response.text).not.toContain(blue);
      expect(response.text).not.toContain('Blue');
    }
    const byScope = await actor.get(`/accounts?filter[role_scope]={"org":["${red}"]}`);
    expect(ids(byScope)).toEqual(expect.arrayContaining([shared.id, alone.id]));
  });

  it('reads in no error what the other organization has', async () => {
    const { actor, hidden, attributes, blue } = await strangers();
    const taken = await actor.post(
      '/accounts',
      document(TYPE, { name: 'Ada', email: hidden.email, role_name: 'user', role_scope: { org: [blue] } }),
    );
    expect(taken.status).toBe(403);
    const responses = [
      taken,
      await actor.patch(`/accounts/${hidden.id}`, document(TYPE, { name: 'x' })),
      await actor.get(`/accounts?sort=name&filter[id]=${hidden.id}&nope=1`),
      await actor.post(`/accounts/${hidden.id}/resend_invitation`),
    ];
    for (const { text } of responses) {
      for (const value of [hidden.name, attributes['picture_url'], attributes['sso_channel'], 'Blue']) {
        expect(text).not.toContain(String(value));
      }
    }
  });
});
