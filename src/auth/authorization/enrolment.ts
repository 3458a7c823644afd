import type { Role } from './actor.js';
import type { Action } from './rights.js';

/** What an account needs to add a second factor of one kind: these actions on own rows of a resource type. */
export interface Enrolment {
  readonly type: string;
  readonly actions: readonly Action[];
}

/**
 * Sentences about the roles whose accounts must have a second factor and have the rights to add none of any kind, so that
 * they could do nothing at all.
 */
export function enrolmentErrors(roles: readonly Role[], enrolments: readonly Enrolment[]): string[] {
  return roles
    .filter(({ requiresFactor }) => requiresFactor)
    .flatMap((role) => {
      const missing = enrolments.map(({ type, actions }) =>
        actions.filter((action) => !role.can(type, action, 'own')).map((action) => `${type}.${action}.own`),
      );
      if (missing.some(({ length }) => length === 0)) return [];
      const rights = missing.map((some) => some.join(' and ')).join(', or ');
      return `roles.${role.name}.mfa: required, but the rights of the role do not allow adding a second factor; add ${rights}`;
    });
}
