import type { Selection } from '../query/criteria.js';
import type { Permissions } from '../resource/permissions.js';
import type { AnyResource } from '../resource/resource.js';

/** What a repository returns: rows whose attributes PostgreSQL has already written as JSON. */

/** A resource identifier object's parts. */
export interface Identifier {
  readonly type: string;
  readonly id: string;
}

/** Which rows a relationship leads to (JSON:API 1.1, resource linkage). */
export type Linkage = Identifier | readonly Identifier[] | null;

/** One row of a response. */
export interface ResourceRow extends Identifier {
  readonly resource: AnyResource;
  /** The row's version, which every write raises: an integer, as text. */
  readonly version: string;
  /** The text of the `attributes` object. */
  readonly attributes: string;
  /** Ids in the row's own to-one relationships, by relationship. */
  readonly keys: ReadonlyMap<string, string | null>;
  /** Linkage of included relationships, by relationship. */
  readonly linkage: Map<string, Linkage>;
  /** In cursor mode: where a page after this row goes on. */
  readonly cursor: string | undefined;
  /** Where it was asked for: what the actor may do with the row. */
  readonly can?: Permissions;
}

/** A row's attributes and the linkage of some relationships, as one actor sees them. */
export interface Visible {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly linkage: ReadonlyMap<string, Linkage>;
}

/** A row locked for a write: the entity, and its attributes and the requested linkage as the actor sees them. */
export interface LockedRow<Entity> extends Visible {
  readonly entity: Entity;
}

/** One resource and what was included with it. */
export interface Item {
  readonly row: ResourceRow;
  readonly included: readonly ResourceRow[];
  readonly selection: Selection;
  /** Top-level `meta` of the document. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** The item with further members of its top-level `meta`. */
export const withMeta = (item: Item, members: ReadonlyMap<string, unknown>): Item =>
  members.size === 0 ? item : { ...item, meta: { ...item.meta, ...Object.fromEntries(members) } };

/** Pagination links; null where there is no such page. `last` is only known after a count. */
export interface PageLinks {
  readonly self: string;
  readonly first: string;
  readonly prev: string | null;
  readonly next: string | null;
  readonly last?: string;
}

/** A page of a collection. */
export interface Page {
  readonly rows: readonly ResourceRow[];
  readonly included: readonly ResourceRow[];
  readonly selection: Selection;
  readonly links: PageLinks;
  readonly count?: number;
  readonly cursors: boolean;
}
