import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createClient,
  NotFoundError,
  PreconditionFailedError,
  UnauthenticatedError,
  ValidationError,
} from 'iam-client';
import { directory, type Directory } from '../clients/directory.js';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';

describe('The client', () => {
  let app: TestApp;
  let world: Directory;
  let iam: ReturnType<typeof createClient>;

  beforeAll(async () => {
    app = await startApp();
    world = await directory(app);
    iam = createClient({ url: app.url, token: world.token });
  });
  afterAll(() => app.stop());

  describe('reads', () => {
    it('a list with filters, order, fields, related resources and a count', async () => {
      const page = await iam.accounts.list({
        filter: { name__match: 'of acme', enabled: true },
        sort: ['-name'],
        include: ['organizations'],
        fields: { 'iam:accounts': ['name'], 'iam:organizations': ['name'] },
        page: { number: 2, size: 3 },
        count: true,
      });
      expect(page.data.map(({ name }) => name)).toEqual(world.acmeNames.toReversed().slice(3, 6));
      expect(page.data[0]?.organizations.map(({ name }) => name)).toEqual(['Acme']);
      expect(page.count).toBe(world.acmeNames.length);
      expect(Object.keys(page.data[0] ?? {}).sort()).toEqual(['$meta', 'id', 'name', 'organizations', 'type']);
    });

    it('the pages around one', async () => {
      const first = await iam.accounts.list({ sort: 'name', page: { size: 4 } });
      const second = await first.next();
      expect(second?.data).toHaveLength(4);
      expect(await second?.prev()).toMatchObject({ data: first.data });
      expect(await first.prev()).toBeUndefined();
    });

    it('everything, page by page', async () => {
      const names: string[] = [];
      const query = { filter: { name__match: 'of acme' }, sort: 'name', size: 2 } as const;
      for await (const { name } of iam.accounts.iterate(query)) names.push(name);
      expect(names).toEqual(world.acmeNames);
      const sizes: number[] = [];
      for await (const page of iam.accounts.pages(query)) sizes.push(page.data.length);
      expect(sizes.length).toBe(Math.ceil(world.acmeNames.length / 2));
    });

    it('what is to one as an object', async () => {
      await createClient({ url: app.url }).auth.login(ADMIN);
      const { data } = await iam.accountSessions.list({ include: ['account'], page: { size: 1 } });
      expect(data[0]?.account).toMatchObject({ type: 'iam:accounts', id: data[0]?.account_id });
    });

    it('values with commas, quotes and backslashes as they are', async () => {
      const names = ['Doe, Jane', 'back\\', 'a\\,b', 'null and "quotes"'];
      for (const name of names) await iam.organizations.create({ name });
      const { data } = await iam.organizations.list({ filter: { name: names }, sort: 'created_at' });
      expect(data.map(({ name }) => name).sort()).toEqual(names.toSorted());
      const matching = await iam.organizations.list({ filter: { name__match: 'oe, j' } });
      expect(matching.data.map(({ name }) => name)).toEqual(['Doe, Jane']);
    });

    it('times as dates and as text', async () => {
      const before = new Date(Date.now() - 3_600_000);
      const recent = await iam.organizations.list({ filter: { created_at__gte: before }, count: true });
      const older = await iam.organizations.list({ filter: { created_at__lte: before.toISOString() }, count: true });
      expect(recent.count).toBeGreaterThan(0);
      expect(older.count).toBe(0);
    });

    it('objects as filters', async () => {
      const { data } = await iam.accounts.list({ filter: { with_role_scope: { org: [world.acme] } }, sort: 'name' });
      expect(data.map(({ name }) => name)).toEqual([...world.acmeNames, 'Zoe of both']);
    });
  });

  describe('writes', () => {
    it('creates, updates and deletes', async () => {
      const created = await iam.organizations.create({ name: 'Initech' });
      expect(created).toMatchObject({ type: 'iam:organizations', name: 'Initech', $meta: { version: 1 } });
      const updated = await iam.organizations.update(created, { name: 'Initrode' });
      expect(updated).toMatchObject({ id: created.id, name: 'Initrode', $meta: { version: 2 } });
      expect(await iam.organizations.delete(updated)).toBeUndefined();
      await expect(iam.organizations.get(created.id)).rejects.toBeInstanceOf(NotFoundError);
    });

    it('sends the version that was read, so that a change by another is not lost', async () => {
      const read = await iam.organizations.create({ name: 'Read' });
      await iam.organizations.update(read.id, { name: 'Changed by another' });
      const update = iam.organizations.update(read, { name: 'Changed by me' });
      await expect(update).rejects.toBeInstanceOf(PreconditionFailedError);
      await expect(iam.organizations.delete(read)).rejects.toBeInstanceOf(PreconditionFailedError);
      expect(await iam.organizations.update(read.id, { name: 'Changed by me' })).toMatchObject({
        name: 'Changed by me',
      });
    });
  });

  describe('throws', () => {
    it('errors with their rules and places', async () => {
      const error = await iam.accounts.create({ email: 'none', name: '' }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ValidationError);
      const rejected = error as ValidationError;
      expect([rejected.code, rejected.requestId]).toEqual(['validation_failed', rejected.errors[0]?.id]);
      expect(rejected.rule('email')).toBe('format');
      expect(rejected.at('/data/attributes/name')).toMatchObject([{ meta: { rule: 'empty' } }]);
    });

    it('an error of its own class for each kind', async () => {
      const anonymous = createClient({ url: app.url });
      await expect(anonymous.accounts.list()).rejects.toBeInstanceOf(UnauthenticatedError);
      const login = anonymous.auth.login({ email: ADMIN.email, password: 'wrong' });
      await expect(login).rejects.toMatchObject({ code: 'invalid_credentials', status: 401 });
    });
  });

  describe('returns', () => {
    it('flat documents, and plain data without what is around it', async () => {
      expect(await iam.auth.me()).toMatchObject({ type: 'iam:account_auths', role_name: 'admin' });
      expect((await iam.roles.list()).map(({ id }) => id)).toContain('org_owner');
      expect((await iam.roles.get('user')).rank).toBe(10);
      expect(await iam.account.tokenValid({ token: 'none' })).toEqual({ valid: false });
      expect((await iam.account.passwordPolicy()).rules.map(({ rule }) => rule)).toContain('too_short');
      expect(await iam.health.live()).toEqual({ status: 'ok' });
      expect((await iam.wellKnown.jwks()).keys).toHaveLength(1);
    });

    it('meta, where there is no data', async () => {
      const { transaction, options } = await iam.accountPasskeys.options();
      expect([transaction, options['challenge']]).toEqual([expect.any(String), expect.any(String)]);
    });

    it('the tokens of a sign-in in $meta', async () => {
      const { $meta } = await createClient({ url: app.url }).auth.login(ADMIN);
      expect($meta).toEqual({ token: expect.any(String), refresh_token: expect.any(String) });
    });
  });

  it('has its operations under the prefix, and what is outside of it there', async () => {
    const prefixed = await startApp({ env: { API_PREFIX: 'api/v1/iam' }, beside: app });
    try {
      const client = createClient({ url: `${prefixed.url}/`, prefix: '/api/v1/iam', token: world.token });
      const page = await client.accounts.list({ page: { size: 2 } });
      expect((await page.next())?.data).toHaveLength(2);
      expect(await client.health.live()).toEqual({ status: 'ok' });
    } finally {
      await prefixed.stop();
    }
  });
});
