import { MEDIA_TYPE } from './document.js';
import { refuse } from './errors.js';

/** Content negotiation of JSON:API 1.1: parameters other than `profile` are not understood; no extension is supported. */

/** Splits at a separator outside of quotes. */
const split = (text: string, separator: string): string[] =>
  (text.match(new RegExp(`(?:"(?:\\\\.|[^"\\\\])*"|[^${separator}"])+`, 'g')) ?? []).map((part) => part.trim());

/** Whether a media type carries a parameter that JSON:API does not allow here. `q` is a weight, not a parameter. */
function hasStrangeParameters(parameters: readonly string[], ignored: readonly string[]): boolean {
  return parameters.some((parameter) => !ignored.includes((parameter.split('=', 1)[0] ?? '').trim().toLowerCase()));
}

/** @throws JsonApiException 415 for `application/vnd.api+json` with any parameter but `profile`. */
export function checkContentType(header: string): void {
  const [type = '', ...parameters] = split(header, ';');
  if (type.toLowerCase() === MEDIA_TYPE && hasStrangeParameters(parameters, ['profile'])) {
    throw refuse('unsupported_media_type', `${MEDIA_TYPE} takes no parameter but profile`, { header: 'Content-Type' });
  }
}

/** @throws JsonApiException 406 when every `application/vnd.api+json` in Accept carries such parameters. */
export function checkAccept(header: string | undefined): void {
  const ranges = split(header ?? '', ',')
    .map((range) => split(range, ';'))
    .filter(([type]) => type?.toLowerCase() === MEDIA_TYPE);
  if (ranges.length > 0 && ranges.every(([, ...parameters]) => hasStrangeParameters(parameters, ['profile', 'q']))) {
    throw refuse('not_acceptable', `${MEDIA_TYPE} takes no parameter but profile`, { header: 'Accept' });
  }
}
