import { Controller, Delete, Get, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  type Actor,
  type CreateDocument,
  Criteria,
  CurrentActor,
  Document,
  IfMatch,
  type Item,
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
  type Page,
  Selection,
  type UpdateDocument,
} from 'iam';
import { ProjectResource } from './project.resource.js';
import { ProjectsService } from './projects.service.js';

/** Manage the projects of organizations. */
@ApiTags('Projects')
@Controller('projects')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  @Get()
  @JsonApiIndex(ProjectResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.projects.index(actor, criteria);
  }

  @Post()
  @JsonApiCreate(ProjectResource)
  create(@CurrentActor() actor: Actor, @Document() document: CreateDocument<typeof ProjectResource>): Promise<Item> {
    return this.projects.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(ProjectResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.projects.show(actor, id, select);
  }

  @Patch(':resource_id')
  @JsonApiUpdate(ProjectResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof ProjectResource>,
  ): Promise<Item> {
    return this.projects.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(ProjectResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.projects.delete(actor, id, ifMatch);
  }
}
