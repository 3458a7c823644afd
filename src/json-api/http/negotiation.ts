import { parse, type ContentType } from 'content-type';
import Negotiator from 'negotiator';
import { MEDIA_TYPE } from '../document/document.js';
import { refuse } from '../document/errors.js';
import { LIMITS } from '../limits.js';

/**
 * Content negotiation of JSON:API 1.1: parameters other than `profile` are not understood; no extension is supported.
 * Headers are read by `content-type` and `negotiator`, character by character: a stranger chooses how long they are.
 */

const JSON_TYPE = 'application/json';

/** A media type, or a range of them, with its own text. */
interface Range extends ContentType {
  readonly text: string;
}

/** The media ranges of an `Accept` header (RFC 9110, 12.5.1), up to their bound. */
function rangesOf(header: string): Range[] {
  const ranges: Range[] = [];
  for (let start = 0; start < header.length && ranges.length < LIMITS.acceptRanges;) {
    const range = parse(header, { comma: true, start });
    ranges.push({ ...range, text: header.slice(start, range.index) });
    start = range.index + 1;
  }
  return ranges;
}

const QUOTED = /"(?:[^"\\]|\\[^])*"?/g;

/** Whether a parameter has no value. `content-type` passes such over. */
const hasBareParameter = (text: string): boolean =>
  text
    .replace(QUOTED, '')
    .split(';')
    .some((part, i) => i > 0 && part.trim() !== '' && !part.includes('='));

/** Whether a media type carries a parameter that JSON:API does not allow here. `q` is a weight, not a parameter. */
const hasStrangeParameters = ({ parameters, text }: Range, ignored: readonly string[]): boolean =>
  Object.keys(parameters).some((name) => !ignored.includes(name)) || hasBareParameter(text);

/** @throws JsonApiException 415 for `application/vnd.api+json` with any parameter but `profile`. */
export function checkContentType(header: string): void {
  const type = { ...parse(header), text: header };
  if (type.type === MEDIA_TYPE && hasStrangeParameters(type, ['profile'])) {
    throw refuse('unsupported_media_type', `${MEDIA_TYPE} takes no parameter but profile`, { header: 'Content-Type' });
  }
}

/** @throws JsonApiException 406 when every `application/vnd.api+json` in Accept carries such parameters. */
export function checkAccept(header: string | undefined): void {
  const ranges = rangesOf(header ?? '').filter(({ type }) => type === MEDIA_TYPE);
  if (ranges.length > 0 && ranges.every((range) => hasStrangeParameters(range, ['profile', 'q']))) {
    throw refuse('not_acceptable', `${MEDIA_TYPE} takes no parameter but profile`, { header: 'Accept' });
  }
}

/** The media type of a document: JSON:API's, unless `Accept` admits plain JSON and not that. */
export function documentMediaType(accept: string | undefined): string {
  if (accept === undefined || !/application\/json/i.test(accept)) return MEDIA_TYPE;
  const ranges = rangesOf(accept);
  const headers = { accept: ranges.map(({ text }) => text).join(',') };
  const [first, second] = new Negotiator({ headers }).mediaTypes([MEDIA_TYPE, JSON_TYPE]);
  if (first !== JSON_TYPE || second !== undefined) return MEDIA_TYPE;
  // With a profile it is the same media type, which negotiator does not know.
  const isAsked = ({ type, parameters }: Range): boolean => type === MEDIA_TYPE && Number(parameters['q'] ?? 1) > 0;
  return ranges.some(isAsked) ? MEDIA_TYPE : JSON_TYPE;
}
