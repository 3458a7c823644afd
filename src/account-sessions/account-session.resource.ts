import { defineResource } from '../json-api/resource/resource.js';
import { AccountSession } from './account-session.entity.js';

/** What a client may do with sessions: read and delete them. A sign-in creates them. */
export const AccountSessionResource = defineResource(AccountSession, {
  type: 'iam:account_sessions',
  attributes: {
    accountId: { filter: ['eq'], sort: true },
    userAgent: { filter: ['eq'], sort: true },
    ip: { filter: ['eq'], sort: true },
    amr: {},
    authenticatedAt: { sort: true },
    createdAt: { sort: true },
    updatedAt: { sort: true },
    expiresAt: { sort: true },
    current: { computed: { type: 'boolean', description: 'Whether this is the session of the request' }, sort: true },
    refreshSeq: { hidden: true, filter: ['eq'] },
    nonce: { hidden: true, filter: ['eq'], secret: true },
  },
  relationships: {
    account: { one: 'iam:accounts', by: 'accountId' },
  },
});
