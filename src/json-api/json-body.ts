import secureJson from 'secure-json-parse';
import type { BodyFormat } from './body-format.js';
import { MEDIA_TYPE } from './document.js';
import { refuse } from './errors.js';
import { LIMITS } from './limits.js';
import { checkContentType } from './negotiation.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

const isNestedWithin = (levels: number, value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((item) => isNestedWithin(levels - 1, item)));

/**
 * Bodies in JSON (RFC 8259), under either media type. Refused as malformed is also what is no UTF-8, since replacing it
 * would store what nobody sent, and `__proto__` and `constructor.prototype`, which classes made of a body would take over.
 */
export const JSON_BODY: BodyFormat = {
  mediaTypes: ['application/json', MEDIA_TYPE],
  maxBytes: LIMITS.bodyBytes,
  /** @throws JsonApiException 415 for parameters of the media type, 400 for what cannot be read */
  parse: (bytes, contentType) => {
    checkContentType(contentType);
    // A request without a body may still say what it would have been.
    if (bytes.length === 0) return undefined;
    try {
      const value: unknown = secureJson.parse(UTF8.decode(bytes), { protoAction: 'error', constructorAction: 'error' });
      if (isNestedWithin(LIMITS.bodyDepth, value)) return value;
    } catch (cause) {
      throw refuse('malformed_body', 'The body is not readable as JSON', undefined, { cause });
    }
    throw refuse('malformed_body', `The body is nested deeper than ${LIMITS.bodyDepth} levels`);
  },
};
