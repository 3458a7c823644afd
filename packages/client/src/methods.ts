import type { Page } from './page.js';
import type {
  AnyResources,
  CallOptions,
  CreateOptions,
  Fields,
  GetQuery,
  Includable,
  IterateQuery,
  ListQuery,
  Resource,
  ResourceMeta,
  Selection,
  ShownOnce,
  Target,
} from './types.js';

/** The methods that resources have in common; the generated types say which of them a resource has. */

declare const resources: unique symbol;

/** Which resource the methods are for. */
export interface Typed<R, T> {
  /** Its JSON:API type. */
  readonly type: T;
  /** For the compiler alone. */
  readonly [resources]?: R;
}

/** The methods of a resource that can be listed. */
export interface Lists<R extends AnyResources<R>, T extends keyof R> extends Typed<R, T> {
  /** One page of the collection. */
  list<
    const I extends Includable<R, T> = never,
    const F extends Fields<R, T> = object,
    const C extends boolean = false,
  >(
    query?: ListQuery<R, T, I, F, C>,
  ): Promise<Page<Resource<R, T, I, F>, C>>;
  /** All pages, one after the other, by cursors: each costs the same wherever it lies. */
  pages<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    query?: IterateQuery<R, T, I, F>,
  ): AsyncGenerator<Page<Resource<R, T, I, F>>, void, void>;
  /** All resources, page by page: `for await (const account of iam.accounts.iterate())`. */
  iterate<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    query?: IterateQuery<R, T, I, F>,
  ): AsyncGenerator<Resource<R, T, I, F>, void, void>;
}

/** The method of a resource that can be read by id. */
export interface Gets<R extends AnyResources<R>, T extends keyof R> extends Typed<R, T> {
  /** @throws NotFoundError also where the row is out of scope */
  get<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    id: string,
    query?: GetQuery<R, T, I, F>,
  ): Promise<Resource<R, T, I, F>>;
}

/** The method of a resource that can be created. */
export interface Creates<R extends AnyResources<R>, T extends keyof R, Meta = ResourceMeta & ShownOnce> extends Typed<
  R,
  T
> {
  /**
   * Sent with an `Idempotency-Key`, so that a retry creates nothing twice. Secrets that the response shows once are in
   * `$meta`. @throws ValidationError, ConflictError
   */
  create<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    attributes: R[T]['create'],
    options?: CreateOptions & Selection<R, T, I, F>,
  ): Promise<Resource<R, T, I, F, Meta>>;
}

/** The method of a resource that can be updated. */
export interface Updates<R extends AnyResources<R>, T extends keyof R, Meta = ResourceMeta> extends Typed<R, T> {
  /**
   * @param target a resource that was read, whose version is sent as `If-Match`; or an id, to write whatever the version
   * @throws PreconditionFailedError when it was changed since it was read
   */
  update<const I extends Includable<R, T> = never, const F extends Fields<R, T> = object>(
    target: Target,
    attributes: R[T]['update'],
    options?: CallOptions & Selection<R, T, I, F>,
  ): Promise<Resource<R, T, I, F, Meta>>;
}

/** The method of a resource that can be deleted. */
export interface Deletes<Result = void> {
  /** @param target as in `update` */
  delete(target: Target, options?: CallOptions): Promise<Result>;
}
