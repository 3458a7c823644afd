import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'iam-client';
import { queriesOf } from 'iam-client/query';
import { directory, type Directory } from '../clients/directory.js';
import { startApp, type TestApp } from '../support/app.js';

/** The library itself runs them in `.ci/client`. */
describe('Options for TanStack Query', () => {
  let app: TestApp;
  let world: Directory;
  let iam: ReturnType<typeof createClient>;

  beforeAll(async () => {
    app = await startApp();
    world = await directory(app);
    iam = createClient({ url: app.url, token: world.token });
  });
  afterAll(() => app.stop());

  const context = () => ({ signal: new AbortController().signal });

  it('have keys that are the same for the same query, below the key of the resource', () => {
    const { accounts } = queriesOf(iam);
    const query = { filter: { name__match: 'of acme' }, sort: '-name' } as const;
    expect(accounts.key).toEqual(['iam:accounts']);
    expect(accounts.list(query).queryKey).toEqual(['iam:accounts', 'list', query]);
    expect(accounts.list({ ...query, ...context() }).queryKey).toEqual(accounts.list(query).queryKey);
    expect(accounts.get('1', { can: true }).queryKey).toEqual(['iam:accounts', 'get', '1', { can: true }]);
    expect(accounts.infinite(query).queryKey).not.toEqual(accounts.list(query).queryKey);
  });

  it('read a list and one resource', async () => {
    const { accounts, organizations } = queriesOf(iam);
    const page = await accounts.list({ filter: { name__match: 'of acme' }, sort: 'name' }).queryFn(context());
    expect(page.data.map(({ name }) => name)).toEqual(world.acmeNames);
    const acme = await organizations.get(world.acme, { include: ['accounts'] }).queryFn(context());
    expect(acme.accounts).toHaveLength(world.acmeNames.length + 1);
  });

  it('read page after page by cursors', async () => {
    const { accounts } = queriesOf(iam);
    const options = accounts.infinite({ filter: { name__match: 'of acme' }, sort: 'name', size: 3 });
    const names: string[] = [];
    let pageParam: string | undefined = options.initialPageParam;
    while (pageParam !== undefined) {
      const page = await options.queryFn({ ...context(), pageParam });
      names.push(...page.data.map(({ name }) => name));
      pageParam = options.getNextPageParam(page);
    }
    expect(names).toEqual(world.acmeNames);
  });

  it('end with the signal of the query', async () => {
    const options = queriesOf(iam).accounts.list();
    await expect(options.queryFn({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
