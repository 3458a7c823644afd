import { type Action, ACTIONS, type Grants, grantsOn, type Right, type Scope } from './rights.js';

/** `role_scope` as a client sees it: lists of strings, of which `org` holds organization ids. */
export type RoleScope = Readonly<Record<string, readonly string[]>>;

/** What an actor is made of. */
export interface ActorFields {
  readonly id: string;
  readonly sessionId: string;
  readonly email: string;
  readonly name: string;
  readonly pictureUrl: string | null;
  readonly role: Role;
  readonly organizationIds: readonly string[];
  /** `role_scope` without `org`. */
  readonly roleScopeExtra: RoleScope;
}

/** Who is asking: an enabled account in a session that is alive. Immutable, made anew when anything changes. */
export class Actor {
  /** Id of the account. */
  readonly id: string;
  readonly sessionId: string;
  readonly email: string;
  readonly name: string;
  readonly pictureUrl: string | null;
  readonly role: Role;
  /** Organizations that the account belongs to, sorted: what the scope `org` reaches. */
  readonly organizationIds: readonly string[];
  /** `org` stands in it only when the account belongs to an organization. */
  readonly roleScope: RoleScope;

  constructor(fields: ActorFields) {
    this.id = fields.id;
    this.sessionId = fields.sessionId;
    this.email = fields.email;
    this.name = fields.name;
    this.pictureUrl = fields.pictureUrl;
    this.role = fields.role;
    this.organizationIds = Object.freeze(fields.organizationIds.toSorted());
    const org: RoleScope = this.organizationIds.length > 0 ? { org: this.organizationIds } : {};
    this.roleScope = Object.freeze({ ...fields.roleScopeExtra, ...org });
    Object.freeze(this);
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

/** What a role is made of. */
export interface RoleDefinition {
  readonly name: string;
  readonly rank: number;
  readonly assignable: boolean;
  readonly rights: readonly Right[];
}

/** A role of the roles file, with its rights worked out once. Immutable. */
export class Role {
  readonly name: string;
  /** Nobody assigns a role above their own rank, or changes an account above it. */
  readonly rank: number;
  /** Whether an account may be given this role over the API. */
  readonly assignable: boolean;
  /** As they stand in the roles file. */
  readonly rights: readonly string[];
  /** Every action on all rows of every resource: what makes an admin, whatever the role's name. */
  readonly everything: boolean;

  readonly #byType: ReadonlyMap<string, Grants>;
  readonly #onAnyType: Grants;

  constructor({ name, rank, assignable, rights }: RoleDefinition) {
    this.name = name;
    this.rank = rank;
    this.assignable = assignable;
    this.rights = Object.freeze(rights.map((right) => right.text));
    this.#onAnyType = grantsOn('*', rights);
    this.#byType = new Map(rights.map(({ resource }) => [resource, grantsOn(resource, rights)]));
    this.everything = ACTIONS.every((action) => this.#onAnyType[action].has('*'));
  }

  /** The resource types that the rights name, `*` among them. */
  get resourceTypes(): Iterable<string> {
    return this.#byType.keys();
  }

  /** The scopes in which this role may do an action on a resource type. Empty: not at all; `*` always stands alone. */
  scopes(resourceType: string, action: Action): ReadonlySet<Scope> {
    return (this.#byType.get(resourceType) ?? this.#onAnyType)[action];
  }

  /** Whether the rights cover a scope; `*` covers every one. */
  can(resourceType: string, action: Action, scope: Scope): boolean {
    const scopes = this.scopes(resourceType, action);
    return scopes.has('*') || scopes.has(scope);
  }
}
