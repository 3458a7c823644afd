import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import {
  type Actor,
  type CreateDocument,
  Criteria,
  CurrentActor,
  Document,
  IfMatch,
  type Item as Response,
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
import { ItemResource } from './item.resource.js';
import { ItemsService } from './items.service.js';

/** Body of `POST /items/{id}/reserve`. */
export class ReserveBody {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 1000 })
  @IsInt()
  @Min(1)
  @Max(1000)
  quantity!: number;
}

/** Manage the things of organizations. */
@ApiTags('Items')
@Controller('items')
export class ItemsController {
  constructor(private readonly items: ItemsService) {}

  @Get()
  @JsonApiIndex(ItemResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.items.index(actor, criteria);
  }

  @Post()
  @JsonApiCreate(ItemResource)
  create(@CurrentActor() actor: Actor, @Document() document: CreateDocument<typeof ItemResource>): Promise<Response> {
    return this.items.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(ItemResource)
  show(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Selection() select: Selection,
  ): Promise<Response> {
    return this.items.show(actor, id, select);
  }

  @Patch(':resource_id')
  @JsonApiUpdate(ItemResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof ItemResource>,
  ): Promise<Response> {
    return this.items.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(ItemResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.items.delete(actor, id, ifMatch);
  }

  @Post(':id/reserve')
  @Requires('inventory:items', 'reserve')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'No content' })
  reserve(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.items.reserve(actor, id, readFlatBody(ReserveBody, body).quantity);
  }
}
