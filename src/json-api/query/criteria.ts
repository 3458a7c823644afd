import type { Operands } from '../sql/operators.js';
import type { Attribute, Filter } from '../resource/attributes.js';

/** What a request asks of a collection, parsed and checked; SQL is made from nothing else. */

/** One key of the order. Every order ends with `id`, so that it is total. */
export interface SortKey {
  readonly attribute: Attribute;
  readonly descending: boolean;
}

/** One filter parameter with its values. */
export interface Condition {
  readonly filter: Filter;
  readonly operands: Operands;
  /** The parameter's name as sent, for errors that only the database or the actor's rights show. */
  readonly parameter: string;
}

/** Where a page goes on: one value a sort key, as text or null. */
export type CursorValues = readonly (string | null)[];

/** Which slice of the collection: by number from 1, or by cursor (`null` is the collection's end). */
export type PageRequest =
  | { readonly mode: 'number'; readonly number: number; readonly size: number }
  | {
      readonly mode: 'cursor';
      readonly direction: 'after' | 'before';
      readonly cursor: CursorValues | null;
      /** The cursor as sent, for the page's own link. */
      readonly text: string;
      readonly size: number;
    };

/** What a request selects of a document: sparse fieldsets and included relationships. */
export interface Selection {
  /** By resource type; a type that is not in it shows everything. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  readonly include: readonly string[];
  /** The parameter that asks for what is included, as it was sent. */
  readonly includedBy?: string;
  /** Whether the resource objects of the primary data say what the actor may do with them; missing if not asked. */
  readonly can?: boolean;
}

/** A parsed request for a collection. */
export interface Criteria extends Selection {
  readonly conditions: readonly Condition[];
  readonly sort: readonly SortKey[];
  readonly page: PageRequest;
  readonly count: boolean;
  /** The request's path, and its parameters but `page[…]` and secrets: what links are made of. */
  readonly path: string;
  readonly parameters: readonly (readonly [string, string])[];
  /** A secret filter was kept out of the parameters, so that no link leads on. */
  readonly unlinkable: boolean;
}
