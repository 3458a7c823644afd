import type { CustomFetch } from 'openid-client';
import { MAX_METADATA_BYTES, type OutboundClient } from '../../outbound/outbound.client.js';
import { OutboundError } from '../../outbound/outbound.errors.js';

/** How long one request to a provider may take, in ms: the user who waits gets a response within 3 seconds. */
export const PROVIDER_REQUEST_MS = 2_500;

/** Statuses whose responses have no body (Fetch standard). */
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304]);

/** The `fetch` of openid-client, by the outbound client. */
export const providerFetch =
  (outbound: OutboundClient): CustomFetch =>
  async (url, { method, headers, body }) => {
    const form = body instanceof URLSearchParams;
    if (body != null && !form && typeof body !== 'string') throw new TypeError('Only texts are sent to providers');
    const response = await outbound.send({
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers: { ...(form && { 'content-type': 'application/x-www-form-urlencoded' }), ...headers },
      ...(body != null && { body: String(body) }),
      // Metadata and keys are read by GET; everything else is small.
      ...(method === 'GET' && { maxBytes: MAX_METADATA_BYTES }),
      timeoutMs: PROVIDER_REQUEST_MS,
    });
    const type = response.headers['content-type'];
    if (response.status >= 500) throw new OutboundError('invalid_response', `The provider responds ${response.status}`);
    return new Response(WITHOUT_BODY.has(response.status) ? null : response.body, {
      status: response.status,
      headers: {
        ...(type !== undefined && { 'content-type': String(type) }),
        ...challengeOf(response.headers['www-authenticate']),
      },
    });
  };

const challengeOf = (header: string | string[] | undefined): Record<string, string> =>
  header === undefined ? {} : { 'www-authenticate': String(header) };

/** The error of a request that failed, in the chain of an error's causes; undefined when the provider did respond. */
export function outboundErrorIn(error: unknown): OutboundError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause instanceof OutboundError) return cause;
  }
  return undefined;
}
