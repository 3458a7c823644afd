/**
 * The types of resources, queries and results. `R` is the generated interface with every resource of the API, by its JSON:API
 * type; `T` is one of these types.
 */

/** A time as the API writes it: ISO 8601 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`. */
export type Time = string;

/** A time in a request: a `Date`, or ISO 8601. */
export type TimeInput = Date | string;

/** One value of a filter, or several, of which any matches. */
export type OneOrMore<Value> = Value | readonly Value[];

/** The generated types of one resource. */
export interface ResourceTypes {
  /** As documents show them. */
  readonly attributes: object;
  /** What a create takes; `never` where there is none. */
  readonly create: unknown;
  readonly update: unknown;
  /** Values of filters, by what is in the brackets of `filter[…]`. */
  readonly filter: object;
  /** Names to sort by, without `-`. */
  readonly sort: string;
  /** Relationships to one resource and to many: the types of what is related. */
  readonly one: object;
  readonly many: object;
}

/** Every resource of an API, by type. */
export type AnyResources<R> = { readonly [T in keyof R]: ResourceTypes };

type One<R extends AnyResources<R>, T extends keyof R> = R[T]['one'];
type Many<R extends AnyResources<R>, T extends keyof R> = R[T]['many'];
type Values<Of> = Of[keyof Of];

/** The relationships that `include` takes. */
export type Includable<R extends AnyResources<R>, T extends keyof R> = (keyof One<R, T> | keyof Many<R, T>) & string;

/** The types that `fields` takes: the resource's own, and those that it can include. */
type Selectable<R extends AnyResources<R>, T extends keyof R> =
  T | (Values<One<R, T>> & keyof R) | (Values<Many<R, T>> & keyof R);

/** Sparse fieldsets: which attributes, by type. */
export type Fields<R extends AnyResources<R>, T extends keyof R> = {
  readonly [Type in Selectable<R, T>]?: readonly (keyof R[Type]['attributes'] & string)[];
};

/** Keys of `sort`; with `-` descending. */
export type SortKey<R extends AnyResources<R>, T extends keyof R> = R[T]['sort'] | `-${R[T]['sort']}`;

/** Fails to compile for members of `F` that `Allowed` does not have. */
type NoOthers<F, Allowed> = { readonly [Key in Exclude<keyof F, keyof Allowed>]: never };

/** What the actor may do with a resource; with `can: true`. */
export interface Permissions {
  readonly update: boolean;
  readonly delete: boolean;
  /** The attributes that may be changed. */
  readonly attributes: readonly string[];
  /** Other actions that may be done, where the resource has any. */
  readonly actions?: readonly string[];
}

/** `meta` of a resource, and of the document around it where that has one resource. */
export interface ResourceMeta {
  /** What `update` and `delete` send as `If-Match`. */
  readonly version: number;
  readonly can?: Permissions;
}

/** What a response shows once, such as a secret that was made: members of `$meta` beside those of the resource. */
export type ShownOnce = Readonly<Record<string, unknown>>;

type Attributes<R extends AnyResources<R>, T extends keyof R, F> = F extends {
  readonly [Type in T]: readonly (infer Name)[];
}
  ? Pick<R[T]['attributes'], Name & keyof R[T]['attributes']>
  : R[T]['attributes'];

type Flat<Type> = { readonly [Key in keyof Type]: Type[Key] };

type Own<R extends AnyResources<R>, T extends keyof R, F, Meta> = {
  readonly type: T;
  readonly id: string;
  readonly $meta: Meta;
} & Attributes<R, T, F>;

type Related<R extends AnyResources<R>, T extends keyof R, F> = Flat<Own<R, T, F, ResourceMeta>>;

/**
 * A resource as the client returns it: its attributes and included relationships beside `type` and `id`.
 * @typeParam I the relationships that are included
 * @typeParam F the sparse fieldsets
 */
export type Resource<R extends AnyResources<R>, T extends keyof R, I = never, F = unknown, Meta = ResourceMeta> = Flat<
  Own<R, T, F, Meta> & {
    readonly [Name in I & keyof One<R, T>]: Related<R, One<R, T>[Name] & keyof R, F> | null;
  } & {
    readonly [Name in I & keyof Many<R, T>]: readonly Related<R, Many<R, T>[Name] & keyof R, F>[];
  }
>;

/** Options of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that one attempt may take, with its response; 30 seconds without it. */
  readonly timeout?: number | undefined;
  /** How often a request that failed is sent again, where that is safe; 2 without it. */
  readonly retries?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** More query parameters, as they are sent, such as `{ confirm: true }`. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}

/** Options of a create. */
export interface CreateOptions extends CallOptions {
  /**
   * Makes repeated creates one, for 24 hours. The client makes a key for each call, and keeps it over retries; give one
   * where a person may press the button again.
   */
  readonly idempotencyKey?: string | undefined;
}

/** What a response has of a resource, and of related ones. */
export interface Selection<R extends AnyResources<R>, T extends keyof R, I, F> {
  /** Related resources, which become members of the result. */
  readonly include?: readonly I[] | undefined;
  /** The attributes of each type that the response has; all of them without it. */
  readonly fields?: (F & NoOthers<F, Fields<R, T>>) | undefined;
}

/** A selection of one resource. */
export interface GetQuery<R extends AnyResources<R>, T extends keyof R, I, F>
  extends CallOptions, Selection<R, T, I, F> {
  /** Adds `$meta.can`: what the actor may do. */
  readonly can?: boolean | undefined;
}

/** What a list has in common with what runs through all of its pages. */
export interface IterateQuery<R extends AnyResources<R>, T extends keyof R, I, F> extends GetQuery<R, T, I, F> {
  /** Conditions, joined by AND. */
  readonly filter?: R[T]['filter'] | undefined;
  readonly sort?: OneOrMore<SortKey<R, T>> | undefined;
  /** How many resources a page has; 1 to 1000, and 100 without it. */
  readonly size?: number | undefined;
}

/** A page of a collection: by its number, or after or before a cursor; an empty cursor is the first or the last page. */
export type PageQuery =
  | { readonly number?: number; readonly size?: number }
  | { readonly after: string; readonly size?: number }
  | { readonly before: string; readonly size?: number };

/** A list of resources. */
export interface ListQuery<R extends AnyResources<R>, T extends keyof R, I, F, C> extends GetQuery<R, T, I, F> {
  /** Conditions, joined by AND. */
  readonly filter?: R[T]['filter'] | undefined;
  readonly sort?: OneOrMore<SortKey<R, T>> | undefined;
  readonly page?: PageQuery | undefined;
  /** Counts the whole collection: `page.count`. */
  readonly count?: C | undefined;
}

/** A resource that was read: `update` and `delete` write only when no one changed it since. */
export interface Versioned {
  readonly id: string;
  readonly $meta: { readonly version: number };
}

/** An id, or a resource that was read. */
export type Target = string | Versioned;
