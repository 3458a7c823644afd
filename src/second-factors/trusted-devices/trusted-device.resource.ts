import { defineResource } from '../../json-api/resource/resource.js';
import { TrustedDevice } from './trusted-device.entity.js';

/** What a client may do with trusted devices: read and delete them. They are made by a sign-in with a second factor. */
export const TrustedDeviceResource = defineResource(TrustedDevice, {
  type: 'iam:trusted_devices',
  attributes: {
    name: {},
    createdAt: {},
    lastUsedAt: {},
    expiresAt: {},
  },
});
