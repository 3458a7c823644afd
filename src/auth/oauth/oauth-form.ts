import type { BodyFormat } from '../../json-api/http/http.js';
import { LIMITS } from '../../json-api/limits.js';
import { OAuthError } from './oauth-errors.js';

const FORM = 'application/x-www-form-urlencoded';

/** The parameters of a form; each stands in it once, and one without a value counts as left out (RFC 6749, section 3.2). */
export class OAuthForm {
  private readonly fields: URLSearchParams;

  constructor(text: string) {
    this.fields = new URLSearchParams(text);
  }

  /** @throws OAuthError when it stands in the form twice */
  get(name: string): string | null {
    const [value = '', ...others] = this.fields.getAll(name);
    if (others.length > 0) throw new OAuthError('invalid_request', `The parameter ${name} is repeated`);
    return value === '' ? null : value;
  }

  /** @throws OAuthError when it is missing, or stands in the form twice */
  require(name: string): string {
    const value = this.get(name);
    if (value === null) throw new OAuthError('invalid_request', `The parameter ${name} is missing`);
    return value;
  }
}

/** The body of an endpoint of OAuth 2.0. */
export const OAUTH_FORM: BodyFormat = {
  mediaTypes: [FORM],
  maxBytes: LIMITS.formBytes,
  parse: (bytes) => new OAuthForm(bytes.toString('utf8')),
};
