import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { criteriaOf } from '../../json-api/query/criteria.parser.js';
import { IfMatch } from '../../json-api/write/write-document.js';
import { TrustedDeviceResource } from '../trusted-devices/trusted-device.resource.js';
import { MAX_DEVICES } from '../trusted-devices/trusted-devices.repository.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';

/** A trusted device, as pages show it. */
export interface OwnDevice {
  readonly id: string;
  readonly name: string;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date;
}

/** The attributes of `iam:trusted_devices` that pages show. */
interface Attributes {
  readonly name: string;
  readonly last_used_at: string | null;
  readonly expires_at: string;
}

/** The actor's trusted devices for pages: the operations of the API, with their rights. */
@Injectable()
export class OwnDevices {
  constructor(private readonly devices: TrustedDevicesService) {}

  /** The devices that are still trusted, oldest first; none for an actor who may not read them. */
  async list(actor: Actor): Promise<OwnDevice[]> {
    if (actor.scopes(TrustedDeviceResource.type, 'read').size === 0) return [];
    const criteria = criteriaOf(TrustedDeviceResource, { 'page[size]': String(MAX_DEVICES) });
    const { rows } = await this.devices.index(actor, criteria);
    return rows.map(({ id, attributes }) => deviceFrom(id, JSON.parse(attributes)));
  }

  /** @throws ApiError as `DELETE /trusted_devices/{id}` */
  remove(actor: Actor, id: string): Promise<void> {
    return this.devices.delete(actor, id, IfMatch.parse(undefined));
  }
}

const deviceFrom = (id: string, { name, last_used_at: used, expires_at: expires }: Attributes): OwnDevice => ({
  id,
  name,
  lastUsedAt: used === null ? null : new Date(used),
  expiresAt: new Date(expires),
});
