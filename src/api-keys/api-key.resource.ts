import { defineResource } from '../json-api/resource/resource.js';
import { ApiKey, KEY_STATUSES } from './api-key.entity.js';

/** What a client may do with API keys. */
export const ApiKeyResource = defineResource(ApiKey, {
  type: 'iam:api_keys',
  attributes: {
    name: { write: 'always', filter: ['eq', 'match'], sort: true },
    accountId: { write: 'create', optional: true, filter: ['eq'], sort: true },
    permissions: { write: 'create' },
    roleScope: {
      write: 'create',
      schema: { additionalProperties: { type: 'array', items: { type: 'string' } } },
    },
    expiresAt: { write: 'always', filter: ['gte', 'lte'], sort: true },
    keyLabel: { sort: true },
    status: {
      computed: {
        type: 'enum',
        values: KEY_STATUSES,
        description:
          '`active`, `expired` or `revoked`; a key of a disabled account is active, and works once it is enabled',
      },
      filter: ['eq', 'in'],
    },
    revokedAt: { sort: true },
    lastUsedAt: { filter: ['gte', 'lte'], sort: true },
    createdBy: { sort: true, initial: () => undefined },
    createdAt: { filter: ['gte', 'lte'], sort: true },
    updatedAt: { sort: true },
  },
  relationships: {
    account: { one: 'iam:accounts', by: 'accountId' },
  },
});
