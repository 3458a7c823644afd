import { v7 as uuidv7 } from 'uuid';
import type { TypeName } from './semantics.js';

/** Values of each type, for tests that know nothing else of an attribute. */

/** Texts of a filter that are not of the type. Every text without NUL is a string. */
export const WRONG_TEXTS: Readonly<Record<TypeName | 'words', string>> = {
  string: '%00',
  words: '1%202%203%204%205%206%207%208%209%2010%2011',
  uuid: '1234',
  boolean: 'yes',
  integer: '1.5',
  time: 'yesterday',
  json: '{',
  date: '2026-02-30',
  numeric: '1e3',
  enum: 'nope',
  list: '%00',
};

/** JSON values of a body that are not of the type. */
export const WRONG_VALUES: Readonly<Record<TypeName, unknown>> = {
  string: 7,
  words: 7,
  uuid: '1234',
  boolean: 'true',
  integer: 1.5,
  time: 'yesterday',
  json: 'text',
  date: '2026-01-31T00:00:00Z',
  numeric: 1.5,
  enum: 'nope',
  list: 'text',
};

const OTHERS: Readonly<Record<TypeName, (value: unknown) => unknown>> = {
  string: (value) => `${String(value ?? '')}!`,
  words: (value) => `${String(value ?? '')}!`,
  uuid: () => uuidv7(),
  boolean: (value) => value !== true,
  integer: (value) => Number(value ?? 0) + 1,
  time: (value) => new Date(Date.parse(String(value ?? '2026-01-01')) + 1).toISOString(),
  json: (value) => ({ ...(value as object | null), other: ['x'] }),
  date: (value) => (value === '2026-01-31' ? '2026-02-01' : '2026-01-31'),
  numeric: (value) => (value === '1' ? '2' : '1'),
  enum: (value) => `${String(value ?? '')}!`,
  list: (value) => [...((value as string[] | null) ?? []), 'other'],
};

/** A value of the type that is not this one. */
export const another = (type: TypeName, value: unknown): unknown => OTHERS[type](value);

/** A value as the text of a filter, with its commas marked where a list is taken. */
export function filterText(value: unknown, takes: 'list' | 'whole'): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return encodeURIComponent(takes === 'list' ? text.replaceAll(',', '\\,') : text);
}
