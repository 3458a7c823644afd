import type { BodyFormat } from '../../json-api/http/json-body.js';
import { LIMITS } from '../../json-api/limits.js';
import { TokenError } from './token-errors.js';

/** The request of a client for a token (RFC 6749, sections 2.3.1 and 4.4.2). */

const FORM = 'application/x-www-form-urlencoded';

/** The parameters of a form; each stands in it once, and one without a value counts as left out (section 3.2). */
export class TokenForm {
  private readonly fields: URLSearchParams;

  constructor(text: string) {
    this.fields = new URLSearchParams(text);
  }

  /** @throws TokenError when it stands in the form twice */
  get(name: string): string | null {
    const [value = '', ...others] = this.fields.getAll(name);
    if (others.length > 0) throw new TokenError('invalid_request', `The parameter ${name} is repeated`);
    return value === '' ? null : value;
  }
}

/** The body of the token endpoint. */
export const TOKEN_FORM: BodyFormat = {
  mediaTypes: [FORM],
  maxBytes: LIMITS.formBytes,
  parse: (bytes) => new TokenForm(bytes.toString('utf8')),
};

/** How a client says who it is. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const BASIC = /^Basic +([\w+/]+=*)$/i;

/**
 * The credentials of a client: by HTTP Basic or in the form, and not both (section 2.3).
 * @throws TokenError `invalid_request`, `invalid_client`
 */
export function clientCredentials(authorization: string | undefined, form: TokenForm): ClientCredentials {
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  if (authorization === undefined) {
    if (id === null || secret === null) throw unknownClient();
    return { id, secret };
  }
  if (secret !== null)
    throw new TokenError('invalid_request', 'Send the client secret either by HTTP Basic or in the form');
  const [, encoded] = BASIC.exec(authorization) ?? [];
  const [name, ...rest] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':');
  if (encoded === undefined || name === undefined || rest.length === 0) throw unknownClient();
  const basic = { id: decode(name), secret: decode(rest.join(':')) };
  if (id !== null && id !== basic.id) throw new TokenError('invalid_request', 'There are two different client ids');
  return basic;
}

/** The same for every client whose secret is not good: nothing says which part is wrong. */
export const unknownClient = (): TokenError =>
  new TokenError('invalid_client', 'The client id or the secret is not valid');

/** Both parts are form-encoded before they are joined. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw unknownClient();
  }
}
