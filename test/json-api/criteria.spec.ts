import { describe, expect, it } from '@jest/globals';
import { AccountSessionResource } from '../../src/account-sessions/account-session.resource.js';
import { AccountResource } from '../../src/accounts/account.resource.js';
import { parseCriteria, parseSelection } from '../../src/json-api/query/criteria.parser.js';
import { ErrorList } from '../../src/json-api/document/errors.js';
import type { Operand } from '../../src/json-api/resource/field-types.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import { OrganizationResource } from '../../src/organizations/organization.resource.js';

const RESOURCES: readonly AnyResource[] = [AccountResource, AccountSessionResource, OrganizationResource];
const lookup = (type: string) => RESOURCES.find((resource) => resource.type === type);

function parse(query: string, resource: AnyResource = AccountResource) {
  const errors = new ErrorList();
  const criteria = parseCriteria(resource, lookup, `/x?${query}`, errors);
  return { criteria, errors: [...errors].map(({ source }) => Object.values(source ?? {})[0]) };
}

/** The values of the only filter. */
function values(query: string): (Operand | null)[] {
  const { criteria, errors } = parse(query);
  expect(errors).toEqual([]);
  const { operands } = criteria.conditions[0] ?? { operands: { values: [], orNull: false } };
  return [...operands.values, ...(operands.orNull ? [null] : [])];
}

const plain = (...texts: unknown[]): Operand[] => texts.map((value) => ({ value }));

describe('The values of a filter', () => {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n % 7}`);
  const spellings: Readonly<Record<string, (values: string[]) => readonly [query: string, parameter: string]>> = {
    'a list': (values) => [`filter[name]=${values.join()}`, 'filter[name]'],
    'a list with null in it': (values) => [`filter[name]=null,${values.slice(1).join()}`, 'filter[name]'],
    'a list of an operator': (values) => [`filter[role_name__nin]=${values.join()}`, 'filter[role_name__nin]'],
    'repeated lists': (values) => [
      `filter[name]=${values.slice(0, 90).join()}&filter[name]=${values.slice(90).join()}`,
      'filter[name]',
    ],
    'repeated parameters': (values) => [values.map((value) => `filter[name][]=${value}`).join('&'), 'filter[name][]'],
    'JSON text': (values) => [
      `filter[with_role_scope]=${JSON.stringify({ org: values.slice(1), region: 'eu' })}`,
      'filter[with_role_scope]',
    ],
    'JSON text of many keys': (values) => [
      `filter[role_scope]=${JSON.stringify(Object.fromEntries(values.map((_, n) => [`key${n}`, []])))}`,
      'filter[role_scope]',
    ],
    brackets: (values) => [
      values.map((value) => `filter[with_role_scope][org][]=${value}`).join('&'),
      'filter[with_role_scope][org][]',
    ],
  };

  it.each(Object.keys(spellings))('are at most 200, the same ones counted each time: as %s', (spelling) => {
    const [most = ''] = spellings[spelling]?.(ids(200)) ?? [];
    expect(parse(most).errors).toEqual([]);
    const [more = '', parameter] = spellings[spelling]?.(ids(201)) ?? [];
    expect(parse(more).errors).toEqual([parameter]);
  });

  it('travel once each', () => {
    const { criteria } = parse('filter[name]=a,b,a,null,null');
    expect(criteria.conditions[0]?.operands).toEqual({ values: plain('a', 'b'), orNull: true });
  });
});

describe('A filter parameter', () => {
  it.each([
    ['filter[name]=a', plain('a')],
    ['filter[name]=', plain('')],
    ['filter[name]=a,b', plain('a', 'b')],
    ['filter%5Bname%5D=a%2Cb', plain('a', 'b')],
    ['filter[name]=a\\,b,c', plain('a,b', 'c')],
    ['filter[name]=a&filter[name]=b', plain('a', 'b')],
    ['filter[name][]=a&filter[name][]=b,c', plain('a', 'b', 'c')],
    ['filter[name]=null', [null]],
    ['filter[name__eq]=a,b', plain('a', 'b')],
    ['filter[name__eq]=a&filter[name__eq]=b', plain('a', 'b')],
    ['filter[name__eq][]=a&filter[name__eq][]=b', plain('a', 'b')],
    ['filter[role_scope__eq]={"org":["a,b"]}', plain('{"org":["a,b"]}')],
    ['filter[name]=a,null', [...plain('a'), null]],
    ['filter[name]=a+b%2Bc', plain('a b+c')],
    ['filter[name__match]=a,b\\,%25', plain('a,b\\,%')],
    ['filter[name__match]=null', plain('null')],
    ['filter[enabled]=true,false', plain(true, false)],
    ['filter[role_name__nin]=a,b', plain('a', 'b')],
    ['filter[with_role_scope]={"org":["a","b"]}', plain('{"org":["a","b"]}')],
    ['filter[with_role_scope][org][]=a&filter[with_role_scope][org][]=b', plain('{"org":["a","b"]}')],
    ['filter[with_role_scope][region]=eu', plain('{"region":"eu"}')],
    ['filter[role_scope]={}', plain('{}')],
    ['filter[role_scope]=null', [null]],
    ['filter[search]=a,b', plain('a,b')],
  ])('%s', (query, expected) => {
    expect(values(query)).toEqual(expected);
  });

  it.each([
    ['2026-01-31', { from: '2026-01-31T00:00:00.000Z', before: '2026-02-01T00:00:00.000Z' }],
    ['2024-02-29', { from: '2024-02-29T00:00:00.000Z', before: '2024-03-01T00:00:00.000Z' }],
    ['9999-12-31', { from: '9999-12-31T00:00:00.000Z', before: 'infinity' }],
    ['2026-01-31T12:30:00Z', { value: '2026-01-31T12:30:00Z' }],
    ['2026-01-31T12:30:00.123Z', { value: '2026-01-31T12:30:00.123Z' }],
    ['2026-01-31T12:30:00.123%2B02:00', { value: '2026-01-31T12:30:00.123+02:00' }],
    // Without an offset it is UTC.
    ['2026-01-31T12:30', { value: '2026-01-31T12:30Z' }],
    ['2026-01-31T12:30:00.123', { value: '2026-01-31T12:30:00.123Z' }],
    ['2026-01-31 12:30:00', { value: '2026-01-31T12:30:00Z' }],
    ['2026-01-31+12:30:00', { value: '2026-01-31T12:30:00Z' }],
    ['2026-01-31 12:30:00%2B02:00', { value: '2026-01-31T12:30:00+02:00' }],
    ['2026-01-31 12:30:00+02:00', { value: '2026-01-31T12:30:00+02:00' }],
    // Clients do not encode the plus, and it arrives as a space.
    ['2026-01-31T12:30:00+02:00', { value: '2026-01-31T12:30:00+02:00' }],
    ['2026-01-31T12:30:00-0530', { value: '2026-01-31T12:30:00-0530' }],
  ])('of a time reads %s', (text, expected) => {
    expect(values(`filter[created_at]=${text}`)).toEqual([expected]);
  });

  it.each([
    'filter[created_at]=2026-02-30',
    'filter[created_at]=2026-13-01',
    'filter[created_at]=0000-01-01',
    'filter[created_at]=2026-1-1',
    'filter[created_at]=2026-01-31T25:00:00Z',
    'filter[created_at]=2026-01-31  12:00:00',
    'filter[created_at]=2026-01-31 12',
    'filter[created_at]=2026-01-31 12:00:00 ',
    'filter[created_at]=now',
    'filter[created_at]=infinity',
    'filter[created_at]=',
    'filter[created_at__gte]=2026-01-01,2026-01-02',
    'filter[created_at__gte]=null',
    'filter[enabled]=yes',
    'filter[enabled]=TRUE',
    'filter[id]=1',
    'filter[name]=%00',
    'filter[name__match]=%00',
    'filter[with_role_scope]=x',
    'filter[with_role_scope]={"a":"%5Cu0000"}',
    'filter[with_role_scope]=',
  ])('%s is of the wrong type', (query) => {
    expect(parse(query).errors).toEqual([query.slice(0, query.indexOf('='))]);
  });

  it.each([
    ['filter[nope]=1', 'filter[nope]'],
    ['filter[email_key]=1', 'filter[email_key]'],
    ['filter[hashed_password]=1', 'filter[hashed_password]'],
    ['filter[invitation_token]=1', 'filter[invitation_token]'],
    ['filter[name__gte]=1', 'filter[name__gte]'],
    ['filter[name__eq__eq]=1', 'filter[name__eq__eq]'],
    ['filter[name__match__eq]=1', 'filter[name__match__eq]'],
    ['filter[search__eq]=1', 'filter[search__eq]'],
    ['filter[__eq]=1', 'filter[__eq]'],
    ['filter[constructor]=1', 'filter[constructor]'],
    ['filter[__proto__]=1', 'filter[__proto__]'],
    ['filter[with_role_scope][__proto__][]=1&filter[with_role_scope][a][b][]=1', 'filter[with_role_scope][a][b][]'],
    ['filter=1', 'filter'],
    ['filter[]=1', 'filter[]'],
    ['filter[name][x]=1', 'filter[name][x]'],
    ['filter[name][][]=1', 'filter[name][][]'],
    ['filter[name__match][]=1', 'filter[name__match][]'],
    ['filter[name__match]=1&filter[name__match]=2', 'filter[name__match]'],
    ['filter[role_name__in]=1&filter[role_name__in]=2', 'filter[role_name__in]'],
    ['filter[name=1', 'filter[name'],
    ['filter]name[=1', 'filter]name['],
    ['%ZZ=1', '%ZZ'],
    ['filter[name]=%ZZ', 'filter[name]'],
  ])('%s is rejected', (query, parameter) => {
    expect(parse(query).errors).toEqual([parameter]);
  });
});

describe('A sort parameter', () => {
  const order = (query: string) =>
    parse(query).criteria.sort.map(({ attribute, descending }) => (descending ? '-' : '') + attribute.name);

  it.each([
    ['', ['id']],
    ['sort=name', ['name', 'id']],
    ['sort=-name', ['-name', '-id']],
    ['sort=-name,email', ['-name', 'email', 'id']],
    ['sort=name,-id,email', ['name', '-id']],
  ])('%s is total: the id breaks ties in the direction of the last key', (query, expected) => {
    expect(order(query)).toEqual(expected);
  });

  it.each(['sort=', 'sort=,', 'sort=--name', 'sort=name,name', 'sort=name,-name', 'sort=role_scope', 'sort=Name'])(
    '%s is rejected',
    (query) => {
      expect(new Set(parse(query).errors)).toEqual(new Set(['sort']));
    },
  );
});

describe('Parameters that belong together', () => {
  it('keep every parameter for the links but pages and secrets', () => {
    const query = 'filter[name]=a%20b&page[number]=2&filter[password_reset_token]=secret&count=true';
    const { criteria } = parse(query);
    expect(criteria.parameters).toEqual([
      ['filter[name]', 'a b'],
      ['count', 'true'],
    ]);
    expect(criteria.unlinkable).toBe(true);
  });

  it('of one resource are fields and includes, and nothing else', () => {
    const errors = new ErrorList();
    const shape = parseSelection(
      AccountSessionResource,
      lookup,
      '/x?include=account&fields[iam:accounts]=name&sort=id',
      errors,
    );
    expect([...shape.include]).toEqual(['account']);
    expect(shape.fields.get('iam:accounts')).toEqual(new Set(['name']));
    expect([...errors].map(({ source }) => source)).toEqual([{ parameter: 'sort' }]);
  });
});
