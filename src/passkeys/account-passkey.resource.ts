import { defineResource } from '../json-api/resource/resource.js';
import { AccountPasskey } from './account-passkey.entity.js';

/** What a client may do with passkeys: read, rename and delete them. They are added with a challenge. */
export const AccountPasskeyResource = defineResource(AccountPasskey, {
  type: 'iam:account_passkeys',
  attributes: {
    name: { write: 'always' },
    backedUp: {},
    createdAt: {},
    lastUsedAt: {},
  },
});
