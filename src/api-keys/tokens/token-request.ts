import { OAuthError } from '../../auth/oauth/oauth-errors.js';
import type { OAuthForm } from '../../auth/oauth/oauth-form.js';

/** The request of a client for a token (RFC 6749, sections 2.3.1 and 4.4.2). */

/** The client authentication of a request. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const BASIC = /^Basic +([\w+/]+=*)$/i;

/**
 * The credentials of a client: by HTTP Basic or in the form, and not both (section 2.3).
 * @throws OAuthError `invalid_request`, `invalid_client`
 */
export function clientCredentials(authorization: string | undefined, form: OAuthForm): ClientCredentials {
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  if (authorization === undefined) {
    if (id === null || secret === null) throw unknownClient();
    return { id, secret };
  }
  if (secret !== null)
    throw new OAuthError('invalid_request', 'Send the client secret either by HTTP Basic or in the form');
  const [, encoded] = BASIC.exec(authorization) ?? [];
  const [name, ...rest] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':');
  if (encoded === undefined || name === undefined || rest.length === 0) throw unknownClient();
  const basic = { id: decode(name), secret: decode(rest.join(':')) };
  if (id !== null && id !== basic.id) throw new OAuthError('invalid_request', 'There are two different client ids');
  return basic;
}

/** One error for every wrong credential, so that it reveals no part of it. */
export const unknownClient = (): OAuthError =>
  new OAuthError('invalid_client', 'The client id or the secret is not valid');

/** Both parts are form-encoded before they are joined. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw unknownClient();
  }
}
