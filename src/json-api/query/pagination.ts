import type { PageLinks, ResourceRow } from '../document/response.js';
import type { Criteria, CursorValues, SortKey } from './criteria.js';
import { toUrl } from './query-string.js';

/** One page of rows out of what the statement gave, which may be one row more and in reverse. */
export interface Slice {
  readonly rows: readonly ResourceRow[];
  /** Whether there is more in the direction that was read. */
  readonly more: boolean;
}

/** Cuts the surplus row off and puts a page that was read backwards into the collection's order. */
export function slice({ page }: Criteria, rows: readonly ResourceRow[]): Slice {
  const kept = rows.slice(0, page.size);
  const backwards = page.mode === 'cursor' && page.direction === 'before';
  return { rows: backwards ? kept.reverse() : kept, more: rows.length > page.size };
}

function numberLinks(criteria: Criteria, { more }: Slice, count?: number): PageLinks {
  const { page } = criteria;
  if (page.mode !== 'number') throw new TypeError('A page by number was expected');
  const at = (number: number): string =>
    toUrl(criteria.path, [...criteria.parameters, ['page[number]', String(number)], ['page[size]', String(page.size)]]);
  const last = count === undefined ? undefined : Math.max(1, Math.ceil(count / page.size));
  return {
    self: at(page.number),
    first: at(1),
    prev: page.number > 1 && !criteria.unlinkable ? at(page.number - 1) : null,
    next: more && !criteria.unlinkable ? at(page.number + 1) : null,
    ...(last !== undefined && { last: at(last) }),
  };
}

function cursorLinks(criteria: Criteria, { rows, more }: Slice): PageLinks {
  const { page } = criteria;
  if (page.mode !== 'cursor') throw new TypeError('A page by cursor was expected');
  const at = (name: 'page[after]' | 'page[before]', cursor: string): string =>
    toUrl(criteria.path, [...criteria.parameters, [name, cursor], ['page[size]', String(page.size)]]);
  const forwards = page.direction === 'after';
  // Forwards, what lies behind is known from the cursor: a page that was not asked from the start has a previous one.
  const hasPrev = forwards ? page.cursor !== null : more;
  const hasNext = forwards ? more : page.cursor !== null;
  return {
    self: at(`page[${page.direction}]`, page.text),
    first: at('page[after]', ''),
    // Beyond either end there is no row to go on from, and the page before it is the collection's outermost one.
    prev: hasPrev && !criteria.unlinkable ? at('page[before]', rows[0]?.cursor ?? '') : null,
    next: hasNext && !criteria.unlinkable ? at('page[after]', rows.at(-1)?.cursor ?? '') : null,
    ...(criteria.count && { last: at('page[before]', '') }),
  };
}

/** The links of a page; they keep every parameter of the request but secrets. */
export function pageLinks(criteria: Criteria, part: Slice, count?: number): PageLinks {
  return criteria.page.mode === 'number' ? numberLinks(criteria, part, count) : cursorLinks(criteria, part);
}

/**
 * Cursors of the JSON:API profile "cursor pagination": the sort they were made for, and the sort key's value of one
 * row, each as text. They carry no right; they only say where to go on.
 */

/** The sort as a client would write it, with the tie-breaker. */
export const signature = (sort: readonly SortKey[]): string =>
  sort.map((key) => (key.descending ? '-' : '') + key.attribute.name).join(',');

/** Makes the cursor of a row. */
export const encodeCursor = (sort: readonly SortKey[], values: CursorValues): string =>
  Buffer.from(JSON.stringify([signature(sort), ...values])).toString('base64url');

/** Reads a cursor made for this very sort; `undefined` for anything else. */
export function decodeCursor(sort: readonly SortKey[], cursor: string): CursorValues | undefined {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(decoded) || decoded.length !== sort.length + 1 || decoded[0] !== signature(sort)) return undefined;
  const values: CursorValues = decoded.slice(1);
  const fits = sort.every(({ attribute }, i) => {
    const value = values[i];
    if (value === null) return attribute.nullable;
    const operand = typeof value === 'string' ? attribute.type.parse(value) : undefined;
    return operand !== undefined && 'value' in operand;
  });
  // Base64 has many spellings of the same bytes; only the one that was given out is taken.
  return fits && encodeCursor(sort, values) === cursor ? values : undefined;
}
