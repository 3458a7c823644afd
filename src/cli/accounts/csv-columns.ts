import { z } from 'zod';
import type { TransferResource } from './account-reader.js';
import { type FieldType, FIELD_TYPES } from '../../json-api/resource/field-types.js';

/** The columns of a file: header by member of an account. */
export type ColumnMap = ReadonlyMap<string, string>;

/** Members of a line that are not attributes. */
const OTHERS: ReadonlySet<string> = new Set(['id', 'organizations', 'hashed_password']);
/** Members of members, for systems with the salt in a separate column: `hashed_password.salt`. */
const HASH_PART = /^hashed_password\.\w{1,40}$/;
/** Separates organizations, and items of a list, in a cell. */
const LIST = ';';

/** Whether a line may have this member. */
export const isMember = (name: string, { attributes }: TransferResource): boolean =>
  OTHERS.has(name) || attributes.has(name) || HASH_PART.test(name);

/** Reads `email=E-mail,name=Full name`: a comma within a header ends it only if a member follows. */
export const columnMap = (resource: TransferResource) =>
  z.string().transform((text, context): ColumnMap => {
    const map = new Map<string, string>();
    const invalid = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    for (const pair of text.split(/,(?=\s*[\w.]+=)/)) {
      const [, member = '', header = ''] = /^\s*([\w.]+)=(.+)$/.exec(pair) ?? [];
      if (header === '') return invalid('must be pairs such as email=E-mail,name=Full name');
      if (!isMember(member, resource)) return invalid(`must name members of an account, and ${member} is none`);
      if (map.has(member)) return invalid(`must name ${member} once`);
      map.set(member, header.trim());
    }
    return map;
  });

/**
 * Converts the cells of a row to members of a line; an empty cell is an absent member. A value of the wrong type stays
 * a string, which validation rejects.
 */
export function membersOf(
  members: readonly (string | null)[],
  cells: readonly string[],
  resource: TransferResource,
): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  const hashParts: Record<string, string> = {};
  for (const [place, member] of members.entries()) {
    const cell = cells[place] ?? '';
    if (member === null || cell.trim() === '') continue;
    if (HASH_PART.test(member)) hashParts[member.slice(member.indexOf('.') + 1)] = cell.trim();
    else line[member] = read(member, cell, resource);
  }
  return Object.keys(hashParts).length === 0 ? line : { ...line, hashed_password: hashParts };
}

function read(member: string, cell: string, resource: TransferResource): unknown {
  const text = cell.trim();
  if (member === 'organizations') return text.startsWith('[') ? json(text) : listOf(text);
  if (member === 'hashed_password') return /^[{[]/.test(text) ? json(text) : text;
  const type: FieldType = resource.attributes.get(member)?.type ?? FIELD_TYPES.string;
  const base = type.base ?? type.name;
  if (base === 'boolean') return BOOLEANS.get(text.toLowerCase()) ?? text;
  if (base === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (base === 'list') return text.startsWith('[') ? json(text) : listOf(text);
  return base === 'json' ? json(text) : text;
}

/** As spreadsheets and databases write them. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
  ['t', true],
  ['f', false],
]);

const listOf = (text: string): string[] =>
  text
    .split(LIST)
    .map((name) => name.trim())
    .filter((name) => name !== '');

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
