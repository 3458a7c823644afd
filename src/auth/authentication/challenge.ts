const SCHEME = 'Bearer realm="iam"';

/**
 * The header that every 401 carries (RFC 9110, 11.6.1). `invalid_token` says that a token was sent and is no good
 * (RFC 6750, section 3); a request that sent none gets no error code.
 */
export function challenge(error?: 'invalid_token'): { 'WWW-Authenticate': string } {
  return { 'WWW-Authenticate': error === undefined ? SCHEME : `${SCHEME}, error="${error}"` };
}
