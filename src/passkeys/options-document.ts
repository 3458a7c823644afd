import { JSONAPI_SCHEMA } from '../json-api/document/document.js';
import type { Ceremony } from './passkey-challenges.service.js';

/** The document of the options of a ceremony, which has nothing but `meta`. */

/** Its schema, for OpenAPI. */
export const PASSKEY_OPTIONS_SCHEMA = {
  type: 'object',
  properties: {
    jsonapi: JSONAPI_SCHEMA,
    meta: {
      type: 'object',
      properties: {
        transaction: { type: 'string', description: 'Sent back with the response, within 5 minutes, once' },
        options: {
          type: 'object',
          additionalProperties: true,
          description:
            '`PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (WebAuthn level 3)',
        },
      },
      required: ['transaction', 'options'],
      additionalProperties: false,
    },
  },
  required: ['jsonapi', 'meta'],
  additionalProperties: false,
} as const;

/** The document. */
export const optionsDocument = ({ transaction, options }: Ceremony<object>) => ({
  jsonapi: { version: '1.1' },
  meta: { transaction, options },
});
