import { defineResource } from '../json-api/resource/resource.js';
import { AccountFactor } from './account-factor.entity.js';

/** What a client may do with second factors: add, read and remove them. */
export const AccountFactorResource = defineResource(AccountFactor, {
  type: 'iam:account_factors',
  attributes: {
    accountId: { filter: ['eq'], sort: true },
    kind: { filter: ['eq'], sort: true },
    name: { write: 'create' },
    confirmedAt: {},
    lastUsedAt: {},
    createdAt: { sort: true },
  },
  relationships: {
    account: { one: 'iam:accounts', by: 'accountId' },
  },
});
