import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { ApiError, apiError, attributePointer } from '../json-api/document/errors.js';
import type { Sql } from '../json-api/sql/sql.js';
import type { Item } from '../json-api/document/response.js';
import type { CreateAttributes } from '../json-api/resource/resource.js';
import { type Deletion, ResourceService, ResourceTools, type Write } from '../json-api/resource.service.js';
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
    private readonly organizations: OrganizationsRepository,
    tools: ResourceTools,
    private readonly deletion: OrganizationDeletionService,
    private readonly factors: SecondFactors,
    private readonly changes: AuthChanges,
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

  /** Requiring a second factor says first who is affected. */
  protected override async before(write: Write<Actor, Organization, Values>): Promise<object> {
    const { actor, row, values, confirmed, tx } = write;
    if (row === null || values.mfaRequired !== true || row.mfaRequired) return values;
    const isHeldBy = (account: Sql): Sql => this.factors.areHeldBy(account);
    if (actor.organizationIds.includes(row.id) && !(await this.factors.isHeld(actor.id, tx))) {
      throw apiError('conflict', 'Add a second factor to your own account first', AT_MFA);
    }
    const affected = await this.organizations.countWithoutFactor(row.id, isHeldBy, tx);
    if (affected.accounts > 0 && !confirmed) {
      const detail = 'Accounts without a second factor can only add one from then on: send it again with ?confirm=true';
      throw new ApiError([{ code: 'confirmation_required', detail, source: AT_MFA, meta: { affected } }]);
    }
    return values;
  }

  /** Other instances know it as soon as they know of any change. */
  protected override async after({ row, values, tx }: Write<Actor, Organization, Values>): Promise<void> {
    if (row !== null && values.mfaRequired !== undefined) await this.changes.publishAll(tx);
  }

  protected override async beforeDelete({ row, tx }: Deletion<Actor, Organization>): Promise<void> {
    await this.deletion.removeMembers(row.id, tx);
  }
}

const AT_MFA = attributePointer('mfa_required');
