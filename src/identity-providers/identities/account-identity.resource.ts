import { defineResource } from '../../json-api/resource/resource.js';
import { AccountIdentity } from './account-identity.entity.js';

/** What a client may do with identities: read and delete them. Signing in and linking creates them. */
export const AccountIdentityResource = defineResource(AccountIdentity, {
  type: 'iam:account_identities',
  attributes: {
    accountId: { filter: ['eq', 'in'], sort: true },
    provider: { computed: { type: 'string', description: 'Slug of the provider' } },
    issuer: { filter: ['eq'], sort: true },
    subject: { filter: ['eq'], sort: true },
    email: {},
    linkedBy: {},
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
    lastUsedAt: { filter: ['eq', 'gte', 'lte'], sort: true },
  },
  relationships: {
    account: { one: 'iam:accounts', by: 'accountId' },
  },
});
