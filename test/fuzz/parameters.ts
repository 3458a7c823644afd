import fc from 'fast-check';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import type { TypeName } from '../../src/testing/contract/semantics.js';
import { typeOf } from '../../src/testing/contract/subject.js';
import { encoded, mutated, ODD, PROTOTYPE_NAMES, text, thoroughly, value } from './arbitraries.js';

/** Query parameters of a collection, from valid ones to senseless ones. */

/** What stands in the database, for parameters that find something. */
export interface Known {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  /** Cursors that the service gave out, for several sorts. */
  readonly cursors: readonly string[];
}

/** The sorts that the known cursors are for, and others. */
export const SORTS = ['id', '-id', 'created_at', '-name', 'joined_at', '-picture_url', 'enabled,-role_name'];

const OPERATORS = ['', '__match', '__in', '__nin', '__gte', '__lte', '__like', '__', '__eq', '__proto__'];
const TAILS = ['', '', '', '', '', '[]', '[org]', '[org][]', '[__proto__]', '[constructor][]', '[a][b][c]', '['];
const PAGES = ['page[number]', 'page[size]', 'page[after]', 'page[before]', 'page[limit]', 'page', 'page[]'];
const INCLUDES = ['include', 'included', 'include[]', 'included[]', 'include[a]'];
const STRANGE = ['filter', 'filter[]', 'filter[[name]]', 'filter[name', 'filter]name[', '[name]', ...PROTOTYPE_NAMES];

/** A parameter whose name, value or encoding may be wrong. */
export function anyParameter(resource: AnyResource, known: Known): fc.Arbitrary<string> {
  const { type, attributes, filters, relationships } = resource;
  const fields = fc.constantFrom('id', ...attributes.keys(), ...relationships.keys(), 'nope', ...PROTOTYPE_NAMES);
  const filter = fc.oneof(
    fc.constantFrom(...filters.keys()),
    fc.tuple(fields, fc.constantFrom(...OPERATORS)).map(([name, operator]) => name + operator),
    text(),
  );
  const tail = fc.constantFrom(...TAILS);
  const bracketed = (base: string, inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(inner, tail).map(([name, rest]) => `${base}[${name}]${rest}`);
  const any = value([...known.ids, ...known.texts]);
  const list = fc.array(fc.oneof(fields, text()), { maxLength: 4 });
  const keys = list.map((all) => all.map((key, i) => (i % 2 ? `-${key}` : key)).join(','));
  const types = fc.oneof(fc.constantFrom(type, 'iam:accounts', 'accounts', ...PROTOTYPE_NAMES), text());
  const cursor = fc.oneof(
    fc.constantFrom('', ...known.cursors),
    mutated(fc.constantFrom(...known.cursors)),
    forgedCursor(any),
  );
  const mostly = (own: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: any });
  const pair = (name: fc.Arbitrary<string>, plain: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .tuple(encoded(name), encoded(plain), fc.constantFrom('=', '=', '=', '=', '', '=='))
      .map(([left, right, equals]) => left + equals + right);
  return fc.oneof(
    { weight: 8, arbitrary: pair(bracketed('filter', filter), any) },
    { weight: 2, arbitrary: pair(fc.constant('sort'), mostly(keys)) },
    { weight: 4, arbitrary: pair(fc.constantFrom(...PAGES), mostly(cursor)) },
    { weight: 2, arbitrary: pair(bracketed('fields', types), mostly(list.map(String))) },
    { weight: 1, arbitrary: pair(fc.constantFrom(...INCLUDES), mostly(list.map(String))) },
    { weight: 1, arbitrary: pair(fc.constant('count'), any) },
    { weight: 1, arbitrary: pair(fc.oneof(fc.constantFrom(...STRANGE), text()), any) },
  );
}

/** A cursor whose form is right, with any values in it. */
const forgedCursor = (any: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', 'name,id', '-name,-id', '__proto__,id', ...SORTS),
      fc.array(fc.oneof(any, fc.constant(null), fc.integer()), { maxLength: 3 }),
    )
    .map(([sort, values]) => Buffer.from(JSON.stringify([sort, ...values])).toString('base64url'));

/** A parameter that the service has to take, though its value may be odd. */
export function plausibleParameter(resource: AnyResource, known: Known): fc.Arbitrary<string> {
  const { type, attributes, filters, relationships } = resource;
  const visible = [...attributes.values()].filter(({ hidden }) => !hidden).map(({ name }) => name);
  const sortable = ['id', ...[...attributes.values()].filter((one) => one.sortable).map(({ name }) => name)];
  const there: Readonly<Partial<Record<TypeName, readonly string[]>>> = { uuid: known.ids, string: known.texts };
  const ofFilter = [...filters.values()].map(({ name, takes, ...rest }) => {
    const kind = typeOf(rest);
    const odd = fc.oneof(ODD[kind](), ...(there[kind] ? [fc.constantFrom(...there[kind])] : []));
    const plain = takes === 'list' ? odd.map((one) => one.replaceAll(',', '\\,')) : odd;
    return fc.tuple(fc.constant(`filter[${name}]`), plain);
  });
  const some = (all: string[]) => fc.shuffledSubarray(all).map(String);
  const keys = fc.shuffledSubarray(sortable, { minLength: 1, maxLength: Math.min(3, sortable.length) }).map(String);
  const number = fc.integer({ min: 1, max: 1000 }).map(String);
  return fc
    .oneof(
      { weight: 8, arbitrary: fc.oneof(...ofFilter) },
      { weight: 3, arbitrary: fc.tuple(fc.constant('sort'), keys) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('page[number]', 'page[size]'), number) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom('page[after]', 'page[before]'), fc.constant('')) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('count'), fc.constantFrom('true', 'false')) },
      { weight: 2, arbitrary: fc.tuple(fc.constant(`fields[${type}]`), some([...visible, ...relationships.keys()])) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('include'), some([...relationships.keys()])) },
    )
    .map(([name, plain]) => `${thoroughly(name)}=${thoroughly(plain)}`);
}
