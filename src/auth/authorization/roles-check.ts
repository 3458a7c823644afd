import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Config } from '../../config/config.js';
import { ResourceRegistry } from '../../json-api/resource/registry.js';
import { SecondFactors } from '../authentication/second-factors.repository.js';
import { accessOf } from './actor.js';
import { type Action, ACTIONS } from './rights.js';
import { RolesFileError } from './roles-file.js';
import { enrolmentErrors, Roles } from './roles.js';

/**
 * Checks the rights of the roles file against the resources and routes of all modules, once these are registered, and
 * enters what the routes offer on single rows, for `meta.can`.
 */
@Injectable()
export class RolesCheck implements OnApplicationBootstrap {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'rolesFile'>,
    private readonly roles: Roles,
    private readonly resources: ResourceRegistry,
    private readonly factors: SecondFactors,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * @throws RolesFileError which stops the start, and names every right that no module declares, and every role that
   * requires a second factor and allows none
   */
  onApplicationBootstrap(): void {
    this.throwIf([
      ...this.roles.errorsAgainst(this.served()),
      ...enrolmentErrors(this.roles.list(), this.factors.enrolments()),
    ]);
    this.offer();
  }

  /**
   * Has rights be read by what the modules serve from now on, for commands, which do not start the service.
   * @throws RolesFileError that names every right that no module declares
   */
  readModules(): void {
    this.throwIf(this.roles.errorsAgainst(this.served()));
  }

  private throwIf(errors: readonly string[]): void {
    if (errors.length > 0) throw new RolesFileError(this.config.rolesFile, errors);
  }

  /** The actions on each resource type: those of every resource, and the ones that routes require. */
  private served(): Map<string, Set<Action>> {
    const served = new Map(this.resources.types().map((type) => [type, new Set<Action>(ACTIONS)]));
    for (const { resourceType, action } of this.requiredRights()) {
      served.set(resourceType, (served.get(resourceType) ?? new Set()).add(action));
    }
    return served;
  }

  /** Enters into the registry the actions that routes with a parameter require: each is done to one row. */
  private offer(): void {
    for (const { resourceType, action, path } of this.requiredRights()) {
      if (path.includes(':')) this.resources.offer(resourceType, action);
    }
  }

  private requiredRights() {
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const { prototype } = metatype;
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const access = accessOf({ getHandler: () => prototype[name], getClass: () => metatype as never });
        const path = [Reflect.getMetadata(PATH_METADATA, prototype[name]) as unknown].join('/');
        return access?.kind === 'right' ? { ...access, path } : [];
      });
    });
  }
}
