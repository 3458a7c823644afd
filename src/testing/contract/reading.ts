import assert from 'node:assert/strict';
import type { Filter } from '../../json-api/resource/attributes.js';
import { filterName, type Operator, OPERATORS } from '../../json-api/sql/operators.js';
import type { ApiResponse } from '../api-client.js';
import type { TestRunner } from '../runner.js';
import { order, passes } from './semantics.js';
import { ids, linkageOf, nameOf, typeOf, valuesOf, type Row, type Subject } from './subject.js';
import { filterText, WRONG_TEXTS } from './values.js';

/** How many rows a test makes: enough for nulls, equals and different values to meet. */
const ROWS = 5;

const EVERY_OPERATOR = Object.keys(OPERATORS) as Operator[];

/** What a resource does on reads. */
export function readingContract({ it }: TestRunner, subject: () => Subject): void {
  it('shows every listed attribute in its documents, and nothing else', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const list = await on.get(`?filter[id]=${id}`);
    const shown = await on.get(`/${id}`);
    const names = on.visible.map(({ name }) => name).toSorted();
    for (const resource of [...list.many(), shown.one()]) {
      assert.deepEqual([resource.type, resource.id], [on.type, id]);
      assert.deepEqual(Object.keys(resource.attributes).toSorted(), names);
    }
    assert.equal(shown.one().links?.['self'], `${on.path}/${id}`);
  });

  it('finds the right rows by every filter and operator that is listed', async () => {
    const on = subject();
    const made = await on.make(ROWS);
    const rows = await on.rows();
    const wrong: string[] = [];
    for (const filter of attributeFilters(on)) {
      for (const row of rows.filter(({ id }) => made.includes(id))) {
        const asked = texts(filter, row, rows);
        const query = `?filter[${filter.name}]=${asked.map((text) => filterText(text, filter.takes)).join(',')}`;
        const found = ids(await on.get(query));
        const expected = rows.filter((one) => matches(filter, one, asked)).map(({ id }) => id);
        if (found.join() !== expected.join()) wrong.push(`${query} found ${found.join()}, not ${expected.join()}`);
        if (filter.on.operator !== 'eq') continue;
        const spelled = ids(await on.get(query.replace(`[${filter.name}]`, `[${filter.name}__eq]`)));
        if (spelled.join() !== expected.join()) wrong.push(`${filter.name}__eq found ${spelled.join()}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('rejects every filter and operator that is not listed', async () => {
    const on = subject();
    const names = ['id', 'nope', '', ...on.visible.map(({ name }) => name), ...on.secrets];
    const closed = names
      .flatMap((name) => [...EVERY_OPERATOR, 'like' as Operator].map((operator) => filterName(name, operator)))
      .filter((name) => !on.resource.filters.has(name));
    const spelled = [...on.resource.filters.values()].flatMap(({ name, on: attribute, takes }) =>
      attribute?.operator !== 'eq' && (attribute || takes === 'whole') ? [`${name}__eq`] : [],
    );
    await expectErrors(
      on,
      [...closed, ...spelled].map((name) => [`?filter[${name}]=x`, `filter[${name}]`]),
    );
  });

  it('rejects filter values of another type', async () => {
    const on = subject();
    const types = [...on.resource.filters.values()].map((filter) => [filter.name, typeOf(filter)] as const);
    await expectErrors(
      on,
      types.map(([name, type]) => [`?filter[${name}]=${WRONG_TEXTS[type]}`, `filter[${name}]`]),
    );
  });

  it('takes its own filters, which find nothing for a value that nothing has', async () => {
    const on = subject();
    await on.make();
    const strange: Partial<Record<string, string>> = {
      time: '2001-01-01',
      uuid: '00000000-0000-7000-8000-000000000000',
      json: '{"nobody":["has this"]}',
    };
    for (const filter of [...on.resource.filters.values()].filter((one) => !one.on)) {
      const type = typeOf(filter);
      const value = strange[type] ?? 'nobody has this';
      const found = ids(await on.get(`?filter[${filter.name}]=${encodeURIComponent(value)}`));
      assert.deepEqual([filter.name, found], [filter.name, []]);
    }
  });

  it('sorts by every attribute that is listed, and pages by cursors in the same order', async () => {
    const on = subject();
    await on.make(ROWS);
    const rows = await on.rows();
    const keys = [
      ['id', 'uuid', []] as const,
      ...sortable(on).map((one) => [one.name, typeOf(one), valuesOf(one)] as const),
    ];
    const wrong: string[] = [];
    for (const [name, type, values] of keys) {
      for (const sign of [1, -1]) {
        const sort = `${sign < 0 ? '-' : ''}${name}`;
        const byKey = (left: Row, right: Row): number =>
          sign * (order(type, left.values[name], right.values[name], values) || order('uuid', left.id, right.id));
        const expected = rows.toSorted(byKey).map(({ id }) => id);
        const sorted = ids(await on.get(`?sort=${sort}`));
        if (sorted.join() !== expected.join()) wrong.push(`sort=${sort} gave ${sorted.join()}, not ${expected.join()}`);
        const paged = await pages(on, `?sort=${sort}&page[after]=&page[size]=${Math.ceil(rows.length / 3)}`);
        if (paged.join() !== expected.join()) wrong.push(`cursors by ${sort} gave ${paged.join()}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('rejects to sort by anything else', async () => {
    const on = subject();
    const others = on.visible.filter((attribute) => !attribute.sortable).map(({ name }) => name);
    await expectErrors(
      on,
      ['', 'nope', '__proto__', ...others, ...on.secrets].map((name) => [`?sort=${name}`, 'sort']),
    );
  });

  it('shows the fields that are asked for, and rejects those that do not exist', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const { name } of on.visible) {
      const shown = (await on.get(`/${id}?fields[${on.type}]=${name}`)).one();
      assert.deepEqual([Object.keys(shown.attributes), shown.relationships], [[name], undefined]);
    }
    for (const name of on.resource.relationships.keys()) {
      const shown = (await on.get(`/${id}?fields[${on.type}]=${name}&include=${name}`)).one();
      assert.deepEqual([shown.attributes, Object.keys(shown.relationships ?? {})], [undefined, [name]]);
    }
    // Every resource carries these two, whether they are named or not.
    const bare = (await on.get(`/${id}?fields[${on.type}]=`)).one();
    const named = (await on.get(`/${id}?fields[${on.type}]=id,type`)).one();
    assert.deepEqual(
      [named.id, named.type, named.attributes, named.relationships],
      [id, on.type, undefined, undefined],
    );
    assert.deepEqual({ ...named, links: undefined }, { ...bare, links: undefined });
    const closed = ['nope', '__proto__', ...on.secrets];
    await expectErrors(
      on,
      closed.map((name) => [`?fields[${on.type}]=${name}`, `fields[${on.type}]`]),
    );
  });

  it('includes every relationship that is listed with full linkage, and rejects others', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const name of on.resource.relationships.keys()) {
      const response = await on.get(`/${id}?include=${name}`);
      const { links, linkage } = linkageOf(response.one(), name);
      const linked = linkage.map(nameOf);
      assert.deepEqual(response.included.map(nameOf), linked);
      if (typeof links['related'] === 'string') {
        const related = await on.follow(links['related']);
        assert.deepEqual([name, related.resources.map(nameOf)], [name, linked]);
      }
    }
    await expectErrors(
      on,
      ['nope', ...on.visible.map(({ name }) => name)].map((name) => [`?include=${name}`, 'include']),
    );
  });

  it('documents every parameter that it takes', async () => {
    const on = subject();
    const taken = [...on.resource.filters.keys()].map((name) => `filter[${name}]`);
    const includes = on.resource.relationships.size > 0 ? ['included'] : [];
    const pages = ['page[number]', 'page[size]', 'page[after]', 'page[before]'];
    const types = new Set([on.type, ...[...on.resource.relationships.values()].map(({ target }) => target)]);
    const fields = [...types].map((type) => `fields[${type}]`);
    const documented = [...taken, ...includes, ...fields, ...pages, 'sort', 'count', 'can'];
    assert.deepEqual(on.parameters.toSorted(), documented.toSorted());
  });
}

const sortable = (on: Subject) => on.attributes.filter((attribute) => attribute.sortable);

type AttributeFilter = Filter & { readonly on: NonNullable<Filter['on']> };

const attributeFilters = (on: Subject): AttributeFilter[] =>
  [...on.resource.filters.values()].flatMap((filter) => (filter.on ? [{ ...filter, on: filter.on }] : []));

/** What a filter is asked for, out of a row: its own value, or another one where the operator has no use for null. */
function texts({ on: { attribute, operator, compare } }: AttributeFilter, row: Row, rows: readonly Row[]): string[] {
  const values = [row, ...rows].map(({ values }) => values[attribute.name]);
  const value = operator === 'match' || operator === 'gte' || operator === 'lte' ? values.find(isValue) : values[0];
  if (value === undefined) return ['2026-01-01'];
  if (Array.isArray(value)) return [String(value[0] ?? 'no item')];
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  if (operator === 'match') return [text.slice(1, -1).toUpperCase()];
  if (compare) return [text.toUpperCase()];
  const second = operator === 'in' || operator === 'nin' ? values.slice(1).find(isValue) : undefined;
  return second === undefined ? [text] : [text, String(second)];
}

const isValue = (value: unknown): boolean => value !== null && value !== undefined;

/** Whether the model finds the row. What is compared by a key of its own is folded on both sides. */
function matches({ on: { attribute, operator, compare } }: AttributeFilter, { values }: Row, asked: string[]): boolean {
  const value = values[attribute.name];
  if (!compare) return passes(typeOf(attribute), operator, value, asked);
  return passes('string', operator, compare.as(String(value)), asked.map(compare.as));
}

/** All pages of a list, by its next links. */
async function pages(on: Subject, query: string): Promise<string[]> {
  const found: string[] = [];
  let response: ApiResponse = await on.get(query);
  for (;;) {
    found.push(...ids(response));
    const { next } = response.links;
    if (!next) return found;
    response = await on.get(next.slice(on.path.length));
  }
}

/** Each request is rejected with 400, and the error names the parameter. */
async function expectErrors(on: Subject, cases: readonly (readonly [string, string])[]): Promise<void> {
  const responses: Record<string, string[]> = {};
  for (const [query] of cases) responses[query] = (await on.get(query)).problems;
  const expected = cases.map(([query, parameter]) => [query, [`400 invalid_parameter ${parameter}`]]);
  assert.deepEqual(responses, Object.fromEntries(expected));
}
