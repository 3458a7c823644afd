import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
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
  readFlatBody,
  Requires,
  Selection,
  type UpdateDocument,
} from 'iam';
import { TeamResource } from './team.resource.js';
import { TeamsService } from './teams.service.js';

/** Body of `POST /teams/{id}/members`. */
export class AddMemberBody {
  @ApiProperty({ type: 'string', format: 'uuid' })
  @IsUUID()
  account_id!: string;
}

/** Manage the teams of organizations. */
@ApiTags('Teams')
@Controller('teams')
export class TeamsController {
  constructor(private readonly teams: TeamsService) {}

  @Get()
  @JsonApiIndex(TeamResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.teams.index(actor, criteria);
  }

  @Post()
  @JsonApiCreate(TeamResource)
  create(@CurrentActor() actor: Actor, @Document() document: CreateDocument<typeof TeamResource>): Promise<Item> {
    return this.teams.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(TeamResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.teams.show(actor, id, select);
  }

  @Patch(':resource_id')
  @JsonApiUpdate(TeamResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof TeamResource>,
  ): Promise<Item> {
    return this.teams.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(TeamResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.teams.delete(actor, id, ifMatch);
  }

  @Post(':id/members')
  @Requires('iam:teams', 'add_member')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'No content' })
  addMember(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.teams.addMember(actor, id, readFlatBody(AddMemberBody, body).account_id);
  }
}
