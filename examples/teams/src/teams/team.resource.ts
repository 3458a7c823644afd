import { defineResource } from 'iam';
import { Team, TeamMember } from './team.entity.js';

/** What a client may do with teams. */
export const TeamResource = defineResource(Team, {
  type: 'iam:teams',
  attributes: {
    name: { write: 'always', filter: ['eq', 'match'], sort: true },
    organizationId: { write: 'create', filter: ['eq', 'in'], sort: true },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
  },
  filters: { member_id: { type: 'uuid', takes: 'list', description: 'teams that the account is in' } },
  relationships: {
    organization: { one: 'iam:organizations', by: 'organizationId' },
    members: { many: 'iam:accounts', through: { entity: TeamMember, from: 'teamId', to: 'accountId' } },
  },
});
