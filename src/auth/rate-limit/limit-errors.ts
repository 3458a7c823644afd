import { requestContext } from '../../context/request-context.js';
import { refuse, type JsonApiException } from '../../json-api/document/errors.js';

/** In seconds. */
const RETRY_WHEN_DOWN = '2';

/**
 * The error of a request over its limit, of which the answer's `RateLimit-*` headers tell too.
 * @param limit points in a window
 * @param endsAt when the window ends, in ms since the epoch
 * @param what is counted, in the plural
 */
export function tooMany(limit: number, endsAt: number, what: 'attempts' | 'writes' = 'attempts'): JsonApiException {
  requestContext()?.rateLimit?.tell({ limit, remaining: 0, endsAt });
  const seconds = Math.max(1, Math.ceil((endsAt - Date.now()) / 1000));
  const headers = { 'Retry-After': String(seconds) };
  return refuse('too_many_requests', `Too many ${what}; try again in ${seconds} seconds`, undefined, { headers });
}

/** The error of a request that cannot be counted, so that it is not let through. */
export function notCounted(cause: unknown, what: 'Attempts' | 'Writes' = 'Attempts'): JsonApiException {
  const headers = { 'Retry-After': RETRY_WHEN_DOWN };
  return refuse('unavailable', `${what} cannot be counted right now`, undefined, { cause, headers });
}
