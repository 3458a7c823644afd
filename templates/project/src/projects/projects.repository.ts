import { Injectable } from '@nestjs/common';
import { type Actor, ResourceRepository, sql, TRUE } from 'iam';
import type { Project } from './project.entity.js';
import { ProjectResource } from './project.resource.js';

/** The rows of projects, limited to the actor's scope. */
@Injectable()
export class ProjectsRepository extends ResourceRepository<Project, Actor> {
  readonly resource = ProjectResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    org: (actor: Actor) => sql`row.organization_id = ANY(${actor.organizationIds}::uuid[])`,
  };
}
