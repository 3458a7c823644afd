import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { ResourceService, ResourceTools } from '../../json-api/resource.service.js';
import type { TrustedDevice } from './trusted-device.entity.js';
import { TrustedDevicesRepository } from './trusted-devices.repository.js';

/** The trusted devices of the actor's own account: read and removed. */
@Injectable()
export class TrustedDevicesService extends ResourceService<TrustedDevice, Actor, object> {
  constructor(devices: TrustedDevicesRepository, tools: ResourceTools) {
    super(devices, tools);
  }
}
