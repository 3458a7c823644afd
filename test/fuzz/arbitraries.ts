import fc from 'fast-check';
import type { TypeName } from '../../src/testing/contract/semantics.js';

/** What the fuzz tests are made of: texts, values, parameters and bodies, from harmless to hostile. */

/** Names that mean something to JavaScript objects. */
export const PROTOTYPE_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
];

/** Texts that have broken other services. */
const NASTY = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\u202E',
  '\uFEFF',
  '\uFFFF',
  '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
  'İıſẞ',
  "'; DROP TABLE accounts; --",
  '" OR 1=1',
  '$1',
  '%',
  '%%',
  '_',
  '\\',
  '\\,',
  ',',
  ',,',
  'null',
  'NULL',
  'undefined',
  'true',
  'NaN',
  '-0',
  '1e309',
  '${7*7}',
  '{{7*7}}',
  '../../etc/passwd',
  'x'.repeat(5000),
  '😀'.repeat(500),
  '('.repeat(200),
  '[',
  ']',
  '[]',
  '{}',
  '{',
  '"',
  ...PROTOTYPE_NAMES,
];

/** Any text, well-formed or not. */
export const text = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom('\0', '\\', ',', '%', '_', '[', ']', '"', "'", '&', '=', '+', ';'),
      maxLength: 12,
    }),
    fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => `a${String.fromCharCode(unit)}`),
  );

/** Texts that are almost times. */
const time = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .date({ noInvalidDate: false })
      .map((date) => (Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString())),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
    fc.constantFrom(
      '0000-01-01',
      '0001-01-01',
      '9999-12-31',
      '9999-12-31T23:59:59.999999999Z',
      '0001-01-01T00:00:00+14:59',
      '2026-02-30',
      '2026-13-01',
      '2026-01-01T24:00:00Z',
      '2026-01-01T23:59:60Z',
      '2026-01-01T00:00Z',
      '2026-01-01T00:00:00',
      '2026-01-01T00:00:00+02:00',
      '2026-01-01T00:00:00 02:00',
      '+292278994-08-17',
      'infinity',
      'now',
      'epoch',
    ),
  );

const number = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.double().map(String),
    fc.constantFrom('0', '1', '1000', '1001', '2147483647', '2147483648', '9007199254740993', '0x10', '1_000', '١٢'),
  );

const storable = (plain: string): string => plain.toWellFormed().replaceAll('\0', '');

/** Values that the service has to take, by kind, as odd as they may be. */
export const ODD: Readonly<Record<TypeName, () => fc.Arbitrary<string>>> = {
  string: () => text().map(storable),
  words: () => text().map((plain) => storable(plain).split(/\s+/u).slice(0, 8).join(' ')),
  uuid: () =>
    fc.oneof(
      fc.uuid(),
      fc.constantFrom('00000000-0000-0000-0000-000000000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'),
    ),
  boolean: () => fc.constantFrom('true', 'false'),
  date: () => fc.constantFrom('0001-01-01', '2024-02-29', '9999-12-31'),
  numeric: () => fc.constantFrom('0', '-0', '007', '1.50'),
  enum: () => text().map(storable),
  list: () => text().map(storable),
  integer: () => fc.oneof(fc.integer().map(String), fc.constantFrom('0', '-0', '007', '2147483647', '-2147483647')),
  time: () =>
    fc.oneof(
      fc
        .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      fc.constantFrom(
        '0001-01-01',
        '9999-12-31',
        '9999-12-31T23:59:59.999999999Z',
        '0001-01-01T00:00:00+14:59',
        '9999-12-31T23:59-14:59',
        '2024-02-29',
      ),
    ),
  json: () =>
    fc
      .jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
      .map((plain) => JSON.stringify(plain).replaceAll('\\u0000', '')),
};

/** JSON of every kind, with names that mean something to JavaScript, and deep nesting. */
export const json = (): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }).map((value) => JSON.stringify(value)) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...PROTOTYPE_NAMES, 'org', 'nope'), json0())
        .map(([name, value]) => `{"${name}":${value}}`),
    },
    { weight: 1, arbitrary: depth().map((depth) => '['.repeat(depth) + ']'.repeat(depth)) },
    {
      weight: 1,
      arbitrary: depth().map((depth) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('"\\u0000"', '"\\ud800"', '{"a":1,"a":2}', '1e400', '-0', '[1,]', '{"a":}'),
    },
  );

/** How deep something is nested. */
const depth = (): fc.Arbitrary<number> => fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(1000, 10_000));

function json0(): fc.Arbitrary<string> {
  return fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
}

/** A value for a query parameter, of one kind or another. `known` are values that the database has. */
export const value = (known: readonly string[]): fc.Arbitrary<string> => {
  const one = fc.oneof(
    fc.constantFrom(...known),
    text(),
    time(),
    number(),
    json(),
    fc.uuid(),
    fc.constantFrom('true', 'false', 'null'),
  );
  return fc.oneof(
    one,
    fc.array(one, { maxLength: 4 }).map((all) => all.join(',')),
  );
};

/** Percent-encoding as clients do it: thoroughly, hardly, or wrongly. Never a character that HTTP itself has no place for. */
export function encoded(plain: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: plain.map(thoroughly) },
    { weight: 3, arbitrary: plain.map(hardly) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(plain, fc.constantFrom('%', '%z', '%00', '%C3', '%ED%A0%80', '%F5%80%80%80', '%2'))
        .map(([all, odd]) => hardly(all) + odd),
    },
  );
}

export const thoroughly = (plain: string): string => encodeURIComponent(plain.toWellFormed());

/** Encodes only what cannot stand in a request line, or would end the parameter. */
const hardly = (plain: string): string =>
  plain.toWellFormed().replaceAll(/[^\u0021-\u007e]|[#&]/gu, (char) => encodeURIComponent(char));

/** Replaces a place of a text, doubles it or takes it out. */
export const mutation = (): fc.Arbitrary<(original: string) => string> =>
  fc
    .tuple(fc.nat({ max: 400 }), fc.constantFrom('', 'A', '_', '=', '.', '"', '0', 'é'), fc.boolean())
    .map(([at, piece, replace]) => (original) => {
      const place = original.length === 0 ? 0 : at % original.length;
      return original.slice(0, place) + piece + original.slice(place + (replace ? 1 : 0));
    });

/** A text with a place of it changed. */
export const mutated = (whole: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(whole, mutation()).map(([original, mutate]) => mutate(original));
