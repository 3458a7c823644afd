import { Injectable } from '@nestjs/common';
import { mayAssign } from '../accounts/account.policy.js';
import { keyCovers } from '../accounts/api-key-grants.js';
import type { Actor, Role } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import { apiError } from '../json-api/document/errors.js';
import type { VisibleRole } from './role-document.js';

const isWithinKey = (actor: Actor, role: Role): boolean =>
  actor.apiKeyId === null || keyCovers(actor, role, actor.organizationIds);

/** The roles that an actor may see. */
@Injectable()
export class RolesService {
  constructor(private readonly roles: Roles) {}

  /** All roles, lowest rank first; only the actor's own if the actor may assign none. */
  index(actor: Actor): VisibleRole[] {
    const all = this.roles
      .list()
      .map((role) => ({ role, assignable: mayAssign(actor, role) && isWithinKey(actor, role) }));
    return all.some(({ assignable }) => assignable) ? all : all.filter(({ role }) => role.name === actor.role.name);
  }

  /** @throws ApiError 404 for a role that does not exist or that the actor may not see */
  show(actor: Actor, name: string): VisibleRole {
    const found = this.index(actor).find(({ role }) => role.name === name);
    if (!found) throw apiError('not_found', 'There is no such iam:roles');
    return found;
  }
}
