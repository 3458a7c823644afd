import { readFileSync } from 'node:fs';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { ResourceRegistry } from '../../json-api/resource/registry.js';
import type { Role } from './actor.js';
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

  /** One error for each resource type that rights name but no module serves, which is usually a typo. */
  unknownTypes(known: readonly string[]): string[] {
    return [...this.#file.roles.values()].flatMap((role) =>
      [...role.resourceTypes]
        .filter((type) => type !== '*' && !known.includes(type))
        .map((type) => `roles.${role.name}.rights: no resource has the type "${type}"`),
    );
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
    return [...this.#file.roles.values()]
      .filter(picked)
      .sort((left, right) => left.rank - right.rank)
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

/** Checks the resource types of the roles file once all modules have registered their resources. */
@Injectable()
export class RolesCheck implements OnApplicationBootstrap {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'rolesFile'>,
    private readonly roles: Roles,
    private readonly resources: ResourceRegistry,
  ) {}

  /** @throws RolesFileError which stops the boot, when a right names a resource type that no module serves */
  onApplicationBootstrap(): void {
    const errors = this.roles.unknownTypes(this.resources.types());
    if (errors.length > 0) throw new RolesFileError(this.config.rolesFile, errors);
  }
}
