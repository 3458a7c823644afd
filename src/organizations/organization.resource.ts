import { defineResource } from '../json-api/resource/resource.js';
import { Membership } from './membership.entity.js';
import { Organization } from './organization.entity.js';

/** What a client may do with organizations. */
export const OrganizationResource = defineResource(Organization, {
  type: 'iam:organizations',
  attributes: {
    name: { write: 'always', filter: ['eq', 'match'], folded: 'nameFolded', sort: true },
    mfaRequired: { write: 'always' },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
    updatedAt: { filter: ['eq'], sort: true },
  },
  filters: {
    account_id: { type: 'uuid', takes: 'list', description: 'organizations that the account belongs to' },
  },
  relationships: {
    accounts: {
      many: 'iam:accounts',
      through: { entity: Membership, from: 'organizationId', to: 'accountId' },
      related: 'filter[with_role_scope][org][]',
    },
  },
});
