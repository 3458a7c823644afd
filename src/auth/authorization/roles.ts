import { readFileSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { Role } from './actor.js';
import { type Action, listed, parseRight, type Right } from './rights.js';
import { parseRolesFile, type RolesFile, RolesFileError, type ScopeKey } from './roles-file.js';

/** The roles of this installation, read once at boot from the roles file. */
@Injectable()
export class Roles {
  readonly #file: RolesFile;
  /** Null before the modules are started, as in a command. */
  #served: ReadonlyMap<string, ReadonlySet<Action>> | null = null;

  /** @throws RolesFileError which stops the boot and names every error of the file */
  constructor(@Inject(Config) config: Pick<Config, 'rolesFile'>) {
    this.#file = parseRolesFile(read(config.rolesFile), config.rolesFile);
  }

  /** The role of that name, or null when the file has none. */
  get(name: string): Role | null {
    return this.#file.roles.get(name) ?? null;
  }

  /** The role of accounts that are created without one; assignable. */
  get defaultName(): string {
    return this.#file.defaultRole;
  }

  /** What `role_scope` may carry besides `org`. */
  get scopeKeys(): ReadonlyMap<string, ScopeKey> {
    return this.#file.scopeKeys;
  }

  /** All roles, lowest rank first. */
  list(): Role[] {
    return [...this.#file.roles.values()].sort(
      (left, right) => left.rank - right.rank || (left.name < right.name ? -1 : 1),
    );
  }

  /**
   * Reads a right such as `iam:accounts.read.org`, by the declarations of the roles file and what the modules serve.
   * @returns sentences about what is wrong with it, at least one, in place of the right
   */
  readRight(text: string): { right: Right } | { errors: string[] } {
    const read = parseRight(text, this.#file);
    if (!('right' in read) || read.right.scope === null || this.#served === null) return read;
    const error = unservedError(read.right, this.#served);
    return error === undefined ? read : { errors: [`"${text}": ${error}`] };
  }

  /** The right of a text that was read before; null when nothing serves or declares it any more. */
  rightOf(text: string): Right | null {
    const read = this.readRight(text);
    return 'right' in read ? read.right : null;
  }

  /**
   * The errors of rights and declarations that do not fit what the modules serve.
   * @param served the actions on each resource type of this service; later rights are read by them
   */
  errorsAgainst(served: ReadonlyMap<string, ReadonlySet<Action>>): string[] {
    this.#served = served;
    const taken = [...this.#file.resources.keys()].filter((type) => served.has(type));
    const rights = this.list().flatMap(({ name, parsedRights }) =>
      parsedRights
        .filter(({ scope }) => scope !== null)
        .flatMap((right) => {
          const error = unservedError(right, served);
          return error === undefined ? [] : `roles.${name}.rights: "${right.text}": ${error}`;
        }),
    );
    return [
      ...taken.map(
        (type) => `resources.${type}: this service has this resource itself; its modules declare its actions`,
      ),
      ...rights,
    ];
  }

  /** Names of the roles that an account may be given over the API, lowest rank first. */
  assignable(): string[] {
    return this.#names((role) => role.assignable);
  }

  /** Names of the roles with every right, whatever their name: accounts with them count for the last-admin rule. */
  fullAccessNames(): string[] {
    return this.#names((role) => role.everything);
  }

  /** Names of the roles whose accounts must have a second factor. */
  requiringFactor(): string[] {
    return this.#names((role) => role.requiresFactor);
  }

  #names(picked: (role: Role) => boolean): string[] {
    return this.list()
      .filter(picked)
      .map((role) => role.name);
  }
}

/** Why a right on a resource of this service means nothing; undefined where a module serves it. */
function unservedError(
  { resource, action }: Right,
  served: ReadonlyMap<string, ReadonlySet<Action>>,
): string | undefined {
  const actions = resource === '*' ? new Set([...served.values()].flatMap((all) => [...all])) : served.get(resource);
  if (!actions) return `no module serves ${resource}, and "resources" does not declare it`;
  if (action === '*' || actions.has(action)) return undefined;
  return `no module declares the action "${action}" on ${resource}; known are ${listed(actions)}`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RolesFileError(file, [`it cannot be read (${error instanceof Error ? error.message : String(error)})`]);
  }
}

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
