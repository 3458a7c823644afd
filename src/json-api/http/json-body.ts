import { SetMetadata } from '@nestjs/common';
import secureJson from 'secure-json-parse';
import { MEDIA_TYPE } from '../document/document.js';
import { apiError } from '../document/errors.js';
import { LIMITS } from '../limits.js';
import { checkContentType } from './http.js';

/** A body format that a route takes. */
export interface BodyFormat {
  /** In lower case, without parameters. */
  readonly mediaTypes: readonly string[];
  /** Bytes of the largest body. */
  readonly maxBytes: number;
  /**
   * The value of a body; `undefined` where it is empty and that is no body.
   * @throws ApiError for what cannot be read
   */
  readonly parse: (bytes: Buffer, contentType: string) => unknown;
}

/** Metadata key of the formats that a handler takes in place of JSON. */
export const BODY_FORMATS = 'json-api:body-formats';

/** A route that takes bodies of these formats and no others, such as the form of a page; every other one takes JSON. */
export const TakesBody = (...formats: readonly BodyFormat[]): MethodDecorator => SetMetadata(BODY_FORMATS, formats);

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The bytes of JSON's grammar (RFC 8259, section 2). */
const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT, LIST_END, OBJECT_END] = Buffer.from('"\\,[{]}');

/**
 * Counts levels and values in JSON before it is parsed: what a body costs is made of its values rather than its bytes,
 * and 1 MiB of them would stop the event loop for some 0.2 s.
 * @throws ApiError `malformed_body` above the levels, `payload_too_large` above the values
 */
function assertBounded(bytes: Buffer): void {
  let depth = 0;
  let values = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === COMMA) values++;
    else if (byte === LIST_END || byte === OBJECT_END) depth--;
    else if (byte === LIST || byte === OBJECT) {
      values++;
      if (++depth > LIMITS.bodyDepth) {
        throw apiError('malformed_body', `The body is nested deeper than ${LIMITS.bodyDepth} levels`);
      }
    }
    if (values > LIMITS.bodyValues) {
      throw apiError('payload_too_large', `The body has more than ${LIMITS.bodyValues} members and items`);
    }
  }
}

/**
 * Bodies in JSON (RFC 8259), under either media type. Rejected as malformed is also what is no UTF-8, since replacing it
 * would store what was not sent, and `__proto__` and `constructor.prototype`, which classes made of a body would take over.
 */
export const JSON_BODY: BodyFormat = {
  mediaTypes: ['application/json', MEDIA_TYPE],
  maxBytes: LIMITS.bodyBytes,
  /** @throws ApiError 415 for parameters of the media type, 413 for too many values, 400 for what cannot be read */
  parse: (bytes, contentType) => {
    checkContentType(contentType);
    // A request without a body may still say what it would have been.
    if (bytes.length === 0) return undefined;
    assertBounded(bytes);
    try {
      return secureJson.parse(UTF8.decode(bytes), { protoAction: 'error', constructorAction: 'error' });
    } catch (cause) {
      throw apiError('malformed_body', 'The body is not readable as JSON', undefined, { cause });
    }
  },
};
