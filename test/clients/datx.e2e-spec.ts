import { Attribute, Collection, getModelId, PureModel } from '@datx/core';
import { config, jsonapiCollection, jsonapiModel, type IRequestOptions, type Response } from '@datx/jsonapi';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { ADMIN } from '../support/environment.js';
import { directory, type Directory } from './directory.js';

class Organization extends jsonapiModel(PureModel) {
  static override type = 'iam:organizations';
  static endpoint = 'organizations';

  @Attribute() name!: string;
  @Attribute({ toMany: 'iam:accounts' }) accounts!: Account[];
}

class Account extends jsonapiModel(PureModel) {
  static override type = 'iam:accounts';
  static endpoint = 'accounts';

  @Attribute() name!: string;
  @Attribute({ toMany: 'iam:organizations' }) organizations!: Organization[];
}

class Store extends jsonapiCollection(Collection) {
  static override types = [Account, Organization];
}

describe('@datx/jsonapi, a JSON:API client from npm,', () => {
  let app: TestApp;
  let world: Directory;
  let store: Store;

  beforeAll(async () => {
    app = await startApp();
    world = await directory(app);
    config.baseUrl = `${app.url}/`;
    // In a browser, links without a host lead to where the page came from. Here it has to be set.
    config.fetchReference = (input, init) => fetch(new URL(String(input), app.url), init);
    config.encodeQueryString = true;
    signIn(world.token);
    store = new Store();
  });
  afterAll(() => app.stop());
  afterEach(() => store.reset());

  function signIn(token?: string): void {
    const headers = { 'content-type': 'application/vnd.api+json' };
    config.defaultFetchOptions = { headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) } };
  }

  const list = <T extends Account | Organization>({ data }: Response<T>): T[] => [data ?? []].flat() as T[];
  const names = (models: readonly { name: string }[]): string[] => models.map(({ name }) => name);
  const query = (queryParams: IRequestOptions['queryParams']): IRequestOptions => ({ queryParams });

  it('signs in with its plain HTTP side, and sends the token', async () => {
    signIn();
    await expect(store.getMany(Account)).rejects.toMatchObject({ error: [{ status: '401' }] });
    const headers = { 'content-type': 'application/json' };
    const login = await fetch(`${app.url}/auth/login`, { method: 'POST', headers, body: JSON.stringify(ADMIN) });
    const { meta } = (await login.json()) as { meta: { token: string } };
    signIn(meta.token);
    expect((await store.request('auth/me')).data).toMatchObject({ role_name: 'admin' });
  });

  it('creates, reads, updates and deletes', async () => {
    const organization = store.add(new Organization({ name: 'Initech' }), Organization);
    await organization.save();
    const id = String(getModelId(organization));
    expect((await new Store().getOne(Organization, id)).data).toMatchObject({ name: 'Initech' });
    organization.name = 'Initrode';
    await organization.save();
    expect((await new Store().getOne(Organization, id)).data).toMatchObject({ name: 'Initrode' });
    await organization.destroy();
    await expect(store.getOne(Organization, id)).rejects.toMatchObject({ error: [{ code: 'not_found' }] });
  });

  it('filters and sorts', async () => {
    const filter = { name__match: 'of acme', with_role_scope: `{"org":["${world.acme}"]}` };
    expect(names(list(await store.getMany(Account, query({ filter, sort: ['-name'] }))))).toEqual(
      world.acmeNames.toReversed(),
    );
    const any = world.acmeNames.slice(2, 4);
    expect(names(list(await store.getMany(Account, query({ filter: { name: any }, sort: 'name' }))))).toEqual(any);
  });

  it('includes accounts with organizations, and organizations with accounts', async () => {
    const acme = await store.getOne(Organization, world.acme, query({ include: 'accounts' }));
    expect(names(list(acme)[0]?.accounts ?? []).toSorted()).toEqual([...world.acmeNames, 'Zoe of both'].toSorted());
    const people = await store.getMany(Account, query({ include: ['organizations'], filter: { name: 'Zoe of both' } }));
    expect(names(list(people)[0]?.organizations ?? [])).toEqual(['Acme', 'Globex']);
  });

  it('reads sparse fields', async () => {
    const fields = { 'iam:accounts': ['name'] };
    const { data } = await store.getMany(Account, query({ fields, filter: { name: 'Zoe of both' } }));
    expect(data).toMatchObject([{ name: 'Zoe of both' }]);
    expect(data).not.toMatchObject([{ email: expect.anything() }]);
  });

  it.each([
    ['numbers', ['page[number]=1', 'page[size]=3']],
    ['cursors', ['page[after]=', 'page[size]=3']],
  ])('follows the next links to the end, by %s', async (_kind, custom) => {
    const filter = { name__match: 'of acme' };
    const { data, responses } = await store.getAll(Account, query({ filter, sort: 'name', custom }));
    expect(responses).toHaveLength(3);
    expect(names(data)).toEqual(world.acmeNames);
  });

  it('saves a whole object that it read with an include', async () => {
    const { data } = await store.getOne(Organization, world.globex, query({ include: 'accounts' }));
    const globex = [data].flat()[0] as Organization;
    globex.name = 'Globex International';
    await globex.save();
    expect((await new Store().getOne(Organization, world.globex)).data).toMatchObject({ name: 'Globex International' });
  });

  it('shows where an error lies', async () => {
    const organization = store.add(new Organization({ name: '' }), Organization);
    await expect(organization.save()).rejects.toMatchObject({
      error: [{ source: { pointer: '/data/attributes/name' } }],
    });
  });
});
