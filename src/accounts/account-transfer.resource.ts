import { defineResource } from '../json-api/resource.js';
import { Account } from './account.entity.js';
import { AccountResource } from './account.resource.js';

const { name, email, enabled, roleName, roleScope, pictureUrl } = AccountResource.rules.attributes;

/**
 * What of an account goes from one installation to another: what a client may write, under the same rules, and what only
 * the service writes otherwise. No route serves it. Tokens are not in it: they are worth nothing elsewhere.
 */
export const AccountTransferResource = defineResource(Account, {
  type: 'iam:accounts',
  attributes: {
    name,
    email,
    enabled,
    roleName,
    roleScope,
    pictureUrl,
    ssoChannel: { write: 'create' },
    joinedAt: { write: 'create' },
    createdAt: { write: 'create' },
    updatedAt: { write: 'create' },
  },
});
