import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FaultList } from '../../src/json-api/errors.js';
import { KINDS } from '../../src/json-api/kinds.js';
import { filterName, OPERATORS, type Operator } from '../../src/json-api/operators.js';
import { parseQueryString, splitList, toUrl } from '../../src/json-api/query-string.js';
import { sql } from '../../src/json-api/sql.js';

function parse(url: string) {
  const faults = new FaultList();
  return { parameters: parseQueryString(url, faults), faults: [...faults].map(({ source }) => source) };
}

describe('A query string', () => {
  it('is read in order, with brackets as a path', () => {
    expect(parse('/x?a&&b=&filter%5Borg%5D%5B%5D=1+2=3&a=%2B').parameters).toEqual([
      { name: 'a', base: 'a', path: [], value: '' },
      { name: 'b', base: 'b', path: [], value: '' },
      { name: 'filter[org][]', base: 'filter', path: ['org', ''], value: '1 2=3' },
      { name: 'a', base: 'a', path: [], value: '+' },
    ]);
    expect(parse('/x')).toEqual({ parameters: [], faults: [] });
  });

  it.each([
    ['=1', ''],
    ['a[=1', 'a['],
    ['a]=1', 'a]'],
    ['[a]=1', '[a]'],
    ['a[b]c=1', 'a[b]c'],
    ['a[[b]]=1', 'a[[b]]'],
    ['a=%', 'a'],
    ['a=%ff', 'a'],
    ['%ff=1', '%ff'],
  ])('with %s has a fault that names it as it was sent', (query, parameter) => {
    expect(parse(`/x?${query}`)).toEqual({ parameters: [], faults: [{ parameter }] });
  });

  it('gives back whatever a link was made of', () => {
    const text = fc.string({ unit: 'grapheme' });
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((part) => !/[[\]]/.test(part));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text)), (pairs) => {
        const url = toUrl('/x', pairs);
        expect(url).toMatch(/^\/x(\?[\w%.~!*'()=&-]+)?$/);
        expect(parse(url).parameters.map((parameter) => [parameter.name, parameter.value])).toEqual(pairs);
      }),
    );
  });

  it('has lists in which a comma may be escaped', () => {
    expect(splitList('a,b\\,c,,\\,')).toEqual(['a', 'b,c', '', ',']);
    const item = fc.string().filter((text) => !text.includes('\\'));
    fc.assert(
      fc.property(fc.array(item, { minLength: 1 }), (items) => {
        expect(splitList(items.map((text) => text.replaceAll(',', '\\,')).join(','))).toEqual(items);
      }),
    );
  });
});

describe('An operator', () => {
  const statement = (operator: Operator, kind: keyof typeof KINDS, ...texts: string[]) => {
    const orNull = texts.includes('null');
    const values = texts.filter((text) => text !== 'null').map((text) => KINDS[kind].parse(text) ?? { value: text });
    return OPERATORS[operator].sql(sql`x`, { values, orNull }, KINDS[kind]).compile();
  };

  it.each<[string, Operator, keyof typeof KINDS, string[], string, unknown[]]>([
    ['one value', 'eq', 'string', ['a'], '((x = $1::text))', ['a']],
    ['several values', 'in', 'string', ['a', 'b'], '((x = ANY($1::text[])))', [['a', 'b']]],
    ['null', 'eq', 'string', ['null'], '((x IS NULL))', []],
    ['a value or null', 'eq', 'uuid', ['a', 'null'], '((x = $1::uuid) OR (x IS NULL))', ['a']],
    ['not null', 'nin', 'string', ['null'], '(x IS NOT NULL) AND (TRUE)', []],
    [
      'a whole day',
      'eq',
      'time',
      ['2026-01-31'],
      '((x >= $1::timestamptz AND x < $2::timestamptz))',
      ['2026-01-31T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    ],
    ['from a day on', 'gte', 'time', ['2026-01-31'], 'x >= $1::timestamptz', ['2026-01-31T00:00:00.000Z']],
    ['up to a whole day', 'lte', 'time', ['2026-01-31'], 'x < $1::timestamptz', ['2026-02-01T00:00:00.000Z']],
    ['up to an instant', 'lte', 'time', ['2026-01-31T10:00:00Z'], 'x <= $1::timestamptz', ['2026-01-31T10:00:00Z']],
    ['an integer', 'gte', 'integer', ['-5'], 'x >= $1::integer', [-5]],
  ])('for %s', (_, operator, kind, texts, text, values) => {
    expect(statement(operator, kind, ...texts)).toEqual({ text, values });
  });

  it('takes the wildcards of LIKE as plain characters', () => {
    expect(statement('match', 'string', '50%_\\').values).toEqual(['%50\\%\\_\\\\%']);
  });

  it('is a suffix of the filter, but equality', () => {
    expect([filterName('name', 'eq'), filterName('name', 'match')]).toEqual(['name', 'name__match']);
  });
});
