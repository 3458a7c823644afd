import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiTags } from '../../json-api/openapi/decorators.js';
import { RejectsApiKeys } from '../../auth/authentication/api-key-access.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import type { Actor } from '../../auth/authorization/actor.js';
import type { Item, Page } from '../../json-api/document/response.js';
import { Criteria, IfMatch, Selection } from '../../json-api/http/request.js';
import { JsonApiDelete, JsonApiIndex, JsonApiShow } from '../../json-api/http/routes.js';
import { TrustedDeviceResource } from './trusted-device.resource.js';
import { TrustedDevicesService } from './trusted-devices.service.js';

/** The devices on which the own account signs in without a second factor. */
@ApiTags('Second factors')
@RejectsApiKeys()
@Controller('trusted_devices')
export class TrustedDevicesController {
  constructor(private readonly devices: TrustedDevicesService) {}

  @Get()
  @JsonApiIndex(TrustedDeviceResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.devices.index(actor, criteria);
  }

  @Get(':resource_id')
  @JsonApiShow(TrustedDeviceResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.devices.show(actor, id, select);
  }

  @Delete(':resource_id')
  @JsonApiDelete(TrustedDeviceResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.devices.delete(actor, id, ifMatch);
  }
}
