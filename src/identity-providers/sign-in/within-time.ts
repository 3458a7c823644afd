import { setTimeout as wait } from 'node:timers/promises';
import { AuthorizationResponseError } from 'openid-client';
import { outboundErrorIn } from '../discovery/provider-fetch.js';
import { SsoError } from './sso-error.js';

/** Time for all requests to a provider together, in ms: the user gets a response within 3 seconds. */
const PROVIDER_MS = 2_700;

/**
 * Limits the time of work with a provider, and names its errors.
 * @throws SsoError `provider_unavailable` when it takes longer, or the provider cannot be reached; `access_denied` when it
 * says so; `provider_error` for everything else that is wrong with its response
 */
export async function withinTime<Result>(work: Promise<Result>): Promise<Result> {
  const timer = new AbortController();
  const late = wait(PROVIDER_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new SsoError('provider_unavailable');
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof SsoError) throw error;
    if (outboundErrorIn(error)) throw new SsoError('provider_unavailable', null, { cause: error });
    const isDenied = error instanceof AuthorizationResponseError && error.error === 'access_denied';
    throw new SsoError(isDenied ? 'access_denied' : 'provider_error', null, { cause: error });
  } finally {
    timer.abort();
  }
}
