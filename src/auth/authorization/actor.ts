import type { ExecutionContext } from '@nestjs/common';
import { RESOURCE_ROUTE, type ResourceRoute } from '../../json-api/http/route.js';
import { describeWith } from '../../json-api/openapi/decorators.js';
import type { SessionOwner } from '../sessions/session.js';
import { type Action, ACTIONS, type Grants, grantsOn, NO_SCOPES, type Right, type Scope } from './rights.js';

/** `role_scope` as a client sees it: lists of strings, of which `org` holds organization ids. */
export type RoleScope = Readonly<Record<string, readonly string[]>>;

/** The fields of an actor. */
export interface ActorFields {
  readonly id: string;
  /** Null without a session. */
  readonly sessionId: string | null;
  /** Id of the API key that acts for the account. */
  readonly apiKeyId?: string | null;
  readonly email: string;
  readonly name: string;
  readonly pictureUrl: string | null;
  /** Null without a session. */
  readonly authenticatedAt?: Date | null;
  /** Whether the account must have a second factor and has none. */
  readonly lacksFactor?: boolean;
  /** Language tag (RFC 5646) that the account prefers. */
  readonly locale?: string | null;
  readonly role: Role;
  readonly organizationIds: readonly string[];
  /** `role_scope` without `org`. */
  readonly roleScopeExtra: RoleScope;
}

/**
 * The account of a request: enabled, with a live session or an API key. Immutable; replaced when anything changes. Of an
 * API key, `role` and `roleScope` are what the key may do, not what its owner may.
 */
export class Actor {
  /** Id of the account. */
  readonly id: string;
  /** Null of an API key. */
  readonly sessionId: string | null;
  /** Id of the API key that acts for the account; null of a session. */
  readonly apiKeyId: string | null;
  readonly email: string;
  readonly name: string;
  readonly pictureUrl: string | null;
  /** When the account signed in, or proved who it is since; null without a session. */
  readonly authenticatedAt: Date | null;
  /** Whether the account must have a second factor and has none: it may only add one. */
  readonly lacksFactor: boolean;
  /** Language tag (RFC 5646) that the account prefers; null for that of each request. */
  readonly locale: string | null;
  readonly role: Role;
  /** Organizations that the account belongs to, sorted: the scope `org`. */
  readonly organizationIds: readonly string[];
  /** `org` stands in it only when the account belongs to an organization. */
  readonly roleScope: RoleScope;

  constructor(fields: ActorFields) {
    this.id = fields.id;
    this.sessionId = fields.sessionId;
    this.apiKeyId = fields.apiKeyId ?? null;
    this.email = fields.email;
    this.name = fields.name;
    this.pictureUrl = fields.pictureUrl;
    this.authenticatedAt = fields.authenticatedAt ?? null;
    this.lacksFactor = fields.lacksFactor ?? false;
    this.locale = fields.locale ?? null;
    this.role = fields.role;
    this.organizationIds = Object.freeze(fields.organizationIds.toSorted());
    const org: RoleScope = this.organizationIds.length > 0 ? { org: this.organizationIds } : {};
    this.roleScope = Object.freeze({ ...fields.roleScopeExtra, ...org });
    Object.freeze(this);
  }

  /**
   * The session of the request, for what changes or ends it.
   * @throws Error when there is none, as of an API key: the route needs `@RejectsApiKeys()`
   */
  get session(): SessionOwner {
    if (this.sessionId === null) throw new Error('The actor has no session: its route needs @RejectsApiKeys()');
    return { accountId: this.id, sessionId: this.sessionId };
  }

  /** The scopes in which the actor may do an action on a resource type. Empty: not at all; `*` always stands alone. */
  scopes(type: string, action: Action): ReadonlySet<Scope> {
    return this.role.scopes(type, action);
  }

  /** Whether the actor's rights cover a scope; `*` covers every one. */
  can(type: string, action: Action, scope: Scope): boolean {
    return this.role.can(type, action, scope);
  }
}

/** The fields of a role. */
export interface RoleDefinition {
  readonly name: string;
  readonly title?: string | null;
  readonly description?: string | null;
  readonly rank: number;
  readonly assignable: boolean;
  /** Whether its accounts must have a second factor. */
  readonly requiresFactor?: boolean;
  readonly rights: readonly Right[];
  /** Resource types on which the rights give nothing, whatever they say. */
  readonly closed?: ReadonlySet<string>;
}

const NO_TYPES: ReadonlySet<string> = new Set();

/** A role of the roles file, or what an API key may do, with its rights computed once. Immutable. */
export class Role {
  readonly name: string;
  /** What a person reads in place of the name. */
  readonly title: string | null;
  readonly description: string | null;
  /** An actor cannot assign a role above this rank, or change an account above it. */
  readonly rank: number;
  /** Whether an account may be given this role over the API. */
  readonly assignable: boolean;
  /** Whether its accounts must have a second factor. */
  readonly requiresFactor: boolean;
  /** As they stand in the roles file, those on resources of other services included. */
  readonly rights: readonly string[];
  readonly parsedRights: readonly Right[];
  /** The four actions on all rows of every resource: what makes an admin, whatever the role's name. */
  readonly everything: boolean;

  readonly #byType: ReadonlyMap<string, Grants>;
  readonly #onAnyType: Grants;
  readonly #closed: ReadonlySet<string>;

  constructor({
    name,
    title = null,
    description = null,
    rank,
    assignable,
    requiresFactor = false,
    rights,
    closed,
  }: RoleDefinition) {
    this.name = name;
    this.title = title;
    this.description = description;
    this.rank = rank;
    this.assignable = assignable;
    this.requiresFactor = requiresFactor;
    this.rights = Object.freeze(rights.map((right) => right.text));
    this.parsedRights = rights;
    this.#closed = closed ?? NO_TYPES;
    this.#onAnyType = grantsOn('*', rights);
    this.#byType = new Map(rights.map(({ resource }) => [resource, grantsOn(resource, rights)]));
    this.everything = ACTIONS.every((action) => this.scopes('*', action).has('*'));
  }

  /**
   * The scopes in which this role may do an action on a resource type of this service. Empty: not at all; `*` always
   * stands alone.
   */
  scopes(resourceType: string, action: Action): ReadonlySet<Scope> {
    if (this.#closed.has(resourceType)) return NO_SCOPES;
    const grants = this.#byType.get(resourceType) ?? this.#onAnyType;
    return grants.get(action) ?? grants.get('*') ?? NO_SCOPES;
  }

  /** Whether the rights cover a scope; `*` covers every one. */
  can(resourceType: string, action: Action, scope: Scope): boolean {
    const scopes = this.scopes(resourceType, action);
    return scopes.has('*') || scopes.has(scope);
  }
}

/** The access that a route requires. */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'right'; readonly resourceType: string; readonly action: Action };

const ACCESS = 'auth:access';

/**
 * A decorator for a handler or a controller that declares the access that it requires.
 * @throws Error while the class is being defined, when two of them contradict each other
 */
export function accessDecorator(access: Access): MethodDecorator & ClassDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const subject: unknown = descriptor ? descriptor.value : target;
    if (typeof subject !== 'function') throw new Error(`${String(key)} is neither a route nor a controller`);
    if (Reflect.hasOwnMetadata(ACCESS, subject)) {
      throw new Error(`${subject.name} has more than one of @Public, @SignedIn and @Requires`);
    }
    Reflect.defineMetadata(ACCESS, access, subject);
    if (access.kind === 'public') documentAsPublic(subject, descriptor !== undefined);
  };
}

/** Documents a route without credentials: an empty `security` list, which the decorators of @nestjs/swagger cannot express. */
const documentAsPublic = (subject: object, isRoute: boolean): void =>
  describeWith(({ DECORATORS }) => {
    if (!isRoute) return Reflect.defineMetadata(DECORATORS.API_SECURITY, [], subject);
    // Merged by hand, because the decorator of the operation may come before or after.
    const operation: object | undefined = Reflect.getOwnMetadata(DECORATORS.API_OPERATION, subject);
    Reflect.defineMetadata(DECORATORS.API_OPERATION, { ...operation, security: [] }, subject);
  });

/** By handler: two guards ask for it in each request. */
const accesses = new WeakMap<object, { readonly controller: object; readonly access: Access | null }>();

/**
 * The access that a route requires: by its own decorator, else by the right that its JSON:API decorator implies, else by
 * the decorator of its controller. Null when none is declared; such a route is closed.
 */
export function accessOf(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): Access | null {
  const [handler, controller] = [context.getHandler(), context.getClass()];
  const known = accesses.get(handler);
  // Two controllers may inherit one handler.
  if (known?.controller === controller) return known.access;
  const access = declaredAccess(handler, controller);
  accesses.set(handler, { controller, access });
  return access;
}

function declaredAccess(handler: object, controller: object): Access | null {
  const own: Access | undefined = Reflect.getOwnMetadata(ACCESS, handler);
  if (own) return own;
  const route: ResourceRoute | undefined = Reflect.getOwnMetadata(RESOURCE_ROUTE, handler);
  if (route) return { kind: 'right', resourceType: route.resource.type, action: route.action };
  const inherited: Access | undefined = Reflect.getMetadata(ACCESS, controller);
  return inherited ?? null;
}

/** Open to all clients, also with an expired token. */
export const Public = (): MethodDecorator & ClassDecorator => accessDecorator({ kind: 'public' });

/** Open to every signed-in account, whatever its rights. */
export const SignedIn = (): MethodDecorator & ClassDecorator => accessDecorator({ kind: 'signed-in' });

/**
 * Open to a signed-in account that has a right to this action on this resource type, in any scope. The scope condition of the repository
 * selects the rows. Overrides the right that a JSON:API decorator implies. An action besides create, read, update and
 * delete is an own action of the resource, which this declares: the roles file may then name it.
 */
export const Requires = (resourceType: string, action: Action): MethodDecorator & ClassDecorator =>
  accessDecorator({ kind: 'right', resourceType, action });
