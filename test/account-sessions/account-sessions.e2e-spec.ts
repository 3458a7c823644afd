import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startApp, type TestApp } from '../support/app.js';
import { as, column, errorsOf, ids, MEDIA_TYPE, send, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn, signIn, type SignedIn } from '../support/factories.js';
import { age, sessionIds, sessionOf } from '../sign-in/sessions.js';

const UNKNOWN = '0197a1f0-0000-7000-8000-000000000001';

describe('Account sessions', () => {
  let app: TestApp;
  let root: ApiClient & { id: string };

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  /** Puts a session into the database, with these columns. */
  const session = async (accountId: string, columns: Record<string, unknown> = {}): Promise<string> => {
    const row = {
      id: uuidv7(),
      account_id: accountId,
      nonce: uuidv7(),
      user_agent: 'Browser/1.0',
      ip: '203.0.113.7',
      refreshed_at: new Date(),
      expires_at: new Date(Date.now() + 86_400_000),
      ...columns,
    };
    const names = Object.keys(row);
    await app.sql(
      `INSERT INTO account_sessions (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(row),
    );
    return row.id;
  };

  const refresh = (refreshToken: string): Promise<ApiResponse> =>
    send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });

  describe('are listed', () => {
    it('with what a person needs to recognise a device, and nothing more', async () => {
      const { get, account: owner } = await signedIn(app);
      const { id, expires_at } = await sessionOf(app, owner.id);
      const response = await get('/account_sessions');
      expect([response.status, response.headers.get('content-type')]).toEqual([200, MEDIA_TYPE]);
      expect(response.body).toEqual({
        jsonapi: { version: '1.1' },
        data: [
          {
            type: 'iam:account_sessions',
            id,
            attributes: {
              account_id: owner.id,
              user_agent: expect.any(String),
              ip: '127.0.0.1',
              amr: ['pwd'],
              authenticated_at: expect.any(String),
              created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
              updated_at: expect.any(String),
              expires_at: expires_at.toISOString(),
              current: true,
            },
            relationships: { account: { links: { related: `/accounts/${owner.id}` } } },
            links: { self: `/account_sessions/${id}` },
            meta: { version: 1 },
          },
        ],
        links: {
          self: '/account_sessions?page%5Bnumber%5D=1&page%5Bsize%5D=1000',
          first: '/account_sessions?page%5Bnumber%5D=1&page%5Bsize%5D=1000',
          prev: null,
          next: null,
        },
      });
    });

    it.each(['user', 'org_owner'])(
      'as the own ones only to a %s, also where an organization is shared',
      async (role) => {
        const org = await organization(app);
        const { get, account: owner } = await signedIn(app, { role, org: [org] });
        const colleague = await signedIn(app, { org: [org] });
        const second = await signIn(app, owner);
        const response = await get('/account_sessions?count=true');
        expect(ids(response)).toEqual(await sessionIds(app, owner.id));
        expect(response.body.meta.count).toBe(2);
        expect(column(response, 'current')).toEqual([true, false]);
        expect(column(await as(app, second.token).get('/account_sessions'), 'current')).toEqual([false, true]);
        const others = `/account_sessions?filter[account_id]=${colleague.account.id}&count=true`;
        expect((await get(others)).body).toMatchObject({ data: [], meta: { count: 0 } });
      },
    );

    it('of all accounts to an admin', async () => {
      const { account: owner } = await signedIn(app);
      const response = await root.get('/account_sessions');
      expect(new Set(column(response, 'account_id'))).toEqual(new Set([root.id, ...column(response, 'account_id')]));
      expect(column(response, 'account_id')).toContain(owner.id);
      expect(column(response, 'current').filter(Boolean)).toHaveLength(1);
    });

    it('only to a signed-in user', async () => {
      expect(errorsOf(await as(app).get('/account_sessions'))).toEqual(['401 unauthenticated Authorization']);
    });

    it('without those that have expired, although their rows are still there', async () => {
      const { get, account: owner } = await signedIn(app);
      const expired = await session(owner.id, { expires_at: new Date(Date.now() - 1000) });
      expect(ids(await get('/account_sessions'))).not.toContain(expired);
      expect(errorsOf(await get(`/account_sessions/${expired}`))).toEqual(['404 not_found']);
      const { included } = (await get(`/accounts/${owner.id}?included=account_sessions`)).body;
      expect(included.map(({ id }: { id: string }) => id)).toEqual(ids(await get('/account_sessions')));
      expect(ids(await root.get(`/account_sessions?filter[id]=${expired}`))).toEqual([]);
    });
  });

  describe('are filtered by', () => {
    let owner: SignedIn;
    let own: string;
    let made: [string, string, string];

    beforeAll(async () => {
      owner = await signedIn(app);
      own = (await sessionOf(app, owner.account.id)).id;
      const { id } = owner.account;
      made = [
        await session(id, {
          refresh_seq: 7,
          nonce: 'nonce-seven',
          user_agent: 'Firefox, on Linux',
          ip: '198.51.100.1',
        }),
        await session(id, { refresh_seq: 8, nonce: 'nonce-eight', user_agent: 'Chrome', ip: '2001:db8::1' }),
        await session(id, { refresh_seq: 7, nonce: 'nonce-other', user_agent: null, ip: '198.51.100.1' }),
      ];
      const stranger = await account(app);
      await session(stranger.id, { refresh_seq: 7, nonce: 'nonce-strange', user_agent: 'Chrome', ip: '2001:db8::1' });
    });

    const found = async (query: string): Promise<string[]> => ids(await owner.get(`/account_sessions?${query}`));

    it('id', async () => {
      expect(await found(`filter[id]=${made[1]}`)).toEqual([made[1]]);
      expect(await found(`filter[id]=${made[0]},${made[2]}`)).toEqual([made[0], made[2]]);
      expect(await found(`filter[id][]=${made[0]}&filter[id][]=${made[2]}`)).toEqual([made[0], made[2]]);
    });

    it('account_id', async () => {
      expect(await found(`filter[account_id]=${owner.account.id}`)).toEqual([own, ...made]);
      expect(await found(`filter[account_id]=${UNKNOWN}`)).toEqual([]);
      const all = await root.get(`/account_sessions?filter[account_id]=${owner.account.id}`);
      expect(ids(all)).toEqual([own, ...made]);
    });

    it('refresh_seq', async () => {
      expect(await found('filter[refresh_seq]=7')).toEqual([made[0], made[2]]);
      expect(await found('filter[refresh_seq]=7,8')).toEqual(made);
      expect(await found('filter[refresh_seq]=99')).toEqual([]);
    });

    it('nonce', async () => {
      expect(await found('filter[nonce]=nonce-eight')).toEqual([made[1]]);
      expect(await found('filter[nonce]=nonce-seven,nonce-strange')).toEqual([made[0]]);
    });

    it('user_agent', async () => {
      expect(await found('filter[user_agent]=Chrome')).toEqual([made[1]]);
      expect(await found('filter[user_agent]=Firefox\\, on Linux')).toEqual([made[0]]);
      expect(await found('filter[user_agent]=null')).toEqual([made[2]]);
      expect(await found('filter[user_agent]=null,Chrome')).toEqual([made[1], made[2]]);
    });

    it('ip', async () => {
      expect(await found('filter[ip]=198.51.100.1')).toEqual([made[0], made[2]]);
      expect(await found('filter[ip]=2001:db8::1')).toEqual([made[1]]);
    });

    it('several at once, all of which must hold', async () => {
      expect(await found('filter[refresh_seq]=7&filter[ip]=198.51.100.1&filter[user_agent]=null')).toEqual([made[2]]);
    });

    it('nothing else, and by no value of another type', async () => {
      for (const [query, parameter] of [
        ['filter[created_at]=2026-01-01', 'filter[created_at]'],
        ['filter[nonce__match]=n', 'filter[nonce__match]'],
        ['filter[current]=true', 'filter[current]'],
        ['filter[id]=7', 'filter[id]'],
        ['filter[account_id]=me', 'filter[account_id]'],
        ['filter[refresh_seq]=one', 'filter[refresh_seq]'],
      ]) {
        expect(errorsOf(await owner.get(`/account_sessions?${query}`))).toEqual([`400 invalid_parameter ${parameter}`]);
      }
    });

    it('a nonce that never comes back in a link', async () => {
      const { nonce } = await sessionOf(app, owner.account.id);
      for (const query of [`filter[nonce]=${nonce}`, `filter[nonce][]=${nonce}&filter[nonce][]=nonce-seven`]) {
        const response = await owner.get(`/account_sessions?${query}&page[size]=1&count=true`);
        expect(response.status).toBe(200);
        expect(response.body.data).toHaveLength(1);
        expect(response.text).not.toContain(nonce);
        expect(response.text).not.toContain('nonce');
      }
    });
  });

  describe('are sorted and paged', () => {
    let owner: SignedIn;
    let made: string[];

    beforeAll(async () => {
      owner = await signedIn(app);
      const { id } = owner.account;
      const times = (created: number, updated: number, expires: number) => ({
        created_at: new Date(Date.UTC(2026, 0, created)),
        updated_at: new Date(Date.UTC(2026, 0, updated)),
        expires_at: new Date(Date.UTC(2099, 0, expires)),
      });
      made = [
        await session(id, { user_agent: 'b', ip: '10.0.0.3', ...times(3, 5, 1) }),
        await session(id, { user_agent: null, ip: '10.0.0.1', ...times(1, 6, 3) }),
        await session(id, { user_agent: 'A', ip: '10.0.0.2', ...times(2, 4, 2) }),
      ];
    });

    const sorted = async (sort: string): Promise<(number | undefined)[]> => {
      const filter = made.map((id) => `filter[id][]=${id}`).join('&');
      return ids(await owner.get(`/account_sessions?sort=${sort}&${filter}`)).map((id) => made.indexOf(id));
    };

    it.each([
      ['id', [0, 1, 2]],
      ['-id', [2, 1, 0]],
      ['user_agent', [2, 0, 1]],
      ['-user_agent', [1, 0, 2]],
      ['ip', [1, 2, 0]],
      ['created_at', [1, 2, 0]],
      ['-created_at', [0, 2, 1]],
      ['expires_at', [0, 2, 1]],
      ['account_id', [0, 1, 2]],
      ['updated_at', [2, 0, 1]],
      ['current,-ip', [0, 2, 1]],
    ])('by %s', async (sort, expected) => {
      expect(await sorted(sort)).toEqual(expected);
    });

    it('with the own one first, or last', async () => {
      expect(column(await owner.get('/account_sessions?sort=-current'), 'current')).toEqual([
        true,
        false,
        false,
        false,
      ]);
      expect(column(await owner.get('/account_sessions?sort=current'), 'current')).toEqual([false, false, false, true]);
    });

    it('by page number and by cursor, without a gap', async () => {
      const all = ids(await owner.get('/account_sessions'));
      const numbered: string[] = [];
      const followed: string[] = [];
      for (const [start, pages] of [
        ['/account_sessions?page[size]=3', numbered],
        ['/account_sessions?page[size]=3&page[after]=', followed],
      ] as const) {
        for (let next: string | null = start; next !== null;) {
          const page: ApiResponse = await owner.get(next);
          pages.push(...ids(page));
          next = page.body.links.next;
        }
      }
      expect([numbered, followed]).toEqual([all, all]);
    });

    it('never by what is hidden', async () => {
      for (const name of ['nonce', 'refresh_seq', '-nonce', 'hashed_password']) {
        expect(errorsOf(await owner.get(`/account_sessions?sort=${name}`))).toEqual(['400 invalid_parameter sort']);
      }
    });
  });

  describe('are shown', () => {
    it('one by one, with the account when it is asked for', async () => {
      const { get, account: owner } = await signedIn(app);
      const { id } = await sessionOf(app, owner.id);
      const plain = await get(`/account_sessions/${id}`);
      expect(plain.status).toBe(200);
      expect(plain.body.data).toMatchObject({ id, type: 'iam:account_sessions', attributes: { current: true } });
      expect(plain.headers.get('etag')).toMatch(/^"1-/);
      for (const parameter of ['included=account', 'include=account', 'included[]=account']) {
        const { body } = await get(`/account_sessions/${id}?${parameter}`);
        expect(body.data.relationships.account.data).toEqual({ type: 'iam:accounts', id: owner.id });
        expect(body.included).toHaveLength(1);
        expect(body.included[0]).toMatchObject({
          type: 'iam:accounts',
          id: owner.id,
          attributes: { email: owner.email },
        });
      }
    });

    it('in a list with each account once', async () => {
      const { get, account: owner } = await signedIn(app);
      await signIn(app, owner);
      const { body } = await get('/account_sessions?included=account');
      expect(body.data).toHaveLength(2);
      expect(body.included.map(({ id }: { id: string }) => id)).toEqual([owner.id]);
    });

    it('with the fields that are asked for', async () => {
      const { get } = await signedIn(app);
      const { body } = await get('/account_sessions?fields[iam:account_sessions]=ip,current');
      expect(body.data[0].attributes).toEqual({ ip: '127.0.0.1', current: true });
      expect(body.data[0].relationships).toBeUndefined();
      for (const hidden of ['nonce', 'refresh_seq', 'version', 'refreshed_at']) {
        const response = await get(`/account_sessions?fields[iam:account_sessions]=${hidden}`);
        expect(errorsOf(response)).toEqual(['400 invalid_parameter fields[iam:account_sessions]']);
      }
    });

    it('to their owner and to an admin; 404 for others', async () => {
      const { account: owner, get } = await signedIn(app);
      const stranger = await signedIn(app, { role: 'org_owner' });
      const { id } = await sessionOf(app, owner.id);
      expect((await get(`/account_sessions/${id}`)).status).toBe(200);
      expect((await root.get(`/account_sessions/${id}`)).body.data.attributes.current).toBe(false);
      const [foreign, missing] = [
        await stranger.get(`/account_sessions/${id}`),
        await stranger.get(`/account_sessions/${UNKNOWN}`),
      ];
      expect([errorsOf(foreign), errorsOf(missing)]).toEqual([['404 not_found'], ['404 not_found']]);
      expect(errorsOf(await get('/account_sessions/nonsense'))).toEqual(['404 not_found']);
    });

    it('never with what continues them', async () => {
      const { get, account: owner } = await signedIn(app);
      const { id, nonce } = await sessionOf(app, owner.id);
      for (const path of [
        '/account_sessions',
        `/account_sessions/${id}?included=account`,
        `/accounts/${owner.id}?included=account_sessions`,
      ]) {
        const { text } = await get(path);
        expect(text).toContain(id);
        for (const secret of [nonce, '"nonce"', '"refresh_seq"', '"hashed_password"'])
          expect(text).not.toContain(secret);
      }
    });
  });

  describe('are ended', () => {
    it('by their owner, and are rejected from then on', async () => {
      const { account: owner, delete: remove } = await signedIn(app);
      const other = await signIn(app, owner);
      const { id } = await sessionOf(app, owner.id);
      const { get } = as(app, other.token);
      expect((await get('/auth/me')).status).toBe(200);
      const response = await remove(`/account_sessions/${id}`);
      expect([response.status, response.text]).toEqual([204, '']);
      expect(errorsOf(await get('/auth/me'))).toEqual(['401 unauthenticated Authorization']);
      expect(errorsOf(await refresh(other.refreshToken))).toEqual(['401 invalid_refresh_token']);
      expect(errorsOf(await remove(`/account_sessions/${id}`))).toEqual(['404 not_found']);
    });

    it('also when it is the one that asks', async () => {
      const { account: owner, delete: remove, get } = await signedIn(app);
      expect((await remove(`/account_sessions/${(await sessionOf(app, owner.id)).id}`)).status).toBe(204);
      expect((await get('/auth/me')).status).toBe(401);
    });

    it('by an admin', async () => {
      const { account: owner, get, refreshToken } = await signedIn(app);
      expect((await root.delete(`/account_sessions/${(await sessionOf(app, owner.id)).id}`)).status).toBe(204);
      expect((await get('/auth/me')).status).toBe(401);
      expect((await refresh(refreshToken)).status).toBe(401);
    });

    it('not by others', async () => {
      const org = await organization(app);
      const { account: owner, get } = await signedIn(app, { org: [org] });
      const { delete: remove } = await signedIn(app, { role: 'org_owner', org: [org] });
      const { id } = await sessionOf(app, owner.id);
      expect(errorsOf(await remove(`/account_sessions/${id}`))).toEqual(['404 not_found']);
      expect(errorsOf(await as(app).delete(`/account_sessions/${id}`))).toEqual(['401 unauthenticated Authorization']);
      expect((await get('/auth/me')).status).toBe(200);
    });

    it('only as the version that was read, where that is asked', async () => {
      const { account: owner, get, delete: remove } = await signedIn(app);
      const other = await signIn(app, owner);
      const { id } = await sessionOf(app, owner.id);
      const etag = (await get(`/account_sessions/${id}`)).headers.get('etag') ?? '';
      await refresh(other.refreshToken);
      const stale = await remove(`/account_sessions/${id}`, { 'if-match': etag });
      expect(errorsOf(stale)).toEqual(['412 precondition_failed If-Match']);
      const fresh = (await get(`/account_sessions/${id}`)).headers.get('etag') ?? '';
      expect((await remove(`/account_sessions/${id}`, { 'if-match': fresh })).status).toBe(204);
    });
  });

  it('are neither created nor changed here', async () => {
    const { account: owner, post, patch } = await signedIn(app);
    const { id } = await sessionOf(app, owner.id);
    for (const response of [await post('/account_sessions', {}), await patch(`/account_sessions/${id}`, {})]) {
      expect(errorsOf(response)).toEqual(['405 method_not_allowed']);
      expect(response.headers.get('allow')).toContain('GET');
    }
  });

  it('grow older until they expire, which ends their access tokens too', async () => {
    const { account: owner, refreshToken } = await signedIn(app);
    await age(app, (await sessionOf(app, owner.id)).id, 14 * 86_400);
    expect(errorsOf(await refresh(refreshToken))).toEqual(['401 invalid_refresh_token']);
  });
});
