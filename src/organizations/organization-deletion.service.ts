import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import type { Item } from '../json-api/document/response.js';
import { ResourceTools } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/executor.js';
import type { JobActor, JobStep } from '../jobs/job-kind.js';
import { JobsService } from '../jobs/jobs.service.js';
import { OrganizationsRepository } from './organizations.repository.js';

declare module '../jobs/job-kind.js' {
  interface JobInputs {
    /** Takes the members out of an organization that nobody reaches any more, and then deletes it. */
    'iam:organizations.delete': { organizationId: string };
  }
}

/** The request itself deletes an organization with so many members; above that a job does. */
export const MAX_MEMBERS_OF_A_REQUEST = 10_000;
/** Members of one statement: an account has some twenty indexes, so each costs a third of a millisecond and more. */
const BATCH = 250;
const KIND = 'iam:organizations.delete';

/**
 * Takes members out of an organization that goes: their `role_scope` changes with it, so their versions rise, and every
 * instance forgets what they may do. The foreign key would take the memberships away too, but in one statement.
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

  /** Takes all members out of an organization whose row is held, batch by batch. */
  async removeMembers(organizationId: string, tx: Transaction): Promise<void> {
    while ((await this.removeBatch(organizationId, tx)) > 0);
  }

  /**
   * Starts the job that deletes an organization whose row is held, where it has more members than a request takes out:
   * from the commit on nobody reaches the organization or joins it, and nobody has rights through it.
   * @returns the job, or null where the request deletes the organization itself
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
    // A transaction that was under way when the organization was marked may have added a member since. From here on none
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
