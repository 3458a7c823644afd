import { Injectable } from '@nestjs/common';
import { type Actor, type CreateAttributes, ResourceService, ResourceTools } from 'iam';
import type { Project } from './project.entity.js';
import type { ProjectResource } from './project.resource.js';
import { ProjectsRepository } from './projects.repository.js';

/** Projects: the five verbs are inherited; what is special about a project belongs here. */
@Injectable()
export class ProjectsService extends ResourceService<
  Project,
  Actor,
  CreateAttributes<Project, typeof ProjectResource.rules>
> {
  constructor(projects: ProjectsRepository, tools: ResourceTools) {
    super(projects, tools);
  }
}
