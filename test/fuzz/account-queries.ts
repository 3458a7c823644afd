import fc from 'fast-check';
import {
  ATTRIBUTES,
  FILTERS,
  type Account,
  type AttributeName,
  type Condition,
  type SortKey,
} from './account-model.js';
import { thoroughly } from './arbitraries.js';
import type { Operator } from '../../src/testing/contract/semantics.js';

/** Queries that the service has to take, with what they mean in the model. */

/** A condition, and the parameters that say so: there are several ways to spell most of them. */
export interface Spelled {
  readonly condition: Condition;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** Texts that stand in names and e-mails: upper and lower case, accents, and what a LIKE pattern or a list minds. */
export const FRAGMENTS = ['a', 'B', 'É', 'ß', 'ж', 'Ø', 'z', '%', '_', '\\', ',', "'", '"', ' ', '-', '1', '10'];

const fragment = (): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...FRAGMENTS), { minLength: 1, maxLength: 2 }).map((parts) => parts.join(''));

/** A few letters, or any part of what a row has: the whole of it, too. */
function part(name: AttributeName, accounts: readonly Account[]): fc.Arbitrary<string> {
  const values = accounts.map((account) => String(account[name])).filter((value) => value !== 'null');
  const cut = fc
    .record({ value: fc.constantFrom(...values), from: fc.nat(20), to: fc.integer({ min: 1, max: 60 }) })
    .map(({ value, from, to }) => [...value].slice(from, to).join(''));
  return fc.oneof(fragment(), cut);
}

const DAY_MS = 86_400_000;

/** The spellings of an instant: itself, with another offset, in microseconds, without seconds, or just its day. */
const instants = (iso: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    iso,
    `${new Date(Date.parse(iso) + 2 * 3_600_000).toISOString().slice(0, -1)}+02:00`,
    `${new Date(Date.parse(iso) - 9.5 * 3_600_000).toISOString().slice(0, -1)}-0930`,
    `${iso.slice(0, -1)}000Z`,
    `${iso.slice(0, -1)}001Z`,
    `${iso.slice(0, 16)}Z`,
    iso.slice(0, 10),
    new Date(Date.parse(iso) + DAY_MS).toISOString().slice(0, 10),
  );

/** Texts of one value of an attribute: such as stand in a row, mostly. */
function valueText(name: AttributeName, accounts: readonly Account[]): fc.Arbitrary<string> {
  const values = [...new Set(accounts.map((account) => account[name]))].filter((value) => value !== null);
  const held = fc.constantFrom(...values);
  switch (ATTRIBUTES[name]) {
    case 'time':
      return held.chain((iso) => instants(String(iso)));
    case 'json':
      return held.map((scope) => JSON.stringify(scope));
    case 'uuid':
      return fc.oneof(
        held.map(String),
        held.map((id) => String(id).toUpperCase()),
        fc.uuid(),
      );
    case 'boolean':
      return held.map(String);
    default:
      return fc.oneof({ weight: 4, arbitrary: held.map(String) }, { weight: 1, arbitrary: fragment() });
  }
}

/** How a list is written: in one parameter, in several of one name (equality alone), or in several with `[]`. */
function spellings(name: string, operator: Operator, texts: readonly string[]): fc.Arbitrary<Spelled['parameters']> {
  const escaped = texts.map((text) => text.replaceAll(',', '\\,'));
  const repeated = escaped.map((text) => [`${name}[]`, text] as const);
  const ways: Spelled['parameters'][] = [repeated];
  // A backslash at the end of a value would take the comma after it along.
  if (escaped.slice(0, -1).every((text) => !text.endsWith('\\'))) ways.push([[name, escaped.join(',')]]);
  if (operator === 'eq') ways.push(escaped.map((text) => [name, text] as const));
  return fc.constantFrom(...ways);
}

function attributeFilter(
  attribute: AttributeName,
  operator: Operator,
  accounts: readonly Account[],
): fc.Arbitrary<Spelled> {
  const name = operator === 'eq' ? `filter[${attribute}]` : `filter[${attribute}__${operator}]`;
  const one = operator === 'match' ? part(attribute, accounts) : valueText(attribute, accounts);
  const whole = operator === 'match' || operator === 'gte' || operator === 'lte' || attribute === 'role_scope';
  if (whole) {
    return one.map((text) => ({
      condition: { attribute, operator, texts: [text] },
      parameters: [[name, text] as const],
    }));
  }
  const texts = fc.array(fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: fc.constant('null') }), {
    minLength: 1,
    maxLength: 4,
  });
  return texts.chain((all) =>
    spellings(name, operator, all).map((parameters) => ({
      condition: { attribute, operator, texts: all },
      parameters,
    })),
  );
}

function scopeFilter(organizations: readonly string[]): fc.Arbitrary<Spelled> {
  const scope = fc.record(
    {
      org: fc.subarray([...organizations], { maxLength: 2 }),
      region: fc.subarray(['eu', 'us'], { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  const bracketed = fc.subarray([...organizations], { minLength: 1, maxLength: 2 });
  return fc.oneof(
    scope.map((asked) => ({
      condition: { scope: asked },
      parameters: [['filter[with_role_scope]', JSON.stringify(asked)] as const],
    })),
    bracketed.map((org) => ({
      condition: { scope: { org } },
      parameters: org.map((id) => ['filter[with_role_scope][org][]', id] as const),
    })),
  );
}

/** Some conditions, none of them twice. */
export function filters(accounts: readonly Account[], organizations: readonly string[]): fc.Arbitrary<Spelled[]> {
  const one = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .constantFrom(...FILTERS.flatMap(([attribute, operators]) => operators.map((one) => [attribute, one] as const)))
        .chain(([attribute, operator]) => attributeFilter(attribute, operator, accounts)),
    },
    {
      weight: 1,
      arbitrary: fragment().map((search) => ({
        condition: { search },
        parameters: [['filter[search]', search] as const],
      })),
    },
    { weight: 2, arbitrary: scopeFilter(organizations) },
  );
  return fc.uniqueArray(one, {
    maxLength: 3,
    selector: ({ parameters }) => parameters[0]?.[0].replace(/(\[org\])?\[\]$/, ''),
  });
}

const SORTABLE = (Object.keys(ATTRIBUTES) as AttributeName[]).filter((name) => name !== 'role_scope');

/** Up to three keys, each once. */
export const sorts = (): fc.Arbitrary<SortKey[]> =>
  fc.uniqueArray(fc.record({ attribute: fc.constantFrom(...SORTABLE), descending: fc.boolean() }), {
    maxLength: 3,
    selector: ({ attribute }) => attribute,
  });

/** The query string of these parameters, as a thorough client writes it. */
export const queryString = (parameters: readonly (readonly [string, string])[]): string =>
  parameters.map(([name, text]) => `${thoroughly(name)}=${thoroughly(text)}`).join('&');
