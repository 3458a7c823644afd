import type { Action } from '../resource/resource-definition.js';
import type { AnyResource } from '../resource/resource.js';

/** What a handler does, as its decorator says. The guards and the tests read it. */
export type Verb = 'index' | 'show' | 'create' | 'update' | 'delete';

/** A handler that serves one of the five verbs of a resource. */
export interface ResourceRoute {
  readonly resource: AnyResource;
  readonly verb: Verb;
  readonly action: Action;
}

/** Metadata key of {@link ResourceRoute}. Guards read it by this name, to know the right that a route needs. */
export const RESOURCE_ROUTE = 'json-api:route';

/** Metadata key of the query parameters that any other handler takes; the rest are rejected. */
export const PLAIN_PARAMETERS = 'json-api:parameters';

/** Metadata key of handlers and controllers that do not use JSON:API. */
export const NOT_JSON_API = 'json-api:not';

/** Metadata key of controllers outside of the prefix. */
export const UNPREFIXED = 'json-api:unprefixed';

/** Metadata key of other handlers that may return one resource, which is then written as a document. */
export const RESPONDS_WITH = 'json-api:responds';

export const ACTION_OF: Readonly<Record<Verb, Action>> = {
  index: 'read',
  show: 'read',
  create: 'create',
  update: 'update',
  delete: 'delete',
};
