import { type Document, resourcesOf } from './document.js';

/** Addresses of pages, as the service writes them. */
export interface PageLinks {
  readonly self: string;
  readonly first: string;
  readonly prev: string | null;
  readonly next: string | null;
  /** With `count: true`. */
  readonly last?: string;
}

/** One page of a collection. */
export class Page<Item, Counted extends boolean = false> implements Iterable<Item> {
  readonly data: readonly Item[];
  /** How many resources the whole collection has; with `count: true`. */
  readonly count: Counted extends true ? number : undefined;
  readonly links: PageLinks;
  readonly #follow: (link: string) => Promise<Page<Item, Counted>>;

  constructor(document: Document, follow: (link: string) => Promise<Page<Item, Counted>>) {
    this.data = resourcesOf(document) as Item[];
    this.count = document.meta?.['count'] as typeof this.count;
    this.links = document.links as unknown as PageLinks;
    this.#follow = follow;
  }

  /** The next page; undefined after the last one. */
  async next(): Promise<Page<Item, Counted> | undefined> {
    return this.links.next === null ? undefined : this.#follow(this.links.next);
  }

  /** The page before; undefined before the first one. */
  async prev(): Promise<Page<Item, Counted> | undefined> {
    return this.links.prev === null ? undefined : this.#follow(this.links.prev);
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.data[Symbol.iterator]();
  }
}
