import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Devour, { type Model } from 'devour-client';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';
import { directory, type Directory } from './directory.js';

/** devour looks models up by the singular of the type. */
const ACCOUNT = 'iam:account';
const ORGANIZATION = 'iam:organization';

describe('devour-client, a JSON:API client from npm,', () => {
  let app: TestApp;
  let world: Directory;
  let api: Devour;

  const connect = (bearer?: string): Devour => {
    const client = new Devour({ apiUrl: app.url, logger: false, ...(bearer !== undefined && { bearer }) });
    client.define(
      ACCOUNT,
      { name: '', email: '', enabled: '', organizations: { jsonApi: 'hasMany', type: 'iam:organizations' } },
      { collectionPath: 'accounts', type: 'iam:accounts' },
    );
    client.define(
      ORGANIZATION,
      { name: '', created_at: '', accounts: { jsonApi: 'hasMany', type: 'iam:accounts' } },
      { collectionPath: 'organizations', type: 'iam:organizations' },
    );
    client.define('iam:account_auth', { name: '', role_name: '' }, { collectionPath: 'auth' });
    return client;
  };

  beforeAll(async () => {
    app = await startApp();
    world = await directory(app);
    api = connect(world.token);
  });
  afterAll(() => app.stop());

  const names = (models: unknown): unknown[] => (models as Model[]).map(({ name }) => name);

  it('signs in with its plain HTTP side, and sends the token', async () => {
    const client = connect();
    await expect(client.findAll(ACCOUNT)).rejects.toMatchObject({ 0: { title: 'Unauthenticated' } });
    const { data } = await client.axios.post(`${app.url}/auth/login`, ADMIN);
    client.bearer = data.meta?.token ?? null;
    expect((await client.find('iam:account_auth', 'me')).data).toMatchObject({ role_name: 'admin' });
  });

  it('creates, reads, updates and deletes', async () => {
    const { data: created } = await api.create(ORGANIZATION, { name: 'Initech' });
    expect(created).toMatchObject({ type: 'iam:organizations', name: 'Initech', created_at: expect.any(String) });
    expect((await api.find(ORGANIZATION, created.id)).data).toEqual(created);
    expect((await api.update(ORGANIZATION, { id: created.id, name: 'Initrode' })).data['name']).toBe('Initrode');
    await api.destroy(ORGANIZATION, created.id);
    await expect(api.find(ORGANIZATION, created.id)).rejects.toMatchObject({ 0: { title: 'Not found' } });
  });

  it('filters, sorts and counts', async () => {
    const filter = { name__match: 'of acme', with_role_scope: { org: [world.acme] } };
    const found = await api.findAll(ACCOUNT, { filter, sort: '-name', count: true });
    expect(names(found.data)).toEqual(world.acmeNames.toReversed());
    expect(found.meta).toEqual({ count: world.acmeNames.length });
    const any = world.acmeNames.slice(2, 4);
    expect(names((await api.findAll(ACCOUNT, { filter: { name: any }, sort: 'name' })).data)).toEqual(any);
  });

  it('includes accounts with organizations, and organizations with accounts', async () => {
    const { data: acme } = await api.find(ORGANIZATION, world.acme, { include: 'accounts' });
    expect(names(acme['accounts']).toSorted()).toEqual([...world.acmeNames, 'Zoe of both'].toSorted());
    const { data: people } = await api.findAll(ACCOUNT, {
      include: ['organizations'],
      filter: { name: 'Zoe of both' },
    });
    expect(names(people[0]?.['organizations'])).toEqual(['Acme', 'Globex']);
  });

  it('reads sparse fields', async () => {
    const fields = { 'iam:accounts': ['name', 'organizations'], 'iam:organizations': 'name' };
    const filter = { name: 'Zoe of both' };
    const { data } = await api.findAll(ACCOUNT, { fields, filter, include: 'organizations' });
    expect(Object.keys(data[0] ?? {})).toEqual(['id', 'type', 'name', 'organizations', 'meta', 'links']);
  });

  it.each([
    ['numbers', { number: 1, size: 3 }],
    ['cursors', { after: '', size: 3 }],
  ])('follows the next links to the end, by %s', async (_kind, page) => {
    const seen: unknown[][] = [];
    let response = await api.findAll(ACCOUNT, { filter: { name__match: 'of acme' }, sort: 'name', page });
    for (;;) {
      seen.push(names(response.data));
      const next = response.links?.['next'];
      if (next == null) break;
      response = await api.request(new URL(next, app.url).href);
    }
    expect(seen.map((part) => part.length)).toEqual([3, 3, 1]);
    expect(seen.flat()).toEqual(world.acmeNames);
  });

  it('saves a whole object that it read with an include', async () => {
    const { data } = await api.find(ORGANIZATION, world.globex, { include: 'accounts' });
    const changed = await api.update(ORGANIZATION, { ...data, name: 'Globex International' });
    expect(changed.data['name']).toBe('Globex International');
  });

  it('names the attribute that an error is about', async () => {
    await expect(api.create(ORGANIZATION, { name: '' })).rejects.toEqual({
      name: { title: 'Validation failed', detail: 'The name must not be empty' },
    });
  });
});
