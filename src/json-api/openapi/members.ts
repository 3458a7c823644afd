import { CURSOR_PROFILE } from '../document/document.js';
import type { Schema } from '../resource/field-types.js';

/** Schemas of members that the documents of all resources have. */

/** `jsonapi` of a document. */
export const JSON_API: Schema = {
  type: 'object',
  properties: { version: { const: '1.1' }, profile: { type: 'array', items: { const: CURSOR_PROFILE } } },
  required: ['version'],
};

/** Where a resource lies in a page by cursors. */
const PAGE: Schema = {
  type: 'object',
  description: 'In pages by cursors',
  properties: { cursor: { type: 'string' } },
  required: ['cursor'],
};

/** `meta` of a resource object. */
export const RESOURCE_META: Schema = {
  type: 'object',
  properties: {
    version: { type: 'integer', description: 'What `If-Match` takes, in quotes' },
    can: {
      type: 'object',
      description: 'What the actor may do with the resource; with `can=true`, and not in `included`',
      properties: {
        update: { type: 'boolean' },
        delete: { type: 'boolean' },
        attributes: { type: 'array', items: { type: 'string' }, description: 'The attributes that may be changed' },
        actions: {
          type: 'array',
          items: { type: 'string' },
          description: 'Its other actions that may be done, where it has any',
        },
      },
      required: ['update', 'delete', 'attributes'],
    },
    page: PAGE,
  },
  required: ['version'],
};
