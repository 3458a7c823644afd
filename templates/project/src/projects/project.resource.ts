import { defineResource } from 'iam';
import { Project } from './project.entity.js';

/** What a client may do with projects. */
export const ProjectResource = defineResource(Project, {
  type: 'iam:projects',
  attributes: {
    name: { write: 'always', filter: ['eq', 'match'], sort: true },
    organizationId: { write: 'create', filter: ['eq', 'in'], sort: true },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
  },
  relationships: { organization: { one: 'iam:organizations', by: 'organizationId' } },
});
