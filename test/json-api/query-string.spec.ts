import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorList } from '../../src/json-api/document/errors.js';
import { FIELD_TYPES } from '../../src/json-api/resource/field-types.js';
import { filterName, type Operator, OPERATORS } from '../../src/json-api/sql/operators.js';
import { parseQueryString, splitList, toUrl } from '../../src/json-api/query/query-string.js';
import { sql } from '../../src/json-api/sql/sql.js';

function parse(url: string) {
  const errors = new ErrorList();
  return { parameters: parseQueryString(url, errors), errors: [...errors].map(({ source }) => source) };
}

describe('A query string', () => {
  it('is read in order, with brackets as a path', () => {
    expect(parse('/x?a&&b=&filter%5Borg%5D%5B%5D=1+2=3&a=%2B').parameters).toEqual([
      { name: 'a', base: 'a', path: [], value: '' },
      { name: 'b', base: 'b', path: [], value: '' },
      { name: 'filter[org][]', base: 'filter', path: ['org', ''], value: '1 2=3' },
      { name: 'a', base: 'a', path: [], value: '+' },
    ]);
    expect(parse('/x')).toEqual({ parameters: [], errors: [] });
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
  ])('with %s has an error that names it as it was sent', (query, parameter) => {
    expect(parse(`/x?${query}`)).toEqual({ parameters: [], errors: [{ parameter }] });
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
  const statement = (operator: Operator, kind: keyof typeof FIELD_TYPES, ...texts: string[]) => {
    const orNull = texts.includes('null');
    const values = texts
      .filter((text) => text !== 'null')
      .map((text) => FIELD_TYPES[kind].parse(text) ?? { value: text });
    return OPERATORS[operator].sql(sql`x`, { values, orNull }, FIELD_TYPES[kind]).compile();
  };

  const anyOf = (type: string, n = 1): string => {
    const list = `$${n}::${type}[]`;
    return `(CASE cardinality(${list}) WHEN 0 THEN FALSE WHEN 1 THEN x = (${list})[1] ELSE x = ANY(${list}) END)`;
  };
  const all = '$2::timestamptz[]';
  const span = `x >= (${all})[1] AND x < (${all})[cardinality(${all})]`;
  const inRanges = `CASE cardinality(${all}) WHEN 0 THEN FALSE WHEN 2 THEN ${span} ELSE ${span} AND width_bucket(x, ${all}) % 2 = 1 END`;
  const times = `(${anyOf('timestamptz')} OR (${inRanges}))`;
  const midnight = (day: number): string => `2026-01-${day}T00:00:00.000Z`;

  it.each<[string, Operator, keyof typeof FIELD_TYPES, string[], string, unknown[]]>([
    ['one value', 'eq', 'string', ['a'], `(${anyOf('text')})`, [['a']]],
    ['several values', 'in', 'string', ['a', 'b'], `(${anyOf('text')})`, [['a', 'b']]],
    ['a value that is sent twice', 'eq', 'uuid', ['a', 'a'], `(${anyOf('uuid')})`, [['a']]],
    ['null', 'eq', 'string', ['null'], `(${anyOf('text')} OR (x IS NULL))`, [[]]],
    ['a value or null', 'eq', 'uuid', ['a', 'null'], `(${anyOf('uuid')} OR (x IS NULL))`, [['a']]],
    ['not null', 'nin', 'string', ['null'], '(x IS NOT NULL)', []],
    ['a whole day', 'eq', 'time', ['2026-01-30'], times, [[], [midnight(30), midnight(31)]]],
    [
      'days, of which some follow each other',
      'eq',
      'time',
      ['2026-01-30', '2026-01-20', '2026-01-29', '2026-01-20'],
      times,
      [[], [midnight(20), midnight(21), midnight(29), midnight(31)]],
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
