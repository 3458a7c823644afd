import { readFileSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { Role } from './actor.js';
import { type Action, listed } from './rights.js';
import { parseRolesFile, type RolesFile, RolesFileError, type ScopeKey } from './roles-file.js';

/** The roles of this installation, read once at boot from the roles file. */
@Injectable()
export class Roles {
  readonly #file: RolesFile;

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
   * The errors of rights and declarations that do not fit what the modules serve.
   * @param served the actions on each resource type of this service
   */
  errorsAgainst(served: ReadonlyMap<string, ReadonlySet<Action>>): string[] {
    const everyAction = new Set([...served.values()].flatMap((actions) => [...actions]));
    const taken = [...this.#file.resources.keys()].filter((type) => served.has(type));
    const rights = this.list().flatMap(({ name, parsedRights }) =>
      parsedRights
        .filter(({ scope }) => scope !== null)
        .flatMap(({ text, resource, action }) => {
          const actions = resource === '*' ? everyAction : served.get(resource);
          const at = `roles.${name}.rights: "${text}"`;
          if (!actions) return `${at}: no module serves ${resource}, and "resources" does not declare it`;
          if (action === '*' || actions.has(action)) return [];
          return `${at}: no module declares the action "${action}" on ${resource}; known are ${listed(actions)}`;
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

  #names(picked: (role: Role) => boolean): string[] {
    return this.list()
      .filter(picked)
      .map((role) => role.name);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RolesFileError(file, [`it cannot be read (${error instanceof Error ? error.message : String(error)})`]);
  }
}
