import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf } from '../support/client.js';
import { signedIn, type AccountOptions } from '../support/factories.js';
import { people } from './people.js';

const column = (name: string, value: unknown): AccountOptions => ({ joined: false, columns: { [name]: value } });

/** `GET /accounts?sort=`: by every attribute, total, with nulls at their end and text as people expect it. */
describe('Sorting of accounts', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it.each(['sso_channel', 'picture_url', 'locale', 'joined_at', 'invitation_expired_at'])(
    'by %s puts what has none last ascending and first descending',
    async (name) => {
      const value = (n: number) => (name.endsWith('_at') ? `2026-01-0${n}T00:00:00Z` : `https://example.com/${n}`);
      const { find } = await people(app, {
        none: column(name, null),
        second: column(name, value(2)),
        first: column(name, value(1)),
        neither: column(name, null),
      });
      expect(await find(`sort=${name}`)).toEqual(['first', 'second', 'none', 'neither']);
      expect(await find(`sort=-${name}`)).toEqual(['neither', 'none', 'second', 'first']);
    },
  );

  it.each(['created_at', 'updated_at'])('by %s goes to the millisecond', async (name) => {
    const { find } = await people(app, {
      later: column(name, '2026-01-01T00:00:00.002Z'),
      sooner: column(name, '2026-01-01T00:00:00.001Z'),
    });
    expect(await find(`sort=${name}`)).toEqual(['sooner', 'later']);
    expect(await find(`sort=-${name}`)).toEqual(['later', 'sooner']);
  });

  it('by enabled puts false before true', async () => {
    const { find } = await people(app, { on: {}, off: { enabled: false } });
    expect(await find('sort=enabled')).toEqual(['off', 'on']);
    expect(await find('sort=-enabled')).toEqual(['on', 'off']);
  });

  it('by role_name is by its text', async () => {
    const { find } = await people(app, { user: {}, root: { role: 'admin' }, boss: { role: 'org_owner' } });
    expect(await find('sort=role_name')).toEqual(['root', 'boss', 'user']);
    expect(await find('sort=-role_name')).toEqual(['user', 'boss', 'root']);
  });

  it('by id is the order of creation, which is also the default', async () => {
    const { find } = await people(app, { first: { name: 'Z' }, second: { name: 'M' }, third: { name: 'A' } });
    const order = ['first', 'second', 'third'];
    expect(await find('')).toEqual(order);
    expect(await find('sort=id')).toEqual(order);
    expect(await find('sort=-id')).toEqual(order.toReversed());
  });

  it.each([
    [
      'name',
      [
        '_x',
        '10',
        '9',
        'apfel',
        'Apfel',
        '\u00c4pfel',
        'Echo',
        '\u00e9clair',
        'eddy',
        'ohne',
        '\u00d6l',
        'zebra',
        'Zebra',
      ],
    ],
    ['email', ['_x', '10', '9', 'Apfel', '\u00e4pfel', 'Echo', '\u00e9clair', 'eddy', 'ohne', '\u00d6l', 'zebra']],
  ])('by %s sorts ä with a and é with e, and lower case before upper', async (name, expected) => {
    const tail = name === 'email' ? `@${randomUUID()}.example.com` : '';
    // Put in by their code points, which is another order than the one that is asked for.
    const rows = expected.toSorted().map((word) => [word, { [name]: word + tail }] as const);
    const { find } = await people(app, Object.fromEntries(rows));
    expect(await find(`sort=${name}`)).toEqual(expected);
    expect(await find(`sort=-${name}`)).toEqual(expected.toReversed());
  });

  it('by several keys takes each in its own direction, and id breaks ties in that of the last', async () => {
    const { find } = await people(app, {
      ada1: { name: 'Ada' },
      bob: { name: 'Bob', enabled: false },
      ada2: { name: 'Ada' },
      eve: { name: 'Eve', enabled: false },
    });
    expect(await find('sort=enabled,-name')).toEqual(['eve', 'bob', 'ada2', 'ada1']);
    expect(await find('sort=-enabled,name')).toEqual(['ada1', 'ada2', 'bob', 'eve']);
    expect(await find('sort=name,-id')).toEqual(['ada2', 'ada1', 'bob', 'eve']);
    expect(await find('sort=-name')).toEqual(['eve', 'bob', 'ada2', 'ada1']);
  });

  it('is kept by pages: each row stands on exactly one', async () => {
    const rows = Object.fromEntries([...'abcdefg'].map((key) => [key, { name: 'Same' }]));
    const { owner, keysIn } = await people(app, rows);
    for (const sort of ['name', '-name', 'sso_channel', '-joined_at']) {
      const seen: string[] = [];
      let next: string | null = `/accounts?sort=${sort}&page[size]=2&filter[name]=Same`;
      while (next !== null) {
        const page = await owner.get(next);
        seen.push(...keysIn(page));
        next = page.body.links.next;
      }
      expect(seen.toSorted()).toEqual([...'abcdefg']);
    }
  });

  it('is rejected by what is not sortable, unknown, empty or given twice', async () => {
    const { get } = await signedIn(app);
    for (const query of [
      'sort=role_scope',
      'sort=nope',
      'sort=',
      'sort=name,',
      'sort=name,-name',
      'sort=%2Bname',
      'sort=name;id',
      'sort=name&sort=id',
    ]) {
      expect([query, errorsOf(await get(`/accounts?${query}`))]).toEqual([query, ['400 invalid_parameter sort']]);
    }
    expect(errorsOf(await get('/accounts?sort=role_scope,nope'))).toEqual([
      '400 invalid_parameter sort',
      '400 invalid_parameter sort',
    ]);
  });
});
