import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuse } from './errors.js';
import { LIMITS } from './limits.js';
import { checkContentType } from './negotiation.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

const isNestedWithin = (levels: number, value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((item) => isNestedWithin(levels - 1, item)));

/**
 * Makes the reader of bodies (RFC 8259). Refused as malformed is also what is no UTF-8, since replacing it would store
 * what nobody sent, and `__proto__` and `constructor.prototype`, which classes made of a body would take over.
 */
export function jsonBodyParser(server: FastifyInstance) {
  const parse = server.getDefaultJsonParser('error', 'error');
  const read = (request: FastifyRequest, bytes: Buffer): Promise<unknown> =>
    new Promise((resolve, reject) => {
      void parse(request, UTF8.decode(bytes), (error, value) => (error ? reject(error) : resolve(value)));
    });
  /** @throws JsonApiException 415 for parameters of the media type, 400 for what cannot be read */
  return async (request: FastifyRequest, bytes: Buffer): Promise<unknown> => {
    checkContentType(request.headers['content-type'] ?? '');
    // A request without a body may still say what it would have been.
    if (bytes.length === 0) return undefined;
    try {
      const value = await read(request, bytes);
      if (isNestedWithin(LIMITS.bodyDepth, value)) return value;
    } catch (cause) {
      throw refuse('malformed_body', 'The body is not readable as JSON', undefined, { cause });
    }
    throw refuse('malformed_body', `The body is nested deeper than ${LIMITS.bodyDepth} levels`);
  };
}
