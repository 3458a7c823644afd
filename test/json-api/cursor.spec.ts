import { describe, expect, it } from '@jest/globals';
import { AccountResource } from '../../src/accounts/account.resource.js';
import type { SortKey } from '../../src/json-api/query/criteria.js';
import { decodeCursor, encodeCursor } from '../../src/json-api/query/pagination.js';
import { rangesAfter } from '../../src/json-api/sql/keyset.js';
import { orderBy, reversed } from '../../src/json-api/sql/select.js';
import { rowColumn } from '../../src/json-api/sql/sql.js';
import { ID } from '../../src/json-api/resource/attributes.js';

const UUID = '0197a1f0-0000-7000-8000-000000000000';
const TIME = '2026-06-01T00:00:00.000Z';

/** `-name` as a key of the order. */
function key(text: string): SortKey {
  const name = text.replace(/^-/, '');
  const attribute = name === 'id' ? ID : AccountResource.attributes.get(name);
  if (!attribute) throw new Error(`Accounts have no ${name}`);
  return { attribute, descending: text.startsWith('-') };
}

const sort = (text: string): SortKey[] => text.split(',').map(key);
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('A cursor', () => {
  it.each([
    ['id', [UUID]],
    ['-name,-id', ['Zoë "\\,\n😀', UUID]],
    ['name,id', ['', UUID]],
    ['joined_at,-picture_url,id', [null, null, UUID]],
    ['joined_at,enabled,id', [TIME, 'true', UUID]],
  ])('made for %s gives its values back', (order, values) => {
    expect(decodeCursor(sort(order), encodeCursor(sort(order), values))).toEqual(values);
  });

  it.each([
    ['of another sort', base64(['email,id', 'a', UUID])],
    ['of the other direction', base64(['-name,id', 'a', UUID])],
    ['with a value too few', base64(['name,id', UUID])],
    ['with a value too many', base64(['name,id', 'a', UUID, 'b'])],
    ['with null where there is none', base64(['name,id', null, UUID])],
    ['with a value that is no text', base64(['name,id', 1, UUID])],
    ['with an id that is none', base64(['name,id', 'a', 'b'])],
    ['with a text that cannot be stored', base64(['name,id', 'a\0', UUID])],
    ['that is no list', base64({ sort: 'name,id' })],
    ['that is no JSON', Buffer.from('name,id').toString('base64url')],
    ['that is not spelled as it was given out', `${base64(['name,id', 'a', UUID])}=`],
    ['with spaces in its JSON', Buffer.from(`["name,id", "a","${UUID}"]`).toString('base64url')],
    ['that is empty', ''],
    ['that is no base64', '💥'],
  ])('%s is none', (_, cursor) => {
    expect(decodeCursor(sort('name,id'), cursor)).toBeUndefined();
  });

  it.each(['2026-06-01', 'yesterday', 'infinity', ''])('does not take %s for an instant', (text) => {
    expect(decodeCursor(sort('created_at,id'), base64(['created_at,id', text, UUID]))).toBeUndefined();
  });
});

describe('What comes after a cursor', () => {
  const after = (order: string, values: (string | null)[]) =>
    rangesAfter(sort(order), values, ({ attribute }) => rowColumn(attribute.name)).map((stretch) => {
      const { text, values: parameters } = stretch.compile();
      return parameters.reduce<string>((all, value, i) => all.replace(`$${i + 1}`, `'${String(value)}'`), text);
    });

  it('is one row comparison where all keys have one direction and no nulls', () => {
    expect(after('name,id', ['a', UUID])).toEqual([`(row."name", row."id") > ('a'::text, '${UUID}'::uuid)`]);
    expect(after('-id', [UUID])).toEqual([`(row."id") < ('${UUID}'::uuid)`]);
  });

  it('is spelled out where the directions differ, with a bound that an index can start from', () => {
    const [text] = after('-name,id', ['a', UUID]);
    expect(text).toMatch(/^\(row\."name" <= 'a'::text\) AND /);
    expect(text).toContain(`(row."name" < 'a'::text)`);
    expect(text).toContain(`(row."name" = 'a'::text) AND (row."id" > '${UUID}'::uuid)`);
  });

  it('has the nulls as a stretch of their own: last ascending, first descending', () => {
    expect(after('joined_at,id', [TIME, UUID])).toEqual([expect.stringContaining(' > ('), 'row."joined_at" IS NULL']);
    expect(after('joined_at,id', [null, UUID])).toEqual([
      `(row."joined_at" IS NULL) AND ((row."id") > ('${UUID}'::uuid))`,
    ]);
    expect(after('-joined_at,-id', [TIME, UUID])).toEqual([expect.stringContaining(' < (')]);
    expect(after('-joined_at,-id', [null, UUID])).toEqual([
      `(row."joined_at" IS NULL) AND ((row."id") < ('${UUID}'::uuid))`,
      'row."joined_at" IS NOT NULL',
    ]);
  });

  it('is ordered from the other end for a page before a cursor', () => {
    const order = orderBy(reversed(sort('-name,id')), ({ attribute }) => rowColumn(attribute.name));
    expect(order.compile().text).toBe('row."name" ASC, row."id" DESC');
  });
});
