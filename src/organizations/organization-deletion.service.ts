import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import type { Item } from '../json-api/document/response.js';
import { ResourceTools } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/sql.js';
import type { JobActor, JobStep } from '../jobs/job-kind.js';
import { JobsService } from '../jobs/jobs.service.js';
import { OrganizationsRepository } from './organizations.repository.js';

declare module '../jobs/job-kind.js' {
  interface JobInputs {
    /** Removes the members of an organization that is marked as deleted, and then deletes it. */
    'iam:organizations.delete': { organizationId: string };
  }
}

/** Maximum number of members that the request itself removes; a job deletes larger organizations. */
export const MAX_MEMBERS_OF_A_REQUEST = 10_000;
/** Members per statement: an account has some twenty indexes, so each takes at least a third of a millisecond. */
const BATCH = 250;
const KIND = 'iam:organizations.delete';

/**
 * Updates the members' role scope when an organization is deleted: raises their versions and makes every
 * instance reload their rights. The foreign key would delete the memberships too, but in one statement.
 */
@Injectable()
export class OrganizationDeletionService implements OnModuleInit {
  constructor(
    private readonly organizations: OrganizationsRepository,
    private readonly changes: AuthChanges,
    private readonly jobs: JobsService,
    private readonly tools: ResourceTools,
  ) {}

  onModuleInit(): void {
    this.jobs.register({ name: KIND, step: ({ organizationId }, tx, actor) => this.step(organizationId, actor, tx) });
  }

  /** Removes all members of an organization whose row is locked, batch by batch. */
  async removeMembers(organizationId: string, tx: Transaction): Promise<void> {
    while ((await this.removeBatch(organizationId, tx)) > 0);
  }

  /**
   * Starts the job that deletes an organization whose row is locked, if it has more members than a request removes.
   * From the commit on the organization is in no actor's scope, cannot be joined, and grants no rights.
   * @returns the job, or null when the request deletes the organization itself
   */
  async startJob(organizationId: string, actor: Actor, tx: Transaction): Promise<Item | null> {
    const total = await this.organizations.countMembers(organizationId, tx);
    if (total <= MAX_MEMBERS_OF_A_REQUEST) return null;
    await this.organizations.markDeleted(organizationId, tx);
    await this.changes.publishAll(tx);
    return this.jobs.start(tx, actor, KIND, { input: { organizationId }, total });
  }

  private async step(organizationId: string, { createdBy }: JobActor, tx: Transaction): Promise<JobStep> {
    const removed = await this.removeBatch(organizationId, tx);
    if (removed > 0) return { handled: removed, isDone: false };
    // A concurrent transaction may have added a member after the organization was marked. From here on none
    // can: a new membership waits for this lock, by its foreign key, and then finds no organization.
    await this.organizations.lockDeleted(organizationId, tx);
    const late = await this.removeBatch(organizationId, tx);
    if (late > 0) return { handled: late, isDone: false };
    await this.organizations.delete(organizationId, tx);
    const { type } = this.organizations.resource;
    await this.tools.emit({ verb: 'deleted', type, id: organizationId, actorId: createdBy, attributes: [] }, tx);
    return { handled: 0, isDone: true };
  }

  private async removeBatch(organizationId: string, tx: Transaction): Promise<number> {
    const accountIds = await this.organizations.removeMembers(organizationId, BATCH, tx);
    await this.changes.publish(tx, accountIds);
    return accountIds.length;
  }
}
