import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Kitsu from 'kitsu/dist/index.mjs';
import { startApp, type TestApp } from '../support/app.js';
import { directory, type Directory } from './directory.js';

describe('kitsu, a JSON:API client from npm,', () => {
  let app: TestApp;
  let world: Directory;
  let api: Kitsu;

  const connect = (options: object = {}): Kitsu =>
    new Kitsu({
      baseURL: app.url,
      headers: { Authorization: `Bearer ${world.token}` },
      camelCaseTypes: false,
      resourceCase: 'none',
      pluralize: false,
      ...options,
    });

  beforeAll(async () => {
    app = await startApp();
    world = await directory(app);
    api = connect();
  });
  afterAll(() => app.stop());

  /** Types have a colon, which kitsu's shorthands would put into the path: address and type are given apart. */
  const create = (name: string) =>
    api.request({ method: 'POST', url: 'organizations', type: 'iam:organizations', body: { name } });

  const names = ({ data }: { data: { name: string }[] }): string[] => data.map(({ name }) => name);

  it('creates, reads, updates and deletes', async () => {
    const created = await create('Initech');
    expect([created.status, created.data.type, created.data.name]).toEqual([200, 'iam:organizations', 'Initech']);
    const url = `organizations/${created.data.id}`;
    expect((await api.get(url)).data).toEqual(created.data);
    const body = { id: created.data.id, name: 'Initrode' };
    const updated = await api.request({ method: 'PATCH', url, type: 'iam:organizations', body });
    expect(updated.data.name).toBe('Initrode');
    expect((await api.delete('organizations', created.data.id)).status).toBe(204);
    await expect(api.get(url)).rejects.toMatchObject({ errors: [{ status: '404', code: 'not_found' }] });
  });

  it('signs in with its plain HTTP side, and sends the token', async () => {
    const anonymous = connect({ headers: {} });
    await expect(anonymous.get('accounts')).rejects.toMatchObject({ errors: [{ status: '401' }] });
    const credentials = { email: 'root@example.com', password: 'Correct-horse-7' };
    const { data } = await anonymous.axios.post('auth/login', credentials);
    anonymous.headers['Authorization'] = `Bearer ${data.meta.token}`;
    const me = await anonymous.request({ url: 'auth/me', type: 'iam:account_auths' });
    expect(me.data).toMatchObject({ type: 'iam:account_auths', role_name: 'admin' });
  });

  it('filters and sorts', async () => {
    const filter = { name__match: 'of acme', with_role_scope: { org: [world.acme] } };
    const sorted = await connect({ query: 'modern' }).get('accounts', { params: { filter, sort: '-name' } });
    expect(names(sorted)).toEqual(world.acmeNames.toReversed());
    const any = { name: world.acmeNames.slice(2, 4), enabled: true };
    expect(names(await api.get('accounts', { params: { filter: any, sort: 'name' } }))).toEqual(any.name);
  });

  it('includes accounts with organizations, and organizations with accounts', async () => {
    const { data: acme } = await api.get(`organizations/${world.acme}`, { params: { include: 'accounts' } });
    expect(names(acme.accounts).toSorted()).toEqual([...world.acmeNames, 'Zoe of both'].toSorted());
    const params = { include: 'organizations', filter: { name: 'Zoe of both' } };
    const { data: people } = await api.get('accounts', { params });
    expect(names(people[0].organizations)).toEqual(['Acme', 'Globex']);
  });

  it('reads sparse fields', async () => {
    const fields = { 'iam:accounts': 'name,organizations', 'iam:organizations': 'name' };
    const params = { fields, include: 'organizations', filter: { name: 'Zoe of both' } };
    const { data } = await api.get('accounts', { params });
    expect(Object.keys(data[0]).toSorted()).toEqual(['id', 'links', 'meta', 'name', 'organizations', 'type']);
    expect(Object.keys(data[0].organizations.data[0]).toSorted()).toEqual(['id', 'links', 'meta', 'name', 'type']);
  });

  it.each([
    ['numbers', { number: 1, size: 3 }],
    ['cursors', { after: '', size: 3 }],
  ])('follows the next links to the end, by %s', async (_kind, page) => {
    const params = { filter: { name__match: 'of acme' }, sort: 'name', page };
    const seen: string[][] = [];
    let response = await api.get('accounts', { params });
    for (;;) {
      seen.push(names(response));
      if (response.links.next === null) break;
      response = await api.request({ url: response.links.next, type: 'iam:accounts' });
    }
    expect(seen.map((part) => part.length)).toEqual([3, 3, 1]);
    expect(seen.flat()).toEqual(world.acmeNames);
  });

  it('saves a whole object that it read with an include', async () => {
    const { data } = await api.get(`organizations/${world.globex}`, { params: { include: 'accounts' } });
    const url = `organizations/${world.globex}`;
    const body = { ...data, name: 'Globex International' };
    const updated = await api.request({ method: 'PATCH', url, type: data.type, body });
    expect(updated.data.name).toBe('Globex International');
  });

  it('shows where an error lies', async () => {
    await expect(create('')).rejects.toMatchObject({
      errors: [{ status: '422', code: 'validation_failed', source: { pointer: '/data/attributes/name' } }],
    });
    await expect(api.get('accounts', { params: { filter: { nope: 1 } } })).rejects.toMatchObject({
      errors: [{ status: '400', source: { parameter: 'filter[nope]' } }],
    });
  });
});
