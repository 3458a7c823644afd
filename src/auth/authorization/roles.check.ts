import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { ResourceRegistry } from '../../json-api/resource/registry.js';
import { RolesFileError } from './roles-file.js';
import { Roles } from './roles.js';

/** Compares the roles file with the resources that exist, which are known only once every module is there. */
@Injectable()
export class RolesCheck implements OnApplicationBootstrap {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'rolesFile'>,
    private readonly roles: Roles,
    private readonly resources: ResourceRegistry,
  ) {}

  /** @throws RolesFileError which stops the boot, when a right names a resource type that nobody serves */
  onApplicationBootstrap(): void {
    const faults = this.roles.unknownTypes(this.resources.types());
    if (faults.length > 0) throw new RolesFileError(this.config.rolesFile, faults);
  }
}
