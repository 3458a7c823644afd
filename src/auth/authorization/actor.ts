import type { Role } from './role.js';
import type { Action, Scope } from './rights.js';

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
