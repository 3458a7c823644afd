import { defineResource } from '../json-api/resource/resource.js';
import { Membership } from '../organizations/membership.entity.js';
import { Account } from './account.entity.js';
import { canonicalScope } from './account.policy.js';
import { emailKey } from '../auth/email-key.js';

/** What a client may do with accounts. */
export const AccountResource = defineResource(Account, {
  type: 'iam:accounts',
  attributes: {
    kind: { write: 'create', filter: ['eq'], sort: true },
    name: { write: 'always', optional: true, filter: ['eq', 'match'], folded: 'nameFolded', sort: true },
    email: {
      write: 'create',
      filter: ['eq', 'in', 'match'],
      sort: true,
      compare: { column: 'emailKey', as: emailKey },
    },
    ssoChannel: { filter: ['eq'], sort: true },
    enabled: { write: 'always', filter: ['eq'], sort: true },
    roleName: { write: 'always', optional: true, filter: ['eq', 'in', 'nin'], sort: true },
    roleScope: {
      write: 'always',
      filter: ['eq'],
      canonical: canonicalScope,
      computed: {
        type: 'json',
        description: 'Organizations of the account under `org`, and what else its role applies to',
      },
      schema: { additionalProperties: { type: 'array', items: { type: 'string' } } },
    },
    pictureUrl: { write: 'always', filter: ['eq'], sort: true },
    locale: { write: 'always', filter: ['eq'], sort: true },
    joinedAt: {
      filter: ['eq', 'gte', 'lte'],
      sort: true,
      // A service account has joined when it is created.
      initial: ({ kind }) => (kind === 'service' ? undefined : null),
    },
    invitationExpiredAt: {
      filter: ['eq'],
      sort: true,
      // A new account is invited, unless it is disabled or a service.
      initial: ({ enabled, kind }) => (enabled === false || kind === 'service' ? null : undefined),
    },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
    updatedAt: { filter: ['eq'], sort: true },
  },
  filters: {
    search: {
      type: 'words',
      takes: 'whole',
      description: 'each word of the text occurs in name or e-mail, whatever its case',
    },
    with_role_scope: {
      type: 'json',
      takes: 'whole',
      description:
        '`role_scope` contains this JSON, such as `{"org":["…"]}`; also in brackets: `filter[with_role_scope][org][]`',
    },
    password_reset_token: {
      type: 'string',
      takes: 'list',
      secret: true,
      scope: '*',
      description: 'the account for which that exact token was issued, while it is good',
    },
    password_reset_token_expires_at: {
      type: 'time',
      takes: 'list',
      scope: '*',
      description: 'when the last of the reset tokens that are good expires',
    },
  },
  relationships: {
    organizations: {
      many: 'iam:organizations',
      through: { entity: Membership, from: 'accountId', to: 'organizationId' },
      related: 'filter[account_id]',
    },
    account_sessions: { many: 'iam:account_sessions', by: 'accountId' },
  },
});
