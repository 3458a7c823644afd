import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import type { Item } from '../json-api/document/response.js';
import type { CreateAttributes } from '../json-api/resource/resource.js';
import { type Deletion, ResourceService, ResourceTools } from '../json-api/resource.service.js';
import type { IfMatch } from '../json-api/write/write-document.js';
import { OrganizationDeletionService } from './organization-deletion.service.js';
import type { Organization } from './organization.entity.js';
import type { OrganizationResource } from './organization.resource.js';
import { OrganizationsRepository } from './organizations.repository.js';

type Values = CreateAttributes<Organization, typeof OrganizationResource.rules>;

/** Organizations. Deleting one updates its members' role scope. */
@Injectable()
export class OrganizationsService extends ResourceService<Organization, Actor, Values> {
  constructor(
    organizations: OrganizationsRepository,
    tools: ResourceTools,
    private readonly deletion: OrganizationDeletionService,
  ) {
    super(organizations, tools);
  }

  /**
   * Deletes an organization, or returns the job that deletes it, if it has more members than a request removes.
   * @throws ApiError 403, 404, 412
   */
  remove(actor: Actor, id: string, ifMatch: IfMatch): Promise<Item | undefined> {
    return this.transactions.run(async (tx) => {
      const held = await this.findForDelete(actor, id, ifMatch, tx);
      const job = await this.deletion.startJob(id, actor, tx);
      if (job) return job;
      await this.deleteLocked(held);
      return undefined;
    });
  }

  protected override async beforeDelete({ row, tx }: Deletion<Actor, Organization>): Promise<void> {
    await this.deletion.removeMembers(row.id, tx);
  }
}
