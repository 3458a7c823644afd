/** A limit on what a request may send, or a response may contain. */
export interface Limit {
  readonly max: number;
  /** What is counted, with its unit. */
  readonly of: string;
  /** What happens above the limit. */
  readonly above: string;
}

const PARAMETER = '400 `invalid_parameter`';
const BODY = '400 `malformed_body`';
const UNPROCESSABLE = '422 `validation_failed`';
const TOO_LARGE = '413 `payload_too_large`';

/**
 * What one request may send, and what one response may contain. What a client sends never decides how much the
 * service returns, caches, compiles or plans. `docs/json-api.md` prints this table, and a test compares the two.
 */
export const BOUNDS = {
  bodyBytes: { max: 1024 * 1024, of: 'bytes of a body', above: TOO_LARGE },
  formBytes: { max: 32 * 1024, of: 'bytes of a form that a page of the service sends', above: TOO_LARGE },
  bodyChunks: {
    max: 1000,
    of: 'chunks of a body (RFC 9112, 7.1) that have fewer than 64 bytes on average; of larger ones any number',
    above: TOO_LARGE,
  },
  bodyDepth: { max: 64, of: 'levels of objects and lists in a body', above: BODY },
  bodyValues: { max: 10_000, of: 'members and items of all objects and lists in a body together', above: TOO_LARGE },
  linkageIdentifiers: {
    max: 1000,
    of: 'resource identifiers in the linkage of a relationship that is sent',
    above: BODY,
  },
  headersSeconds: {
    max: 20,
    of: 'seconds from the first byte of a request to the end of its headers',
    above: '408 `request_timeout`, and the connection ends',
  },
  requestSeconds: {
    max: 60,
    of: 'seconds from the first byte of a request to the last byte of its body',
    above: '408 `request_timeout`, and the connection ends',
  },
  responseSeconds: { max: 120, of: 'seconds without a byte of a response being read', above: 'the connection ends' },
  pipelinedRequests: {
    max: 32,
    of: 'requests of one connection that wait for their responses',
    above: 'the connection ends (RFC 9112, 9.3.2)',
  },
  pathParameterCharacters: { max: 200, of: 'characters of an id or token in a path', above: '404 `not_found`' },
  acceptRanges: { max: 100, of: 'media ranges of `Accept`', above: 'the rest is ignored' },
  requestIdCharacters: { max: 128, of: 'characters of `X-Request-Id`', above: 'the service makes an id of its own' },
  idempotencyKeyCharacters: { max: 255, of: 'characters of `Idempotency-Key`', above: PARAMETER },
  queryParameters: { max: 300, of: 'parameters of a query, repeated ones included', above: PARAMETER },
  filters: { max: 50, of: 'filters of a query', above: PARAMETER },
  filterValues: { max: 200, of: 'values of a filter, counted before duplicates are removed', above: PARAMETER },
  searchWords: { max: 10, of: 'words of `filter[search]`', above: PARAMETER },
  sortKeys: { max: 20, of: 'keys of `sort`', above: PARAMETER },
  fields: { max: 200, of: 'names in all `fields[TYPE]` of a query', above: PARAMETER },
  includePaths: { max: 20, of: 'paths of `included` and `include`', above: PARAMETER },
  pageSize: { max: 1000, of: 'rows of a page (`page[size]`)', above: PARAMETER },
  pageNumber: { max: 9_007_199_254_740, of: '`page[number]`', above: PARAMETER },
  relatedResources: {
    max: 1000,
    of: 'resources that one row includes through a to-many relationship',
    above: '`links.related` of the relationship leads to the rest',
  },
  listItems: { max: 100, of: 'items of an attribute that is a list of texts', above: UNPROCESSABLE },
  listItemCharacters: {
    max: 255,
    of: 'characters of such an item, unless its column has a `length`',
    above: UNPROCESSABLE,
  },
  includedResources: { max: 10_000, of: 'resources in `included`', above: PARAMETER },
  errors: { max: 100, of: 'error objects in a response', above: 'the last one says that there are more' },
  quotedCharacters: {
    max: 100,
    of: 'characters of a name or value of the request that `detail` quotes',
    above: 'it is cut, and ends with `…`',
  },
  sourceCharacters: {
    max: 200,
    of: 'characters of `source.pointer`, `.parameter` and `.header`',
    above: 'it is cut, and ends with `…`',
  },
  detailCharacters: { max: 1000, of: 'characters of `detail`', above: 'it is cut, and ends with `…`' },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof BOUNDS;

/** The numbers of the table. */
export const LIMITS = Object.fromEntries(Object.entries(BOUNDS).map(([name, { max }]) => [name, max])) as {
  readonly [Name in LimitName]: (typeof BOUNDS)[Name]['max'];
};

/** The text, cut where it is longer than `max` UTF-16 units. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // No half of a character stays behind.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(max - 1)) ? max - 1 : max;
  return `${text.slice(0, end)}…`;
}

/** A name or value of the request, cut to the length that an error may quote. */
export const quoted = (text: string): string => cut(text, LIMITS.quotedCharacters);
