import { defineResource } from '../json-api/resource/resource.js';
import { Job } from './job.entity.js';

/** Maximum number of errors that are stored for a job; later ones are dropped. */
export const MAX_ERRORS = 100;

const ERROR_SCHEMA = {
  type: 'object',
  properties: { code: { type: 'string' }, detail: { type: 'string' } },
  required: ['code', 'detail'],
};

/** What a client may do with jobs: read their progress. */
export const JobResource = defineResource(Job, {
  type: 'iam:jobs',
  attributes: {
    kind: { filter: ['eq', 'in'], sort: true },
    status: { filter: ['eq', 'in'], sort: true },
    progress: {},
    total: {},
    errors: { schema: { type: 'array', maxItems: MAX_ERRORS, items: ERROR_SCHEMA } },
    createdBy: { filter: ['eq', 'in'], sort: true },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
    updatedAt: {},
    startedAt: {},
    finishedAt: {},
  },
});
