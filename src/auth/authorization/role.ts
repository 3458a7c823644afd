import { ACTIONS, grantsOn, type Action, type Grants, type Right, type Scope } from './rights.js';

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
