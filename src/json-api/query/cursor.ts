import type { CursorValues, SortKey } from './criteria.js';

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
    const operand = typeof value === 'string' ? attribute.kind.parse(value) : undefined;
    return operand !== undefined && 'value' in operand;
  });
  // Base64 has many spellings of the same bytes; only the one that was given out is taken.
  return fits && encodeCursor(sort, values) === cursor ? values : undefined;
}
