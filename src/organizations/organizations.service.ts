import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/actor.js';
import { AuthChanges } from '../auth/auth-changes.js';
import type { CreateAttributes } from '../json-api/resource.js';
import { ResourceService, type Deletion } from '../json-api/resource.service.js';
import { ResourceTools } from '../json-api/resource.tools.js';
import type { Organization } from './organization.entity.js';
import type { OrganizationResource } from './organization.resource.js';
import { OrganizationsRepository } from './organizations.repository.js';

type Values = CreateAttributes<Organization, typeof OrganizationResource.rules>;

/** Organizations: the five verbs as they are, and a word to the accounts when one goes. */
@Injectable()
export class OrganizationsService extends ResourceService<Organization, Actor, Values> {
  constructor(
    private readonly organizations: OrganizationsRepository,
    tools: ResourceTools,
    private readonly changes: AuthChanges,
  ) {
    super(organizations, tools);
  }

  /** The foreign key takes the memberships away; the accounts' entity tags and rights must not outlive them. */
  protected override async beforeDelete({ row, tx }: Deletion<Actor, Organization>): Promise<void> {
    await this.changes.note(tx, await this.organizations.touchAccounts(row.id, tx));
  }
}
