import type { Typed } from './methods.js';
import type { Page } from './page.js';
import type {
  AnyResources,
  CallOptions,
  Fields,
  GetQuery,
  Includable,
  IterateQuery,
  ListQuery,
  Resource,
} from './types.js';

/** Keys and options for TanStack Query 5, which is not imported: they are plain objects. */

/** Options of `useQuery`. */
export interface QueryOptions<Data> {
  readonly queryKey: readonly unknown[];
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<Data>;
}

/** Options of `useInfiniteQuery`; a page parameter is a cursor. */
export interface InfiniteQueryOptions<Data> {
  readonly queryKey: readonly unknown[];
  readonly queryFn: (context: { readonly signal: AbortSignal; readonly pageParam: string }) => Promise<Data>;
  readonly initialPageParam: string;
  readonly getNextPageParam: (page: Data) => string | undefined;
}

/** Keys and options of a resource. */
export interface ResourceQueries<R extends AnyResources<R>, T extends keyof R> {
  /** The key in front of all of them, for `invalidateQueries({ queryKey })` after a write. */
  readonly key: readonly [T];
  list<
    const I extends Includable<R, T> = never,
    const F extends Fields<R, T> = object,
    const C extends boolean = false,
  >(
    query?: ListQuery<R, T, I, F, C>,
  ): QueryOptions<Page<Resource<R, T, I, F>, C>>;
  /** By cursors. */
  infinite<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    query?: IterateQuery<R, T, I, F>,
  ): InfiniteQueryOptions<Page<Resource<R, T, I, F>>>;
  get<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    id: string,
    query?: GetQuery<R, T, I, F>,
  ): QueryOptions<Resource<R, T, I, F>>;
}

/** Keys and options for each resource of a client that can be listed. */
export type Queries<Api> = {
  readonly [
    Group in keyof Api as Api[Group] extends { list: unknown } & Typed<unknown, unknown> ? Group : never
  ]: Api[Group] extends Typed<infer R extends AnyResources<R>, infer T> ? ResourceQueries<R, T & keyof R> : never;
};

type AnyQuery = CallOptions & { readonly size?: number };
/** The methods of a resource that are used here. */
interface AnyMethods {
  readonly type?: string;
  list?(query: object): Promise<Page<unknown>>;
  get?(id: string, query: object): Promise<unknown>;
}

const DEFAULT_SIZE = 100;

/** The part of a query that its key has: everything but the signal. */
const partsOf = ({ signal: _, ...query }: AnyQuery = {}): AnyQuery => query;

function queriesOfResource({ type, list, get }: Required<AnyMethods>) {
  return {
    key: [type],
    list: (query?: AnyQuery) => ({
      queryKey: [type, 'list', partsOf(query)],
      queryFn: ({ signal }: CallOptions) => list({ ...query, signal }),
    }),
    infinite: ({ size = DEFAULT_SIZE, ...query }: AnyQuery = {}) => ({
      queryKey: [type, 'infinite', { ...partsOf(query), size }],
      queryFn: ({ signal, pageParam }: CallOptions & { pageParam: string }) =>
        list({ ...query, page: { after: pageParam, size }, signal }),
      initialPageParam: '',
      getNextPageParam: ({ links: { next } }: Page<unknown>) =>
        new URLSearchParams(next?.split('?')[1]).get('page[after]') ?? undefined,
    }),
    get: (id: string, query?: AnyQuery) => ({
      queryKey: [type, 'get', id, partsOf(query)],
      queryFn: ({ signal }: CallOptions) => get(id, { ...query, signal }),
    }),
  };
}

/** Keys and options for TanStack Query: `useQuery(queriesOf(iam).accounts.list({ sort: 'name' }))`. */
export function queriesOf<Api extends object>(iam: Api): Queries<Api> {
  const groups = Object.entries(iam as Record<string, AnyMethods>).filter(([, { type, list }]) => type && list);
  const queries = groups.map(([name, methods]) => [name, queriesOfResource(methods as Required<AnyMethods>)]);
  return Object.fromEntries(queries) as Queries<Api>;
}
